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
    from qframe.arithmetic import circuit_unitary as circuit_unitary
    from qframe.arithmetic import fold_for as fold_for
    from qframe.blocks import Stored as Stored
    from qframe.blocks import Task as Task
    from qframe.blocks import stored_runs as stored_runs
    from qframe.circuits import Circuits as Circuits
    from qframe.columns import Arrays as Arrays
    from qframe.columns import Block as Block
    from qframe.columns import Column as Column
    from qframe.columns import Schema as Schema
    from qframe.columns import record_width as record_width
    from qframe.columns import schema_from_data as schema_from_data
    from qframe.columns import schema_to_data as schema_to_data
    from qframe.contracts.engine import Engine as Engine
    from qframe.contracts.executor import Executor as Executor
    from qframe.contracts.gate_set import GateSet as GateSet
    from qframe.contracts.gate_set import GateSetOptions as GateSetOptions
    from qframe.contracts.plugin import Plugin as Plugin
    from qframe.contracts.plugin import PluginOptions as PluginOptions
    from qframe.contracts.sampler import Sampler as Sampler
    from qframe.contracts.storage import Estimate as Estimate
    from qframe.contracts.storage import Header as Header
    from qframe.contracts.storage import Loss as Loss
    from qframe.contracts.storage import Reader as Reader
    from qframe.contracts.storage import Storage as Storage
    from qframe.contracts.storage import Writer as Writer
    from qframe.dataset import Batch as Batch
    from qframe.dataset import Dataset as Dataset
    from qframe.dataset import Record as Record
    from qframe.deduplicating import Deduplicated as Deduplicated
    from qframe.deduplicating import dedup as dedup
    from qframe.draws import Draws as Draws
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
    from qframe.exact_engine import ExactEngine as ExactEngine
    from qframe.instructions import Gate as Gate
    from qframe.instructions import Instruction as Instruction
    from qframe.instructions import InstructionSet as InstructionSet
    from qframe.instructions import local_rows as local_rows
    from qframe.job import Job as Job
    from qframe.job import TaskDone as TaskDone
    from qframe.keys import circuit_keys as circuit_keys
    from qframe.keys import unitary_keys as unitary_keys
    from qframe.mounts import file_system_type as file_system_type
    from qframe.opening import open as open  # noqa: A004 - qframe.open is the public name
    from qframe.planning import RunPlan as RunPlan
    from qframe.plugins.hookspecs import hookimpl as hookimpl
    from qframe.recipe import Recipe as Recipe
    from qframe.rings.exact_matrix import ExactMatrix as ExactMatrix
    from qframe.running import RunSummary as RunSummary
    from qframe.running import run as run
    from qframe.splitting import View as View
    from qframe.worker import Worker as Worker

__version__ = "0.1.0"

_HOME = {
    "arithmetic": ("circuit_unitary", "fold_for"),
    "blocks": ("Stored", "Task", "stored_runs"),
    "circuits": ("Circuits",),
    "columns": (
        "Arrays",
        "Block",
        "Column",
        "Schema",
        "record_width",
        "schema_from_data",
        "schema_to_data",
    ),
    "contracts.engine": ("Engine",),
    "contracts.executor": ("Executor",),
    "contracts.gate_set": ("GateSet", "GateSetOptions"),
    "contracts.plugin": ("Plugin", "PluginOptions"),
    "contracts.sampler": ("Sampler",),
    "contracts.storage": ("Estimate", "Header", "Loss", "Reader", "Storage", "Writer"),
    "dataset": ("Batch", "Dataset", "Record"),
    "deduplicating": ("Deduplicated", "dedup"),
    "draws": ("Draws",),
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
    "exact_engine": ("ExactEngine",),
    "instructions": ("Gate", "Instruction", "InstructionSet", "local_rows"),
    "job": ("Job", "TaskDone"),
    "keys": ("circuit_keys", "unitary_keys"),
    "mounts": ("file_system_type",),
    "opening": ("open",),
    "plugins.hookspecs": ("hookimpl",),
    "recipe": ("Recipe",),
    "rings.exact_matrix": ("ExactMatrix",),
    "planning": ("RunPlan",),
    "running": ("RunSummary", "run"),
    "splitting": ("View",),
    "worker": ("Worker",),
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
