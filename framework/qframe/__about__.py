"""qframe: quantum circuits and the unitaries they multiply out to, as training data.

>>> import qframe
>>> ds = qframe.open("data/clifford_t.db")  # doctest: +SKIP
>>> ds[0].unitary  # doctest: +SKIP

Names are imported when they are first used, so that `qframe --help` does not pay for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qframe.circuits.arithmetic import circuit_unitary as circuit_unitary
    from qframe.circuits.arithmetic import fold_for as fold_for
    from qframe.circuits.circuits import Circuits as Circuits
    from qframe.circuits.exact.engine import ExactEngine as ExactEngine
    from qframe.circuits.gates import Gate as Gate
    from qframe.circuits.gates import Instruction as Instruction
    from qframe.circuits.gates import InstructionSet as InstructionSet
    from qframe.circuits.gates import local_rows as local_rows
    from qframe.circuits.keys import circuit_keys as circuit_keys
    from qframe.circuits.keys import unitary_keys as unitary_keys
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
    from qframe.contracts.storage import Header as Header
    from qframe.contracts.storage import Loss as Loss
    from qframe.contracts.storage import Reader as Reader
    from qframe.contracts.storage import Storage as Storage
    from qframe.contracts.storage import Writer as Writer
    from qframe.dataset.dataset import Batch as Batch
    from qframe.dataset.dataset import Dataset as Dataset
    from qframe.dataset.dataset import Record as Record
    from qframe.dataset.open import open as open  # noqa: A004 - qframe.open is the public name
    from qframe.dataset.split import View as View
    from qframe.deduplication.dedup import Deduplicated as Deduplicated
    from qframe.deduplication.dedup import dedup as dedup
    from qframe.errors import ConfigError as ConfigError
    from qframe.errors import DiskFull as DiskFull
    from qframe.errors import NotADataset as NotADataset
    from qframe.errors import OutputInUse as OutputInUse
    from qframe.errors import PluginError as PluginError
    from qframe.errors import QframeError as QframeError
    from qframe.errors import RecipeMismatch as RecipeMismatch
    from qframe.errors import RecordMissing as RecordMissing
    from qframe.errors import StorageBusy as StorageBusy
    from qframe.errors import StorageError as StorageError
    from qframe.errors import WorkerError as WorkerError
    from qframe.machine.mounts import file_system_type as file_system_type
    from qframe.plugins.hookspecs import hookimpl as hookimpl
    from qframe.recipe.blocks import Stored as Stored
    from qframe.recipe.blocks import Task as Task
    from qframe.recipe.blocks import stored_runs as stored_runs
    from qframe.recipe.columns import Arrays as Arrays
    from qframe.recipe.columns import Block as Block
    from qframe.recipe.columns import Column as Column
    from qframe.recipe.columns import Schema as Schema
    from qframe.recipe.columns import record_width as record_width
    from qframe.recipe.columns import schema_from_data as schema_from_data
    from qframe.recipe.columns import schema_to_data as schema_to_data
    from qframe.recipe.randomness import Draws as Draws
    from qframe.recipe.recipe import Recipe as Recipe
    from qframe.rings.exact_matrix import ExactMatrix as ExactMatrix
    from qframe.runs.plan import RunPlan as RunPlan
    from qframe.runs.run import RunSummary as RunSummary
    from qframe.runs.run import run as run
    from qframe.runs.worker import Worker as Worker

__version__ = "0.1.0"

_HOME = {
    "circuits.arithmetic": (
        "circuit_unitary",
        "fold_for",
    ),
    "circuits.circuits": ("Circuits",),
    "circuits.exact.engine": ("ExactEngine",),
    "circuits.gates": (
        "Gate",
        "Instruction",
        "InstructionSet",
        "local_rows",
    ),
    "circuits.keys": (
        "circuit_keys",
        "unitary_keys",
    ),
    "contracts.engine": ("Engine",),
    "contracts.executor": ("Executor",),
    "contracts.gate_set": (
        "GateSet",
        "GateSetOptions",
    ),
    "contracts.job": (
        "Job",
        "TaskDone",
    ),
    "contracts.plugin": (
        "Plugin",
        "PluginOptions",
    ),
    "contracts.sampler": ("Sampler",),
    "contracts.storage": (
        "Estimate",
        "Header",
        "Loss",
        "Reader",
        "Storage",
        "Writer",
    ),
    "dataset.dataset": (
        "Batch",
        "Dataset",
        "Record",
    ),
    "dataset.open": ("open",),
    "dataset.split": ("View",),
    "deduplication.dedup": (
        "Deduplicated",
        "dedup",
    ),
    "errors": (
        "ConfigError",
        "DiskFull",
        "NotADataset",
        "OutputInUse",
        "PluginError",
        "QframeError",
        "RecipeMismatch",
        "RecordMissing",
        "StorageBusy",
        "StorageError",
        "WorkerError",
    ),
    "machine.mounts": ("file_system_type",),
    "plugins.hookspecs": ("hookimpl",),
    "recipe.blocks": (
        "Stored",
        "Task",
        "stored_runs",
    ),
    "recipe.columns": (
        "Arrays",
        "Block",
        "Column",
        "Schema",
        "record_width",
        "schema_from_data",
        "schema_to_data",
    ),
    "recipe.randomness": ("Draws",),
    "recipe.recipe": ("Recipe",),
    "rings.exact_matrix": ("ExactMatrix",),
    "runs.plan": ("RunPlan",),
    "runs.run": (
        "RunSummary",
        "run",
    ),
    "runs.worker": ("Worker",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'qframe' has no attribute {name!r}")
    value = getattr(import_module(f"qframe.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
