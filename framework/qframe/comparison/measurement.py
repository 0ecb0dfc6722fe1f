"""One storage's turn: write for a while, look at the disk, read for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from qframe.comparison import read_speed
from qframe.comparison.contenders import Contender
from qframe.comparison.outcome import Outcome, Pace, Projected
from qframe.config.load import LoadedConfig
from qframe.contracts.job import TaskDone
from qframe.contracts.storage import Reader
from qframe.dataset.dataset import Dataset
from qframe.errors import QframeError, StorageBusy
from qframe.machine.disk import disk_usage
from qframe.machine.memory import forget_peak
from qframe.machine.signals import Stop
from qframe.recipe.header import Header
from qframe.recipe.tasks import Task
from qframe.runs.plan import RunPlan, plan

FEW = 4096
MANY = 10**6

SPACE_SHARE = 1 / 4
"""Of the free bytes, that one storage may take."""

READ_SHARE = 1 / 3
"""Of the time for writing: so long each way of reading may take."""

FIRST_TASKS = 64
"""Tasks a worker that are handed out before the first answer, to executors that take them all."""


@dataclass(frozen=True)
class Terms:
    """What holds for every turn.

    Attributes:
        limit: records at most.
        seconds: for writing; each way of reading gets a third of it.
        stop: ends a turn early, by raising what `stop.end` raises.
        reads: false to leave reading out.
    """

    limit: int
    seconds: float
    stop: Stop
    reads: bool = True


def measure(contender: Contender, directory: Path, terms: Terms) -> Outcome:
    """Writes into `directory`, which is empty, looks at the disk, and reads.

    A storage that fails is an outcome too: what went wrong is in its `error`.
    """
    about = Outcome(contender.label, contender.storage, contender.set, error=contender.error)
    if contender.loaded is None:
        return about
    forget_peak()
    try:
        planned = _plan(contender.loaded, directory, terms.limit)
        about = _announced(about, planned, contender.loaded.config.records)
        turn = _Turn(planned, terms)
        turn.write()
        terms.stop.end()
        about = replace(about, disk=disk_usage(directory), **turn.facts())
        with closing(planned.storage.reader()) as reader:
            about = replace(about, stored=sum(run.records for run in reader.stored()))
            if terms.reads and read_speed.stored_from_start(reader):
                about = replace(about, **_read(reader, str(planned.output), terms))
    except QframeError as error:
        return replace(about, error=error.message)
    except Exception as bug:  # a stranger's plugin: the others have their turn all the same
        return replace(about, error=f"{type(bug).__name__}: {bug}")
    return about


def _plan(loaded: LoadedConfig, directory: Path, limit: int) -> RunPlan:
    """What a run would do that may go on for `limit` records, or until the disk is a quarter full.

    Planned for few records first: what many would meet is for `Projected` to say.
    """
    storage_class: Any = loaded.plugins["storage"].cls
    output = directory / f"data{storage_class.suffix}"
    few = {"records": min(limit, loaded.config.records, FEW), "output": str(output)}
    planned = plan(replace(loaded, config=loaded.config.model_copy(update=few)))
    header = replace(planned.header, records=_fitting(planned, limit))
    return replace(planned, header=header, runs=((0, header.blocks),))


def _announced(about: Outcome, planned: RunPlan, records: int) -> Outcome:
    """What is known before the work begins."""
    return replace(
        about,
        workers=planned.executor.workers,
        commit_records=planned.task_blocks * planned.recipe.block,
        kill_may_cost=planned.storage.kill_may_cost,
        power_cut_may_cost=planned.storage.power_cut_may_cost,
        projected=_projected(planned, records),
    )


def _read(reader: Reader, source: str, terms: Terms) -> dict[str, Any]:
    """Attributes of the outcome."""
    seconds = terms.seconds * READ_SHARE
    readable = read_speed.stored_from_start(reader)
    dataset = Dataset(read_speed.Beginning(reader, readable, terms.stop), source)
    in_order = read_speed.in_order(dataset, seconds)
    # Shuffling reads far ahead: only a whole pass says what it costs, so this is a short one.
    few = min(readable, max(read_speed.BATCH, round(in_order.rate * seconds / 6)))
    return {
        "in_order": in_order,
        "batches": read_speed.batches(
            Dataset(read_speed.Beginning(reader, few, terms.stop), source)
        ),
        "single": read_speed.single(dataset, seconds),
    }


def _fitting(planned: RunPlan, limit: int) -> int:
    """As many records as asked for, or fewer where they would take too much of the disk."""
    many = planned.storage.estimate(replace(planned.header, records=MANY)).bytes
    return max(1, min(limit, int(SPACE_SHARE * planned.free * MANY / many)))


def _projected(planned: RunPlan, records: int) -> Projected:
    header: Header = replace(planned.header, records=records)
    refused = None
    try:
        planned.storage.check(header)
    except QframeError as error:
        refused = error.message
    estimate = planned.storage.estimate(header)
    if refused is None and estimate.bytes > planned.free:
        refused = f"needs about {estimate.bytes:,} bytes, {planned.free:,} are free there"
    return Projected(records, estimate.bytes, estimate.files, estimate.directory_entries, refused)


@dataclass
class _Turn:
    """Writing, against the clock."""

    planned: RunPlan
    terms: Terms
    done: list[tuple[float, TaskDone]] = field(default_factory=list)
    refusals: int = 0
    error: str | None = None
    start: float = 0.0
    end: float = 0.0

    def write(self) -> None:
        planned = self.planned
        planned.storage.create(planned.header)
        job = replace(planned.job(), patience_s=self.terms.seconds)
        self.start = perf_counter()
        try:
            with closing(planned.executor.run(job, self._tasks())) as results:  # type: ignore[type-var]
                for done in results:
                    self.done.append((perf_counter(), done))
                    if self.terms.stop.number is not None:
                        break
        except QframeError as error:
            self.error = error.message
            self.refusals += error.times if isinstance(error, StorageBusy) else 0
        finally:
            last = perf_counter()
            planned.storage.finish()
            # From the last answer on, workers end; that is not the storage's doing.
            last_done = self.done[-1][0] if self.done else last
            self.end = last_done + (perf_counter() - last)

    def _tasks(self) -> Iterator[Task]:
        """Tasks until time is over."""
        ahead = FIRST_TASKS * self.planned.executor.workers
        for given, task in enumerate(self.planned.tasks()):
            over = self._worked() > self.terms.seconds if self.done else given >= ahead
            if over or self.terms.stop.number is not None:
                return
            yield task

    def _worked(self) -> float:
        """Seconds since the first answer, and what its task took: starting workers is left out."""
        answered, first = self.done[0]
        return perf_counter() - answered + first.generate_s + first.write_s

    def facts(self) -> dict[str, Any]:
        """Attributes of the outcome."""
        total: dict[str, float] = {"refusals": self.refusals}
        for _, done in self.done:
            for name, value in done.counters.items():
                total[name] = total.get(name, 0) + value
        pace, steady = self._pace()
        return {
            "write": pace,
            "steady": steady,
            "memory": max((done.memory for _, done in self.done), default=0),
            "commits": int(total["commits"]) if "commits" in total else None,
            "lock_waits": int(total["lock_waits"]) if "lock_waits" in total else None,
            "lock_wait_s": total.get("lock_wait_s"),
            "refusals": int(total["refusals"]),
            "error": self.error,
        }

    def _pace(self) -> tuple[Pace | None, bool]:
        """Records after all workers have stored a task, and the time from there on."""
        if not self.done:
            return None, False
        seen: set[int] = set()
        for k, (when, done) in enumerate(self.done):
            seen.add(done.worker)
            late = when - self.done[0][0] > self.terms.seconds / 2
            if len(seen) == self.planned.executor.workers or late:
                records = sum(later.records for _, later in self.done[k + 1 :])
                if records and self.end - when > self.terms.seconds / 4:
                    return Pace(records, self.end - when), True
                break
        return Pace(sum(done.records for _, done in self.done), self.end - self.start), False
