"""What was found out about one storage."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from qframe.contracts.storage import Loss
from qframe.machine.disk import DiskUsage


@dataclass(frozen=True)
class Pace:
    """How much was done in what time."""

    records: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Projected:
    """What the storage itself says of the config's full number of records.

    Attributes:
        bytes, files, directory_entries: its estimate; None where it says nothing.
        refused: why it would not even begin, in its own words.
    """

    records: int
    bytes: int
    files: int
    directory_entries: int | None
    refused: str | None


@dataclass(frozen=True)
class Outcome:
    """One line of the comparison; what was not reached is None.

    Attributes:
        workers: writers at the same time.
        commit_records: records that a commit holds.
        stored: records that are there.
        write: from when every worker had stored a task until the storage was finished. `steady` is
            false if the run was too short for that: the time then includes starting the workers.
        in_order, batches, single: reading, from the page cache: all, as shuffled batches of 1,024,
            and `ds[i]` at random.
        memory: most bytes that a worker had.
        commits: None if the storage does not count them; so for `lock_waits` and `lock_wait_s`.
        refusals: how often a writer gave up waiting (`database is locked`); the task was then tried
            again.
        error: what ended the run early, in one line.
    """

    label: str
    storage: str
    set: dict[str, Any] = field(default_factory=dict)
    workers: int = 0
    commit_records: int = 0
    stored: int = 0
    write: Pace | None = None
    steady: bool = False
    in_order: Pace | None = None
    batches: Pace | None = None
    single: Pace | None = None
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
        """Plain data for JSON: rates beside the figures that they come from."""
        data = asdict(self)
        if self.disk is not None:
            data["disk"] = {
                "bytes": self.disk.all_bytes,
                "files": self.disk.files,
                "inodes": self.disk.inodes,
                "directory_entries": self.disk.directory_entries,
            }
        for name in ("write", "in_order", "batches", "single"):
            pace: Pace | None = getattr(self, name)
            if pace is not None:
                data[name]["records_s"] = pace.rate
        return {**data, "bytes_a_record": self.bytes_a_record}
