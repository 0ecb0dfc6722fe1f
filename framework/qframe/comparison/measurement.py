"""Measurement of one storage: write for some seconds, measure the disk, read for some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from qframe.comparison import read_speed
from qframe.comparison.contenders import Contender
from qframe.comparison.outcome import Outcome, Projected, Throughput
from qframe.config.load import LoadedConfig
from qframe.contracts.job import TaskDone
from qframe.contracts.storage import Reader
from qframe.dataset.dataset import Dataset
from qframe.errors import QframeError, StorageBusy
from qframe.machine.disk import disk_usage
from qframe.machine.memory import forget_peak
from qframe.machine.signals import StopRequest
from qframe.recipe.header import Header
from qframe.recipe.tasks import Task
from qframe.runs.plan import RunPlan, plan

FEW = 4096
"""Records that a run is planned for before its space is known."""

MANY = 10**6
"""Records for which the storage is asked how many bytes a record takes."""

SPACE_SHARE = 1 / 4
"""Share of the free bytes that one storage may take."""

READ_SHARE = 1 / 3
"""Seconds that each way of reading may take, as a share of the seconds of writing."""

FIRST_TASKS = 64
"""Most tasks per worker that are handed out before the first is done.

Some executors take all tasks at once."""


@dataclass(frozen=True)
class Terms:
    """The terms that hold for every storage.

    Attributes:
        limit: largest number of records.
        seconds: seconds of writing. Each way of reading takes a third of it at most.
        stop: a request to stop, which ends the measurement early.
        reads: False to leave reading out.
    """

    limit: int
    seconds: float
    stop: StopRequest
    reads: bool = True


def measure(contender: Contender, directory: Path, terms: Terms) -> Outcome:
    """Writes into `directory`, which is empty, measures the disk, and reads.

    A storage that fails has an outcome too: its `error` says what went wrong.
    """
    outcome = Outcome(contender.label, contender.storage, contender.set, error=contender.error)
    if contender.loaded is None:
        return outcome
    forget_peak()
    try:
        planned = _plan(contender.loaded, directory, terms.limit)
        outcome = _with_plan(outcome, planned, contender.loaded.config.records)
        writing = _Writing(planned, terms)
        writing.run()
        terms.stop.raise_if_requested()
        outcome = replace(writing.added_to(outcome), disk=disk_usage(directory))
        with closing(planned.storage.reader()) as reader:
            outcome = replace(outcome, stored=reader.stored_records())
            if terms.reads and read_speed.stored_from_start(reader):
                outcome = _with_reading(outcome, reader, str(planned.output), terms)
    except QframeError as error:
        return replace(outcome, error=error.message)
    except Exception as bug:  # in somebody's plugin: the other storages are measured all the same
        return replace(outcome, error=f"{type(bug).__name__}: {bug}")
    return outcome


def _plan(loaded: LoadedConfig, directory: Path, limit: int) -> RunPlan:
    """The plan of a run of `limit` records, or of as many as take a quarter of the free disk.

    The run is planned for few records at first: `Projected` says what refuses many of them.
    """
    storage_class: Any = loaded.plugins["storage"].cls
    output = directory / f"data{storage_class.suffix}"
    few = {"records": min(limit, loaded.config.records, FEW), "output": str(output)}
    planned = plan(replace(loaded, config=loaded.config.model_copy(update=few)))
    header = replace(planned.header, records=_most_records(planned, limit))
    return replace(planned, header=header, runs=((0, header.blocks),))


def _most_records(planned: RunPlan, limit: int) -> int:
    """`limit`, or fewer records if they would take too much of the free disk."""
    many = planned.storage.estimate(replace(planned.header, records=MANY)).bytes
    return max(1, min(limit, int(SPACE_SHARE * planned.free * MANY / many)))


def _with_plan(outcome: Outcome, planned: RunPlan, records: int) -> Outcome:
    """Adds what is known before the run begins; `records` is the config's full number."""
    return replace(
        outcome,
        workers=planned.executor.workers,
        commit_records=planned.task_blocks * planned.recipe.block,
        kill_may_cost=planned.storage.kill_may_cost,
        power_cut_may_cost=planned.storage.power_cut_may_cost,
        projected=_projected(planned, records),
    )


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


def _with_reading(outcome: Outcome, reader: Reader, source: str, terms: Terms) -> Outcome:
    """Reads in three ways, and adds how fast each one is."""
    seconds = terms.seconds * READ_SHARE
    readable = read_speed.stored_from_start(reader)
    dataset = Dataset(read_speed.FirstRecords(reader, readable, terms.stop), source)
    in_order = read_speed.in_order(dataset, seconds)
    # Shuffled batches read far ahead, so that only a whole pass has a speed: this is a short one.
    few = min(readable, max(read_speed.BATCH, round(in_order.rate * seconds / 6)))
    first = Dataset(read_speed.FirstRecords(reader, few, terms.stop), source)
    return replace(
        outcome,
        in_order=in_order,
        batches=read_speed.batches(first),
        single=read_speed.single(dataset, seconds),
    )


@dataclass
class _Writing:
    """A run that ends when its time is over, and what it was seen to do.

    Attributes:
        done: each finished task, with the time at which it was reported.
        refusals: how often a writer gave up waiting in the task that ended the run.
        error: what ended the run early.
        start: time at which the run began.
        end: time at which the storage was finished, without the time in which workers ended.
    """

    planned: RunPlan
    terms: Terms
    done: list[tuple[float, TaskDone]] = field(default_factory=list)
    refusals: int = 0
    error: str | None = None
    start: float = 0.0
    end: float = 0.0

    def run(self) -> None:
        """Creates the dataset, writes until the time is over, and finishes it."""
        planned = self.planned
        planned.storage.create(planned.header)
        job = replace(planned.job(), patience_s=self.terms.seconds)
        self.start = perf_counter()
        try:
            with closing(planned.executor.run(job, self._tasks())) as results:  # type: ignore[type-var]
                for done in results:
                    self.done.append((perf_counter(), done))
                    if self.terms.stop.requested:
                        break
        except QframeError as error:
            self.error = error.message
            self.refusals += error.times if isinstance(error, StorageBusy) else 0
        finally:
            last = perf_counter()
            planned.storage.finish()
            # After the last task the workers end, which is not the storage's work.
            last_done = self.done[-1][0] if self.done else last
            self.end = last_done + (perf_counter() - last)

    def _tasks(self) -> Iterator[Task]:
        """Tasks until the time is over."""
        ahead = FIRST_TASKS * self.planned.executor.workers
        for handed_out, task in enumerate(self.planned.tasks()):
            over = self._worked() > self.terms.seconds if self.done else handed_out >= ahead
            if over or self.terms.stop.requested:
                return
            yield task

    def _worked(self) -> float:
        """Seconds since the first finished task began, so that starting the workers is left out."""
        reported, first = self.done[0]
        return perf_counter() - reported + first.generate_s + first.write_s

    def added_to(self, outcome: Outcome) -> Outcome:
        """The outcome with what was measured of writing."""
        totals: dict[str, float] = {"refusals": self.refusals}
        for _, done in self.done:
            for name, value in done.counters.items():
                totals[name] = totals.get(name, 0) + value
        throughput, steady = self._throughput()
        return replace(
            outcome,
            write=throughput,
            steady=steady,
            memory=max((done.memory for _, done in self.done), default=0),
            commits=int(totals["commits"]) if "commits" in totals else None,
            lock_waits=int(totals["lock_waits"]) if "lock_waits" in totals else None,
            lock_wait_s=totals.get("lock_wait_s"),
            refusals=int(totals["refusals"]),
            error=self.error,
        )

    def _throughput(self) -> tuple[Throughput | None, bool]:
        """Writing after every worker has stored a task, and True; of all tasks if that is short."""
        if not self.done:
            return None, False
        seen: set[int] = set()
        for k, (when, done) in enumerate(self.done):
            seen.add(done.worker)
            late = when - self.done[0][0] > self.terms.seconds / 2
            if len(seen) == self.planned.executor.workers or late:
                records = sum(later.records for _, later in self.done[k + 1 :])
                if records and self.end - when > self.terms.seconds / 4:
                    return Throughput(records, self.end - when), True
                break
        records = sum(done.records for _, done in self.done)
        return Throughput(records, self.end - self.start), False
