"""A run: plan, lock, create or resume, do the tasks, finish."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

import pluggy

from qframe.config.load import LoadedConfig, load_config
from qframe.generating import Generator
from qframe.lock import output_lock
from qframe.planning import RunPlan, plan
from qframe.plugins import hookspecs
from qframe.plugins.resolve import load_module


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Attributes:
        output: the dataset.
        recipe_id: of the dataset's recipe.
        records: records that the dataset holds now.
        stored: how many of them this run added.
        seconds: wall time from plan to finished dataset.
        bytes: what the dataset takes on disk.
        complete: whether all records that were asked for are there.
        signal: the signal that ended the run early, else None.
    """

    output: Path
    recipe_id: str
    records: int
    stored: int
    seconds: float
    bytes: int
    complete: bool
    signal: int | None = None


def run(
    config: str | Path | LoadedConfig,
    overrides: Sequence[str] = (),
    hooks: Sequence[object] = (),
) -> RunSummary:
    """Makes the dataset that a config describes, or what is still missing of it.

    Args:
        config: path of the YAML, or the loaded config.
        overrides: `key.path=value`, as for `qframe run --set`.
        hooks: objects with life-cycle hooks, besides those that the config names.

    Raises:
        QframeError: for whatever a user can cause; nothing is half-written.
    """
    start = perf_counter()
    loaded = (
        config if isinstance(config, LoadedConfig) else load_config(Path(config), list(overrides))
    )
    manager = _hooks(loaded, hooks)
    planned = plan(loaded)
    if not planned.runs and planned.storage.finished():
        return _summary(planned, planned.stored, start, None)
    planned.output.absolute().parent.mkdir(parents=True, exist_ok=True)
    with _stop_on_signal() as stop, output_lock(planned.output.absolute()):
        planned = plan(loaded)  # again: another run may have ended since
        if planned.exists:
            planned.storage.resume(planned.header)
        else:
            _probe(planned)
            planned.storage.create(planned.header)
        manager.hook.qframe_run_started(plan=planned)
        try:
            _do(planned, manager, stop)
        finally:
            planned.storage.finish()
    with closing(planned.storage.reader()) as reader:
        total = sum(part.records for part in reader.stored())
    summary = _summary(planned, total, start, stop.signal)
    manager.hook.qframe_run_finished(plan=planned, summary=summary)
    return summary


def _probe(planned: RunPlan) -> None:
    """Makes one record, so that a plugin which breaks its contract leaves no dataset behind."""
    plugins = planned.loaded.plugins
    Generator.from_specs(planned.recipe, plugins["sampler"].spec, plugins["engine"].spec).blocks(
        0, [1]
    )


def _do(planned: RunPlan, manager: pluggy.PluginManager, stop: _Stop) -> None:
    stored = planned.header.records - planned.to_do
    if stop.signal is not None:
        return
    with closing(planned.executor.run(planned.job(), planned.tasks())) as results:  # type: ignore[type-var]
        for done in results:
            stored += done.records
            manager.hook.qframe_task_stored(plan=planned, done=done, stored=stored)
            if stop.signal is not None:
                break


def _summary(planned: RunPlan, records: int, start: float, by_signal: int | None) -> RunSummary:
    return RunSummary(
        output=planned.output,
        recipe_id=planned.recipe.id,
        records=records,
        stored=records - planned.stored,
        seconds=perf_counter() - start,
        bytes=sum(map(disk_bytes, (planned.output, *planned.storage.parts()))),
        complete=records >= planned.header.records,
        signal=by_signal,
    )


def _hooks(loaded: LoadedConfig, given: Sequence[object]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for spec in loaded.hooks:
        manager.register(load_module(spec.plugin, Path(spec.base)))
    for one in given:
        manager.register(one)
    return manager


@dataclass
class _Stop:
    """The signal that asked the run to stop, once one has."""

    signal: int | None = None


@contextmanager
def _stop_on_signal() -> Iterator[_Stop]:
    """SIGINT and SIGTERM stop the run after the task in hand; the second one at once.

    Outside the main thread signals belong to someone else, and nothing is changed.
    """
    stop = _Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.signal is not None:
            os._exit(128 + number)  # workers notice, and the ledger knows what is stored
        stop.signal = number

    try:
        before: dict[int, Any] = {
            number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:
        before = {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def disk_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a directory."""
    if path.is_dir():
        with os.scandir(path) as entries:
            return sum(disk_bytes(Path(entry.path)) for entry in entries)
    return path.stat().st_size if path.exists() else 0
