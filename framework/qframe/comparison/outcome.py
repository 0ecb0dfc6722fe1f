"""Outcome: what the comparison measured of one storage."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from qframe.contracts.storage import Loss
from qframe.machine.disk import DiskUsage


@dataclass(frozen=True)
class Throughput:
    """A number of records, and the seconds in which they were written or read."""

    records: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records/s."""
        return self.records / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Projected:
    """What a storage estimates for the config's full number of records.

    Attributes:
        records: that number.
        bytes: estimated bytes.
        files: estimated number of files.
        directory_entries: estimated number of files in the largest directory, or None.
        refused: why the storage refuses so many records, in its own words; None if it takes them.
    """

    records: int
    bytes: int
    files: int
    directory_entries: int | None
    refused: str | None


@dataclass(frozen=True)
class Outcome:
    """What was measured of one storage: one line of the comparison.

    Attributes:
        label: name in tables and charts.
        storage: the storage plugin's name in the YAML.
        set: config keys that were set for it, with their values.
        workers: number of workers that write at the same time.
        commit_records: number of records in a commit.
        stored: number of records that are stored at the end.
        write: writing, from when every worker has stored a task until the storage is finished.
            None if nothing was stored.
        steady: False if the run was too short for that. `write` then includes starting the workers.
        in_order: reading in the order of the records, from the page cache; None if not measured.
        batches: reading shuffled batches of 1,024 records, in the same way.
        single: reading single records at random (`ds[i]`), in the same way.
        memory: largest memory of a worker, in bytes.
        commits: number of commits; None if the storage does not count them.
        lock_waits: how often a writer waited for a lock; None if the storage does not count it.
        lock_wait_s: seconds that writers waited for locks; None if the storage does not count them.
        refusals: how often a writer gave up waiting (`database is locked`). Its task was then tried
            again.
        disk: space that the records take on the disk.
        projected: what the storage estimates for the config's full number of records.
        kill_may_cost: what a `kill -9` may cost; None if the storage does not say.
        power_cut_may_cost: what a power cut may cost; None if the storage does not say.
        error: what ended the run early, in one line.
    """

    label: str
    storage: str
    set: dict[str, Any] = field(default_factory=dict)
    workers: int = 0
    commit_records: int = 0
    stored: int = 0
    write: Throughput | None = None
    steady: bool = False
    in_order: Throughput | None = None
    batches: Throughput | None = None
    single: Throughput | None = None
    memory: int = 0
    commits: int | None = None
    lock_waits: int | None = None
    lock_wait_s: float | None = None
    refusals: int = 0
    disk: DiskUsage | None = None
    projected: Projected | None = None
    kill_may_cost: Loss | None = None
    power_cut_may_cost: Loss | None = None
    error: str | None = None

    @property
    def bytes_a_record(self) -> float | None:
        """Bytes per stored record on the disk, directories included."""
        return self.disk.all_bytes / self.stored if self.disk and self.stored else None

    def data(self) -> dict[str, Any]:
        """Plain data for JSON, with the rates beside the numbers that they come from."""
        data = asdict(self)
        if self.disk is not None:
            data["disk"] = {
                "bytes": self.disk.all_bytes,
                "files": self.disk.files,
                "inodes": self.disk.inodes,
                "directory_entries": self.disk.directory_entries,
            }
        for name in ("write", "in_order", "batches", "single"):
            throughput: Throughput | None = getattr(self, name)
            if throughput is not None:
                data[name]["records_s"] = throughput.rate
        return {**data, "bytes_a_record": self.bytes_a_record}
