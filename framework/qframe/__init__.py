"""qframe: quantum circuits and the unitaries they multiply out to, as training data.

>>> import qframe
>>> ds = qframe.open("data/clifford_t.db")  # doctest: +SKIP
>>> ds[0].unitary  # doctest: +SKIP

Names are imported when they are first used, so that `qframe --help` does not pay for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qframe.__about__ import __version__

if TYPE_CHECKING:
    from qframe.circuits.arithmetic import circuit_unitary as circuit_unitary
    from qframe.circuits.arithmetic import fold_for as fold_for
    from qframe.circuits.circuits import Circuits as Circuits
    from qframe.circuits.exact.engine import ExactEngine as ExactEngine
    from qframe.circuits.gates import Gate as Gate
    from qframe.circuits.instructions import Instruction as Instruction
    from qframe.circuits.instructions import InstructionSet as InstructionSet
    from qframe.circuits.keys import circuit_keys as circuit_keys
    from qframe.circuits.keys import unitary_keys as unitary_keys
    from qframe.circuits.operations import distance_up_to_phase as distance_up_to_phase
    from qframe.circuits.placement import local_rows as local_rows
    from qframe.circuits.standard_gates import STANDARD_MATRICES as STANDARD_MATRICES
    from qframe.contracts.coupling import Coupling as Coupling
    from qframe.contracts.coupling import CouplingMap as CouplingMap
    from qframe.contracts.coupling import Edges as Edges
    from qframe.contracts.coupling import Grid as Grid
    from qframe.contracts.engine import Engine as Engine
    from qframe.contracts.executor import Executor as Executor
    from qframe.contracts.gate_set import GateSet as GateSet
    from qframe.contracts.gate_set import GateSetOptions as GateSetOptions
    from qframe.contracts.job import Job as Job
    from qframe.contracts.job import TaskDone as TaskDone
    from qframe.contracts.plugin import Plugin as Plugin
    from qframe.contracts.plugin import PluginOptions as PluginOptions
    from qframe.contracts.sampler import Sampler as Sampler
    from qframe.contracts.storage import Estimate as Estimate
    from qframe.contracts.storage import Loss as Loss
    from qframe.contracts.storage import Reader as Reader
    from qframe.contracts.storage import Storage as Storage
    from qframe.contracts.storage import Writer as Writer
    from qframe.dataset.dataset import Dataset as Dataset
    from qframe.dataset.open import open as open  # noqa: A004 - qframe.open is the public name
    from qframe.dataset.records import Batch as Batch
    from qframe.dataset.records import Record as Record
    from qframe.dataset.split import View as View
    from qframe.deduplication.dedup import Deduplicated as Deduplicated
    from qframe.deduplication.dedup import dedup as dedup
    from qframe.errors import CannotOpen as CannotOpen
    from qframe.errors import ConfigError as ConfigError
    from qframe.errors import DiskFull as DiskFull
    from qframe.errors import NotADataset as NotADataset
    from qframe.errors import OtherFormat as OtherFormat
    from qframe.errors import OutputInUse as OutputInUse
    from qframe.errors import PluginError as PluginError
    from qframe.errors import QframeError as QframeError
    from qframe.errors import RecipeMismatch as RecipeMismatch
    from qframe.errors import RecordMissing as RecordMissing
    from qframe.errors import StorageBusy as StorageBusy
    from qframe.errors import StorageError as StorageError
    from qframe.errors import WorkerError as WorkerError
    from qframe.machine.disk import exhausted as exhausted
    from qframe.machine.files import irregular as irregular
    from qframe.machine.files import move_new as move_new
    from qframe.machine.files import open_regular as open_regular
    from qframe.machine.files import read_regular as read_regular
    from qframe.machine.kept_files import KeptFiles as KeptFiles
    from qframe.machine.mounts import file_system_type as file_system_type
    from qframe.machine.mounts import is_network as is_network
    from qframe.machine.signals import stop_requested as stop_requested
    from qframe.plugins.hookspecs import hookimpl as hookimpl
    from qframe.printable import shell_words as shell_words
    from qframe.recipe.blocks import Block as Block
    from qframe.recipe.blocks import stored_digest as stored_digest
    from qframe.recipe.columns import Arrays as Arrays
    from qframe.recipe.columns import Column as Column
    from qframe.recipe.header import Header as Header
    from qframe.recipe.ledger import Stored as Stored
    from qframe.recipe.ledger import stored_runs as stored_runs
    from qframe.recipe.randomness import Draws as Draws
    from qframe.recipe.recipe import Recipe as Recipe
    from qframe.recipe.recipe import refuse_unknown as refuse_unknown
    from qframe.recipe.schema import Schema as Schema
    from qframe.recipe.schema import record_width as record_width
    from qframe.recipe.schema import schema_from_data as schema_from_data
    from qframe.recipe.schema import schema_to_data as schema_to_data
    from qframe.recipe.tasks import Task as Task
    from qframe.rings.exact_matrix import ExactMatrix as ExactMatrix
    from qframe.runs.plan import RunPlan as RunPlan
    from qframe.runs.run import run as run
    from qframe.runs.summary import RunSummary as RunSummary
    from qframe.runs.worker import Worker as Worker
    from qframe.runs.worker_for import worker_for as worker_for


_MODULE_OF = {
    "Arrays": "recipe.columns",
    "Batch": "dataset.records",
    "Block": "recipe.blocks",
    "CannotOpen": "errors",
    "Circuits": "circuits.circuits",
    "Column": "recipe.columns",
    "ConfigError": "errors",
    "Coupling": "contracts.coupling",
    "CouplingMap": "contracts.coupling",
    "Dataset": "dataset.dataset",
    "Deduplicated": "deduplication.dedup",
    "DiskFull": "errors",
    "Draws": "recipe.randomness",
    "Edges": "contracts.coupling",
    "Engine": "contracts.engine",
    "Estimate": "contracts.storage",
    "ExactEngine": "circuits.exact.engine",
    "ExactMatrix": "rings.exact_matrix",
    "Executor": "contracts.executor",
    "Gate": "circuits.gates",
    "GateSet": "contracts.gate_set",
    "GateSetOptions": "contracts.gate_set",
    "Grid": "contracts.coupling",
    "Header": "recipe.header",
    "Instruction": "circuits.instructions",
    "InstructionSet": "circuits.instructions",
    "Job": "contracts.job",
    "KeptFiles": "machine.kept_files",
    "Loss": "contracts.storage",
    "NotADataset": "errors",
    "OtherFormat": "errors",
    "OutputInUse": "errors",
    "Plugin": "contracts.plugin",
    "PluginError": "errors",
    "PluginOptions": "contracts.plugin",
    "QframeError": "errors",
    "Reader": "contracts.storage",
    "Recipe": "recipe.recipe",
    "RecipeMismatch": "errors",
    "Record": "dataset.records",
    "RecordMissing": "errors",
    "RunPlan": "runs.plan",
    "RunSummary": "runs.summary",
    "STANDARD_MATRICES": "circuits.standard_gates",
    "Sampler": "contracts.sampler",
    "Schema": "recipe.schema",
    "Storage": "contracts.storage",
    "StorageBusy": "errors",
    "StorageError": "errors",
    "Stored": "recipe.ledger",
    "Task": "recipe.tasks",
    "TaskDone": "contracts.job",
    "View": "dataset.split",
    "Worker": "runs.worker",
    "WorkerError": "errors",
    "Writer": "contracts.storage",
    "circuit_keys": "circuits.keys",
    "circuit_unitary": "circuits.arithmetic",
    "dedup": "deduplication.dedup",
    "distance_up_to_phase": "circuits.operations",
    "exhausted": "machine.disk",
    "file_system_type": "machine.mounts",
    "fold_for": "circuits.arithmetic",
    "hookimpl": "plugins.hookspecs",
    "irregular": "machine.files",
    "is_network": "machine.mounts",
    "local_rows": "circuits.placement",
    "move_new": "machine.files",
    "open": "dataset.open",
    "open_regular": "machine.files",
    "read_regular": "machine.files",
    "record_width": "recipe.schema",
    "run": "runs.run",
    "refuse_unknown": "recipe.recipe",
    "schema_from_data": "recipe.schema",
    "schema_to_data": "recipe.schema",
    "shell_words": "printable",
    "stop_requested": "machine.signals",
    "stored_digest": "recipe.blocks",
    "stored_runs": "recipe.ledger",
    "unitary_keys": "circuits.keys",
    "worker_for": "runs.worker_for",
}
"""Where each public name is defined; a test holds the list equal to the imports above."""

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'qframe' has no attribute {name!r}")
    value = getattr(import_module(f"qframe.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
