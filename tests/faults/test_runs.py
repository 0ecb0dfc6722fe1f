"""Runs that are cut off at the worst moment, meet each other, or live through a change of clock."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

KILLED_AT_A_STATEMENT = """
import os, signal, sys
import apsw
from qframe.cli.main import main

words, count, journal = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def watch(db):
    def before(cursor, sql, bindings):
        global count
        if words in sql:
            count -= 1
            if count == 0:
                if journal == "spilled":
                    db.cache_flush()  # pages of the open transaction are in the file
                os.kill(os.getpid(), signal.SIGKILL)
        return True
    db.exec_trace = before

apsw.connection_hooks.append(watch)
main(["run", sys.argv[4]])
"""

DIES_ONCE_IN_A_TRANSACTION = """
import os, signal, sys
from pathlib import Path
import apsw
from qframe_plugins.samplers.uniform import Uniform

mark, left = Path(__file__).with_name("mark"), 3

def watch(db):
    def before(cursor, sql, bindings):
        global left
        left -= sql == "COMMIT"
        if left == 0 and not mark.exists():
            mark.touch()
            db.cache_flush()  # pages of the open transaction are in the file
            os.kill(os.getpid(), signal.SIGKILL)
        return True
    db.exec_trace = before

if sys.argv == ["-c"]:  # in a worker process
    apsw.connection_hooks.append(watch)

class Dying(Uniform):
    name = "dying"
"""


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def killed_at(words: str, count: int, path: Path, journal: str = "") -> None:
    """A run that is killed just before the statement that holds `words` for the n-th time."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_A_STATEMENT, words, str(count), journal, str(path)],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def rows(data: Path, table: str) -> list[int]:
    column = "block" if table != "records" else "id / 4096"
    with closing(apsw.Connection(str(data))) as db:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        found = db.execute(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1")
        return [block for (block,) in found]


@pytest.mark.parametrize("layout", ["blocks", "rows"])
@pytest.mark.parametrize("moment", ["INTO ledger", "COMMIT"])
@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback"])
def test_a_run_killed_between_data_and_ledger_has_neither_or_both(
    storage: str, moment: str, layout: str, config: Config, tmp_path: Path
) -> None:
    """One transaction: the block that was written when the run died is in no table."""
    path = config(
        records=6 * 4096,
        task_blocks=1,
        sampler={"plugin": "uniform", "length": 3},
        storage={"plugin": storage, "layout": layout},
    )
    data = tmp_path / "small.db"
    # making the file is one COMMIT, and no ledger row
    killed_at(moment, 3 if "ledger" in moment else 4, path, journal="spilled")
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in tmp_path.glob("small.db*"):
        shutil.copy(part, copy)
    table = "blocks" if layout == "blocks" else "records"
    assert rows(copy / "small.db", table) == rows(copy / "small.db", "ledger") == [0, 1]
    assert qframe.run(path).stored == 4 * 4096
    assert content(data) == content(path)


def test_a_half_done_rollback_transaction_is_undone_by_the_next_run(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """Its pages are in the file, its journal beside it: nobody can read before that is undone."""
    path = config(records=5 * 4096, task_blocks=1, storage="sqlite-rollback")
    data = tmp_path / "small.db"
    killed_at("COMMIT", 2, path, journal="spilled")
    assert data.with_name("small.db-journal").stat().st_size > 512
    raw = data.read_bytes()
    for command, code in ((("info", data), 4), (("verify", data), 5), (("check", path), 4)):
        done = qframe_main(*command)
        assert done.returncode == code, done.stdout
        assert "cut off in the middle of a transaction" in done.stdout + done.stderr
    assert data.read_bytes() == raw  # those who only look change nothing
    assert qframe_main("run", path).returncode == 0
    assert content(data) == content(path)
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]


def test_a_half_done_rollback_transaction_is_undone_by_repair(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=5 * 4096, task_blocks=1, storage="sqlite-rollback")
    killed_at("COMMIT", 3, path, journal="spilled")
    done = qframe_main("verify", tmp_path / "small.db", "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert qframe_main("run", path, "--json").stdout
    assert content(tmp_path / "small.db") == content(path)


def test_a_rollback_transaction_of_a_dead_worker_is_undone_by_the_next_worker(
    config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    """Its journal is hot while the run goes on: no reader may look before a writer has."""
    (tmp_path / "dying.py").write_text(DIES_ONCE_IN_A_TRANSACTION)
    path = config(
        records=9 * 4096,
        task_blocks=1,
        storage="sqlite-rollback",
        sampler={"plugin": "./dying.py:Dying", "length": 5},
        executor={"plugin": "processes", "workers": 1},
    )
    done = qframe_cli("run", path)
    assert done.returncode == 0, done.stderr
    assert "a worker died; doing again" in done.stderr
    assert content(tmp_path / "small.db") == content(path)


# Locks


def test_a_lock_file_that_a_dead_run_left_holds_nobody_up(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """Even where its process id is now that of a living process: the kernel's lock decides."""
    path = config()
    lock = tmp_path / ".small.db.lock"
    for _ in range(2):  # an output that is to be made, then one that is complete
        lock.write_text(json.dumps({"pid": os.getpid(), "host": "here", "since": "2026-01-01"}))
        done = qframe_main("run", path)
        assert done.returncode == 0, done.stderr
        assert not lock.exists()


def test_of_two_runs_that_start_together_one_is_refused_or_finds_it_done(
    config: Config, start_qframe: Any, tmp_path: Path, lingering_engine: Any
) -> None:
    path = config(
        records=12 * 4096, task_blocks=1, engine={"plugin": str(lingering_engine), "seconds": 0.02}
    )
    both = [start_qframe("run", path) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 4], [0, 0]), said
    if codes == [0, 4]:
        # by "process 123 on ...", or by "another run" that has not written its name down yet
        assert any("is being written by" in err for _, err in said), said
    assert content(tmp_path / "small.db") == content(path)


def test_after_a_reboot_every_block_is_proved_before_a_run_goes_on(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """The lock file of a killed run carries the kernel's boot id; another one means: prove."""
    path = config(records=6 * 4096, task_blocks=1)
    data, lock = tmp_path / "small.db", tmp_path / ".small.db.lock"
    killed_at("COMMIT", 4, path)
    left = json.loads(lock.read_text())
    assert left["boot"]
    with closing(apsw.Connection(str(data))) as db:  # what a power loss may have done
        db.execute("UPDATE blocks SET codes = zeroblob(length(codes)) WHERE block = 1")
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    lock.write_text(json.dumps({**left, "boot": "another"}))
    done = qframe_main("run", path)
    assert done.returncode == 4
    assert "left unfinished, maybe before this machine last started, and is damaged: block 1" in (
        done.stderr
    )
    assert qframe_main("verify", data, "--repair", "--config", path).returncode == 0
    assert qframe_main("run", path).returncode == 0
    assert content(data) == content(path)


# The clock

JUMPING_CLOCK = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

static long jump(void) {
    static unsigned seed = 7;
    return (long)(rand_r(&seed) % 2000) * 315360 - 315360000;  /* ten years either way */
}
int clock_gettime(clockid_t id, struct timespec *t) {
    int rc = syscall(SYS_clock_gettime, id, t);
    if (rc == 0 && id == CLOCK_REALTIME) t->tv_sec += jump();
    return rc;
}
int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    struct timespec s;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &s);
    t->tv_sec = s.tv_sec;
    t->tv_usec = s.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec s;
    clock_gettime(CLOCK_REALTIME, &s);
    if (out) *out = s.tv_sec;
    return s.tv_sec;
}
"""


def test_a_wall_clock_that_jumps_changes_neither_data_nor_locks(
    config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    """Every look at the clock gives another year, in Python, in SQLite, in each worker."""
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(JUMPING_CLOCK)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True, timeout=120)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    code = "import time; print(len({int(time.time()) for _ in range(50)}))"
    jumps = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    if int(jumps.stdout or 0) < 10:
        pytest.skip(f"the clock cannot be replaced here: {jumps.stderr}")
    path = config(
        records=6 * 4096,
        task_blocks=1,
        executor={"plugin": "processes", "workers": 2},
    )
    killed_at("COMMIT", 3, config("serial.yaml", records=6 * 4096, task_blocks=1))
    done = qframe_cli("run", path, env=environment)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "small.db") == content(path)
