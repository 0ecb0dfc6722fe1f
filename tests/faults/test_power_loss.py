"""Power loss, simulated: of a recorded run, writes that were not synced are dropped or torn.

A virtual file system records every write, cut, sync and removal of a run. A crash at any moment
then leaves, of each file, all that was synced, and of what came later whatever the disk liked: each
sector of 512 bytes new, old, or never written. Removals of files last once anything is synced after
them, as file systems with one journal have it (ext4, XFS). `QFRAME_POWER_LOSSES=1000` is the long
run.

The run holds its file in exclusive locking mode, since a VFS written in Python has no shared
memory; which pages are written and synced, and when, does not depend on that.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.config.load import load_config
from qframe.dataset.storages import storage_at
from qframe.integrity.repair import repair
from qframe.integrity.verify import verify

LOSSES = int(os.environ.get("QFRAME_POWER_LOSSES", "12"))
SECTOR = 512
BASE = "unix"
BLOCKS = 6
Config = Callable[..., Path]


@dataclass(frozen=True)
class Op:
    """One thing that reached the file system: `write`, `cut`, `sync`, `remove`, or a `commit`."""

    kind: str
    name: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Recording:
    ops: list[Op] = field(default_factory=list)

    def add(self, kind: str, path: str | None, offset: int = 0, data: bytes = b"") -> None:
        name = Path(path or "").name
        if name.startswith(".") and name.endswith(".new"):  # renamed once it is whole
            name = name[1:-4]
        self.ops.append(Op(kind, name, offset, data))


class RecordingVFS(apsw.VFS):
    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        super().__init__("recording", BASE, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> RecordingFile:  # noqa: N802
        return RecordingFile(self.recording, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(name, syncdir)
        self.recording.add("remove", name, offset=int(syncdir))


class RecordingFile(apsw.VFSFile):
    def __init__(self, recording: Recording, name: Any, flags: list[int]) -> None:
        self._recording = recording
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        # A lock that excludes others needs a handle that may write, also for those who only read.
        flags[0] = flags[0] & ~apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_READWRITE
        super().__init__(BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._recording.add("write", self._path, offset, bytes(data))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._recording.add("cut", self._path, size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._recording.add("sync", self._path)


@contextmanager
def recorded() -> Iterator[Recording]:
    recording = Recording()
    vfs = RecordingVFS(recording)

    def exclusive(db: apsw.Connection) -> None:
        db.execute("PRAGMA locking_mode = exclusive")

    apsw.connection_hooks.append(exclusive)
    try:
        yield recording
    finally:
        apsw.connection_hooks.remove(exclusive)
        vfs.unregister()


@dataclass
class Disk:
    """One file after a crash, in sectors."""

    data: bytearray = field(default_factory=bytearray)
    there: bool = False

    def apply(self, op: Op, keep: Callable[[], bool]) -> None:
        """What the disk made of an operation: `keep` says of each sector whether it arrived."""
        if op.kind == "write":
            self.there = True
            for start in range(0, len(op.data), SECTOR):
                if keep():
                    self._put(op.offset + start, op.data[start : start + SECTOR])
        elif op.kind == "cut" and keep():
            del self.data[op.offset :]
        elif op.kind == "remove" and (op.offset or keep()):
            self.data.clear()
            self.there = False

    def _put(self, offset: int, sector: bytes) -> None:
        self.data.extend(bytes(max(0, offset + len(sector) - len(self.data))))
        self.data[offset : offset + len(sector)] = sector


def crash(ops: list[Op], rng: random.Random) -> dict[str, bytes]:
    """The files that are found after a power loss behind `ops`."""
    synced = {op.name: n for n, op in enumerate(ops) if op.kind == "sync"}
    any_sync = max(synced.values(), default=-1)
    lost = rng.choice((0.02, 0.3, 0.9))
    reordered = rng.random() < 0.7  # else each file is cut at one moment after its last sync
    until = {name: rng.randint(n, len(ops)) for name, n in synced.items()}
    disks: dict[str, Disk] = {}
    for n, op in enumerate(ops):
        disk = disks.setdefault(op.name, Disk())
        if n <= (any_sync if op.kind == "remove" else synced.get(op.name, -1)):
            disk.apply(op, lambda: True)
        elif reordered:
            disk.apply(op, lambda: rng.random() >= lost)
        elif n <= until.setdefault(op.name, rng.randint(0, len(ops))):
            disk.apply(op, lambda: True)
    return {name: bytes(disk.data) for name, disk in disks.items() if name and disk.there}


CASES: dict[str, Any] = {
    "off": {"plugin": "sqlite", "synchronous": "off"},
    "normal": {"plugin": "sqlite", "synchronous": "normal"},
    "off-rows": {"plugin": "sqlite", "synchronous": "off", "layout": "rows"},
    "rollback": "sqlite-rollback",
}


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.long) if c == "off-rows" else c for c in CASES]
)
def test_a_power_loss_is_found_and_healed_or_leaves_a_prefix(
    case: str, config: Config, tmp_path: Path
) -> None:
    storage = {"plugin": CASES[case]} if isinstance(CASES[case], str) else dict(CASES[case])
    if storage["plugin"] == "sqlite":
        storage["wal_autocheckpoint"] = 150  # some transactions a checkpoint, some checkpoints
    path = config(
        records=BLOCKS * 4096 - 9,
        task_blocks=1,
        sampler={"plugin": "uniform", "length": 4},
        storage={**storage, "page_size": 4096},
        output=tmp_path / "run" / "small.db",
    )
    with qframe.open(path) as computed:
        want = computed.content_hash()
    ops, made = record(path)
    assert [op.kind for op in ops].count("commit") == BLOCKS
    if case == "off":
        assert not [op for op in ops[made:] if op.kind == "sync" and op.name == "small.db"]
    rng = random.Random(case)
    damaged = 0
    losses = LOSSES // 3 if "rows" in case else LOSSES  # repair takes its time there
    for _ in range(losses):
        at = rng.randint(made, len(ops))
        damaged += after(crash(ops[:at], rng), ops[:at], path, want, sound="off" not in case)
    assert damaged > losses // 10 if "off" in case else damaged == 0


def record(path: Path) -> tuple[list[Op], int]:
    """The operations of a run, with a `commit` after each task; where its dataset was made."""
    made: list[int] = []

    class Marks:
        @qframe.hookimpl
        def qframe_run_started(self) -> None:
            made.append(len(recording.ops))

        @qframe.hookimpl
        def qframe_task_stored(self) -> None:
            recording.ops.append(Op("commit"))

    with recorded() as recording:
        qframe.run(path, hooks=[Marks()])
    return recording.ops, made[0]


def after(files: dict[str, bytes], ops: list[Op], path: Path, want: str, *, sound: bool) -> bool:
    """Finds the files, as the next run does; returns whether they were damaged."""
    directory = path.parent / "run"
    shutil.rmtree(directory)
    directory.mkdir()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    output = directory / "small.db"
    loaded = load_config(path)
    committed = [op.kind for op in ops].count("commit")
    damaged = False
    if sound:
        found = storage_at(output, loaded, damaged=True)
        if found.half_done():
            found.recover()
        verdict = verify(found)
        assert verdict.ok, (verdict.structure, verdict.damaged)
        first = min((run[0] for run in verdict.missing), default=BLOCKS)
        assert all(end == BLOCKS for _, end in verdict.missing), "not a prefix"
        assert first <= committed + 1
    try:
        qframe.run(path)
    except qframe.StorageError:
        damaged = True
        if output.exists():
            found = storage_at(output, loaded, damaged=True)
            if found.half_done():
                with suppress(qframe.StorageError):  # as `verify --repair` does
                    found.recover()
            verdict = verify(found)
            assert not verdict.ok, "the run refused what `verify` does not find"
            repair(found, verdict, loaded)
        else:  # only what stood beside it has reached the disk
            for beside in directory.glob("small.db-*"):
                beside.rename(path.parent / "moved-away")
        qframe.run(path)
    with qframe.open(output) as dataset:
        assert dataset.stored() == len(dataset)
        assert dataset.content_hash() == want
    assert verify(storage_at(output, None)).ok
    return damaged
