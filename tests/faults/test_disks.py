"""Disks that are full, read-only, out of inodes, or on another host; processes out of handles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Mount = Callable[..., Path]

PROCESSES = {"plugin": "processes", "workers": 2}


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def fill(disk: Path, leave: int) -> Path:
    """Takes all but so many bytes of a disk; the file's removal gives them back."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(disk).free - leave))
    return filler


def in_one_line(done: subprocess.CompletedProcess[str], path: Path) -> str:
    """The error of a run on a full disk, held to its form."""
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert str(path) in line
    assert re.search(r"the disk is full: [\d,]+ bytes are free, the [\d,]+ records that are "
                     r"missing need about [\d,]+ ", line)  # fmt: skip
    return line


def quick_check(path: Path) -> str:
    with closing(apsw.Connection(str(path))) as db:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return str(db.execute("PRAGMA quick_check").get)


WHAT_GROWS: dict[str, tuple[int, Any]] = {
    # what is left on the disk once the run has passed its checks, and the storage
    "rows": (4_000_000, {"plugin": "sqlite", "wal_autocheckpoint": 10}),
    "wal": (2_500_000, {"plugin": "sqlite", "wal_autocheckpoint": 100_000}),
    "shm": (300_000, {"plugin": "sqlite", "page_size": 4096}),
    "header": (40_000, "sqlite"),
    "journal": (2_500_000, "sqlite-rollback"),
    "files": (2_500_000, "savetxt"),
}


@pytest.mark.parametrize(
    "what", [pytest.param(w, marks=pytest.mark.long) if w == "shm" else w for w in WHAT_GROWS]
)
def test_a_disk_that_fills_during_a_run(
    what: str, config: Config, qframe_main: Cli, mount: Mount, tmp_path: Path
) -> None:
    """The file system fills after the run's own check: some other program writes there, too."""
    executor = PROCESSES if what in ("rows", "shm") else "serial"
    disk = mount("disk", "size=64m")
    leave, storage = WHAT_GROWS[what]
    output = disk / "small.db"
    (tmp_path / "full.py").write_text(
        "import os, shutil\n"
        "from qframe import hookimpl\n\n"
        f"disk, first = {str(disk)!r}, []\n\n"
        "def fill():\n"
        "    with open(disk + '/filler', 'wb') as file:\n"
        "        while True:\n"
        "            free = shutil.disk_usage(disk).free\n"
        "            try:\n"
        f"                return os.posix_fallocate(file.fileno(), 0, max(1, free - {leave}))\n"
        "            except OSError:\n"
        "                pass  # a worker took of it meanwhile\n\n"
        "@hookimpl\n"
        "def qframe_run_started(plan):\n"
        f"    {'fill()' if what != 'rows' else 'pass'}\n\n"
        "@hookimpl\n"
        "def qframe_task_stored(plan):\n"
        f"    if {what == 'rows'} and not first: fill()\n"
        "    first.append(1)\n"
    )
    path = config(
        records=3000 if storage == "savetxt" else 150_000,
        output=output,
        task_blocks=4,
        hooks=["./full.py"],
        storage=storage,
        executor=executor,
    )
    done = qframe_main("run", path)
    in_one_line(done, output)
    if storage != "savetxt":
        assert quick_check(output) == "ok"
    (disk / "filler").unlink()
    again = qframe_main("run", path, "--set", "hooks=[]")
    assert again.returncode == 0, again.stderr
    assert content(output) == content(path)
    assert sorted(p.name for p in disk.iterdir()) == ["small.db"]


def test_a_disk_too_full_to_begin(config: Config, qframe_main: Cli, mount: Mount) -> None:
    disk = mount("disk", "size=2m")
    fill(disk, 30_000)
    done = qframe_main("run", config(records=10, output=disk / "small.db"))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert re.search(r"[\d,]+ bytes", done.stderr)
    assert [p.name for p in disk.iterdir()] == ["filler"]


def test_a_checkpoint_for_which_there_is_no_room(
    config: Config, qframe_main: Cli, mount: Mount, tmp_path: Path
) -> None:
    """All is stored, in the WAL; the file itself cannot grow."""
    disk = mount("disk", "size=40m")
    (tmp_path / "full.py").write_text(
        "import os, shutil\n"
        "from qframe import hookimpl\n\n"
        "@hookimpl\n"
        "def qframe_task_stored(plan, stored):\n"
        "    if stored == plan.header.records:\n"
        f"        with open({str(disk / 'filler')!r}, 'wb') as file:\n"
        f"            free = shutil.disk_usage({str(disk)!r}).free\n"
        "            os.posix_fallocate(file.fileno(), 0, free - 200_000)\n"
    )
    path = config(
        records=100_000,
        output=disk / "small.db",
        hooks=["./full.py"],
        storage={"plugin": "sqlite", "wal_autocheckpoint": 100_000},
    )
    done = qframe_main("run", path)
    in_one_line(done, disk / "small.db")
    assert quick_check(disk / "small.db") == "ok"
    (disk / "filler").unlink()
    again = qframe_main("run", path, "--set", "hooks=[]", "--json")
    assert again.returncode == 0, again.stderr
    assert '"stored": 0' in again.stdout  # nothing is made again
    assert content(disk / "small.db") == content(path)


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback", "savetxt"])
def test_a_read_only_file_system_is_said_before_any_work(
    storage: str, config: Config, qframe_main: Cli, mount: Mount
) -> None:
    disk = mount("disk", "size=8m")
    output = disk / "new.db"
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=120)
    done = qframe_main("run", config(records=20, output=output, storage=storage))
    assert done.returncode == 4, done.stderr
    assert str(output) in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(disk.iterdir())


def test_a_finished_dataset_is_read_from_a_read_only_disk(
    config: Config, qframe_main: Cli, mount: Mount
) -> None:
    disk = mount("disk", "size=8m")
    path = config(output=disk / "d.db")
    assert qframe_main("run", path).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=120)
    assert content(disk / "d.db") == content(path)
    assert "complete: 5,000" in qframe_main("run", path).stdout
    assert qframe_main("verify", disk / "d.db").returncode == 0
    more = qframe_main("run", path, "--records", 9000)
    assert more.returncode == 4
    assert "Traceback" not in more.stderr


# Inodes and handles


def test_too_few_inodes_are_refused_before_any_work(
    config: Config, qframe_main: Cli, mount: Mount
) -> None:
    disk = mount("disk", "size=32m,nr_inodes=500")
    path = config(records=1000, output=disk / "d", storage="savetxt")
    done = qframe_main("run", path)
    assert done.returncode == 4
    assert re.search(r"needs about 1,0\d\d files, 49\d inodes are free", done.stderr)
    assert not list(disk.iterdir())


def test_inodes_that_run_out_during_a_run(
    config: Config, qframe_main: Cli, mount: Mount, tmp_path: Path
) -> None:
    disk = mount("disk", "size=32m,nr_inodes=1300")
    (tmp_path / "taker.py").write_text(
        "from pathlib import Path\n"
        "from qframe import hookimpl\n\n"
        "@hookimpl\n"
        "def qframe_run_started(plan):\n"
        f"    for n in range(700): Path({str(disk)!r}, f'taken-{{n}}').touch()\n"
    )
    path = config(records=1000, output=disk / "d", storage="savetxt", hooks=["./taker.py"])
    done = qframe_main("run", path)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert "inodes" in done.stderr
    for taken in disk.glob("taken-*"):
        taken.unlink()
    assert qframe_main("run", path, "--set", "hooks=[]").returncode == 0
    assert content(disk / "d") == content(path)


@pytest.mark.parametrize("storage", ["savetxt", "sqlite"])
def test_a_process_out_of_handles_says_so(storage: str, config: Config, tmp_path: Path) -> None:
    """EMFILE for real: all handles but a few are taken once the run has begun."""
    (tmp_path / "taker.py").write_text(
        "import os\n"
        "from qframe import hookimpl\n\n"
        "@hookimpl\n"
        "def qframe_run_started(plan):\n"
        "    try:\n"
        "        while True: os.dup(0)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    path = config(records=300, output=tmp_path / "d", storage=storage, hooks=["./taker.py"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -n 64; exec {sys.executable} -m qframe run {path}"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert "ulimit -n" in done.stderr
    assert str(tmp_path / "d") in done.stderr
    assert qframe.run(path, ["hooks=[]"]).complete
    assert content(tmp_path / "d") == content(path)


# Other hosts' disks


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Says of `tmp_path` that it is a mount of the given kind."""

    def say(kind: str) -> None:
        where = str(tmp_path).replace(" ", "\\040")
        table = tmp_path / "mounts"
        table.write_text(f"rootfs / ext4 rw 0 0\nserver:/x {where} {kind} rw,relatime 0 0\n")
        monkeypatch.setattr("qframe.machine.mounts.MOUNTS", table)

    return say


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs", "fuse.rclone", "fuseblk"],
)
def test_a_wal_on_another_host_is_refused_with_the_ways_out(
    kind: str, config: Config, qframe_main: Cli, tmp_path: Path, mounts: Callable[[str], None]
) -> None:
    mounts(kind)
    path = config(records=10, output=tmp_path / "new" / "d.db")
    done = qframe_main("run", path)
    assert done.returncode == 4
    assert f"d.db is on {kind}: " in done.stderr
    for way_out in ("local disk", "sqlite-rollback", "--set storage.any_file_system=true"):
        assert way_out in done.stderr
    assert not (tmp_path / "new").exists()
    assert qframe_main("run", path, "--set", "storage.any_file_system=true").returncode == 0
    other = qframe_main("run", path, "--storage", "sqlite-rollback", "--output", "r.db")
    assert other.returncode == 0, other.stderr
    doctor = qframe_main("doctor", tmp_path)
    assert doctor.returncode == 4
    assert re.search(rf"^! file system +{kind} ", doctor.stdout, re.MULTILINE)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "zfs", "overlay"])
def test_local_file_systems_are_taken(
    kind: str, config: Config, qframe_main: Cli, mounts: Callable[[str], None], tmp_path: Path
) -> None:
    mounts(kind)
    assert qframe_main("run", config(records=10)).returncode == 0
    assert f"{kind} (local)" in qframe_main("doctor", tmp_path).stdout


def test_the_whole_command_meets_a_real_mount_table(config: Config, tmp_path: Path) -> None:
    """In a mount namespace whose /proc says that the output is on NFS."""
    where = tmp_path / "share"
    where.mkdir()
    path = config(records=10, output=where / "d.db")
    script = (
        "mount -t tmpfs tmpfs /proc && "
        f"printf 'root / ext4 rw 0 0\\nserver:/x {where} nfs4 rw 0 0\\n' > /proc/mounts && "
        f"exec {sys.executable} -m qframe run {path}"
    )
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=120
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("a mount namespace needs root")
    assert done.returncode == 4, done.stderr
    assert "is on nfs4" in done.stderr
    assert not list(where.iterdir())


def test_np_savetxt_files_of_a_run_are_whole_or_not_counted(
    config: Config, mount: Mount, qframe_main: Cli
) -> None:
    """The seed's way, on a disk that fills: what the ledger counts is readable."""
    disk = mount("disk", "size=24m")
    fill(disk, 20_000_000)
    path = config(records=4200, output=disk / "d", storage="savetxt")
    done = qframe_main("run", path, "--set", "storage.flat=true")
    if done.returncode:
        in_one_line(done, disk / "d")
        (disk / "filler").unlink()
        assert qframe_main("run", path, "--set", "storage.flat=true").returncode == 0
    assert content(disk / "d") == content(path)
    assert np.loadtxt(disk / "d" / "000000000007.txt", dtype=complex).shape == (2, 2)
