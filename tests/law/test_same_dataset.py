"""The one law, end to end: however a dataset was made, its content hash is the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Start = Callable[..., subprocess.Popen[str]]
Wait = Callable[..., None]

RECORDS = 3 * 4096 + 500
MANY = 3_000_000


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


@pytest.fixture
def want(config: Config) -> str:
    """The hash of the config's dataset, computed with no file."""
    return content(config("want.yaml", records=RECORDS))


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_any_number_of_workers_makes_the_same_dataset(
    workers: int, config: Config, run_qframe: Run, tmp_path: Path, want: str
) -> None:
    path = config(
        records=RECORDS, executor={"plugin": "processes", "workers": workers}, task_blocks=1
    )
    assert run_qframe(path).complete
    assert content(tmp_path / "small.db") == want


@pytest.mark.parametrize(
    "storage",
    [
        "sqlite",
        {"plugin": "sqlite", "layout": "rows"},
        {"plugin": "sqlite", "layout": "rows", "page_size": 4096},
        "sqlite-rollback",
        {"plugin": "sqlite-rollback", "layout": "rows"},
        {"plugin": "sqlite", "unitary": "none"},
        {"plugin": "sqlite", "unitary": "complex64"},
        {"plugin": "sqlite", "circuit": False},
        {"plugin": "sqlite", "shards": 1},
        {"plugin": "sqlite", "shards": 2, "shard_blocks": 1},
        {"plugin": "sqlite", "shards": 3, "shard_blocks": 1},
        {"plugin": "sqlite", "shards": 2, "shard_blocks": 1, "unitary": "none"},
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
@pytest.mark.parametrize("executor", ["serial", "processes", "threads"])
def test_storages_layouts_and_executors_make_the_same_dataset(
    storage: object, executor: str, config: Config, run_qframe: Run, tmp_path: Path, want: str
) -> None:
    section = executor if executor == "serial" else {"plugin": executor, "workers": 2}
    path = config(records=RECORDS, storage=storage, executor=section)
    assert run_qframe(path).complete
    assert content(tmp_path / "small.db") == want


@pytest.mark.parametrize("flat", [False, pytest.param(True, marks=pytest.mark.long)])
def test_one_text_file_a_matrix_holds_the_same_dataset(
    flat: bool, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(
        records=4100,
        output=tmp_path / "matrices",
        storage={"plugin": "savetxt", "flat": flat},
        executor={"plugin": "processes", "workers": 2},
    )
    assert run_qframe(path).complete
    assert content(tmp_path / "matrices") == content(path)


@pytest.mark.parametrize("task_blocks", [1, 3, 1000])
def test_the_size_of_a_task_does_not_matter(
    task_blocks: int, config: Config, run_qframe: Run, tmp_path: Path, want: str
) -> None:
    run_qframe(config(records=RECORDS, task_blocks=task_blocks))
    assert content(tmp_path / "small.db") == want


@pytest.mark.parametrize("records", [1, 4095, 4096, 4097, 8192])
def test_datasets_that_end_around_a_block_border(
    records: int, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(records=records)
    run_qframe(path)
    assert len(qframe.open(tmp_path / "small.db")) == records
    assert content(tmp_path / "small.db") == content(path)


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback", "savetxt"])
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_registers_and_dtypes_in_every_storage(
    storage: str, dtype: str, qubits: int, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(
        records=300,
        dtype=dtype,
        storage=storage,
        output=tmp_path / "out",
        gate_set={"plugin": "clifford_t", "qubits": qubits},
    )
    run_qframe(path)
    assert content(tmp_path / "out") == content(path)


@pytest.mark.parametrize(
    ("first", "second"), [(5000, 12_000), (4096, 4097), (1, 8192), (4000, 4001), (8192, 12_288)]
)
@pytest.mark.parametrize("layout", ["blocks", "rows"])
def test_an_extended_dataset_equals_one_made_at_once(
    first: int, second: int, layout: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(records=first, storage={"plugin": "sqlite", "layout": layout})
    run_qframe(path)
    assert content(tmp_path / "small.db") == content(path)
    run_qframe(path, f"records={second}")
    assert len(qframe.open(tmp_path / "small.db")) == second
    assert content(tmp_path / "small.db") == content(config("at_once.yaml", records=second))


def test_text_files_are_extended_too(config: Config, run_qframe: Run, tmp_path: Path) -> None:
    path = config(records=100, storage="savetxt", output=tmp_path / "matrices")
    run_qframe(path)
    run_qframe(path, "records=1100")
    assert content(tmp_path / "matrices") == content(config("at_once.yaml", records=1100))


def test_engine_executor_and_task_size_may_change_when_a_dataset_is_extended(
    config: Config, run_qframe: Run, tmp_path: Path, lingering_engine: Any, want: str
) -> None:
    run_qframe(config(records=5000, task_blocks=1))
    other = {"plugin": str(lingering_engine), "seconds": 0.0}
    workers = {"plugin": "processes", "workers": 3}
    run_qframe(config(records=RECORDS, task_blocks=2, engine=other, executor=workers))
    assert content(tmp_path / "small.db") == want


# Interrupted for real


def stored_blocks(path: Path) -> int:
    """Blocks in the ledger of a dataset that is being written."""
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        with closing(db):
            db.set_busy_timeout(10_000)
            return int(db.execute("SELECT count(*) FROM ledger").get)
    except (apsw.CantOpenError, apsw.SQLError):
        return 0


def children(pid: int) -> Iterator[int]:
    """Worker processes of a run, without Python's resource tracker."""
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text() if entry.name.isdigit() else ""
            if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
                command = (entry / "cmdline").read_text()
                if "resource_tracker" not in command:
                    yield int(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


def stopping_config(
    config: Config, engine: Any, tasks: int, seconds: float = 0.0, storage: object = "sqlite"
) -> Path:
    """40 blocks, one a transaction; each of two workers does so many of them, and then stops."""
    return config(
        records=40 * 4096 - 7,
        storage=storage,
        task_blocks=1,
        executor={"plugin": "processes", "workers": 2},
        engine=engine.stopping(tasks, seconds),
    )


@pytest.mark.parametrize(
    "storage",
    [
        pytest.param("sqlite", id="sqlite"),
        pytest.param({"plugin": "sqlite", "layout": "rows"}, id="rows", marks=pytest.mark.long),
        pytest.param("sqlite-rollback", id="rollback", marks=pytest.mark.long),
    ],
)
def test_a_run_stopped_by_ctrl_c_is_finished_by_the_next(
    storage: object,
    config: Config,
    run_qframe: Run,
    start_qframe: Start,
    wait_until: Wait,
    tmp_path: Path,
    lingering_engine: Any,
) -> None:
    path = stopping_config(config, lingering_engine, 3, storage=storage)
    output = tmp_path / "small.db"
    process = start_qframe("run", path)
    wait_until(lambda: lingering_engine.stopped() == 2, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    lingering_engine.let_go()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    with qframe.open(output) as dataset:
        before = dataset.stored()
        assert 0 < before < len(dataset)
    summary = run_qframe(path, "engine=numpy")
    assert summary.stored == 40 * 4096 - 7 - before
    assert content(output) == content(path)


KILLER = """
import os, signal
from qframe import hookimpl

tasks = {tasks}

@hookimpl
def qframe_run_started(plan):
    if tasks == 0: os.killpg(0, signal.SIGKILL)

@hookimpl
def qframe_task_stored(plan):
    global tasks
    tasks -= 1
    if tasks == 0: os.killpg(0, signal.SIGKILL)
"""


@pytest.mark.parametrize("tasks", [0, 1, pytest.param(7, marks=pytest.mark.long), 17])
def test_kill_9_of_the_whole_run(
    tasks: int, config: Config, run_qframe: Run, start_qframe: Start, tmp_path: Path
) -> None:
    """Once the parent has heard of so many tasks, wherever its workers are then."""
    (tmp_path / "killer.py").write_text(KILLER.format(tasks=tasks))
    path = config(
        records=20 * 4096 - 7,
        task_blocks=1,
        hooks=["./killer.py"],
        executor={"plugin": "processes", "workers": 2},
    )
    process = start_qframe("run", path)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert run_qframe(path, "hooks=[]").complete
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]
    assert content(tmp_path / "small.db") == content(path)


@pytest.fixture(scope="module")
def want_many(write_config: Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    return content(write_config(tmp_path_factory.mktemp("many"), records=MANY))


@pytest.mark.long
@pytest.mark.parametrize("repetition", range(8))
def test_kill_9_of_the_whole_run_at_any_moment(
    repetition: int,
    config: Config,
    run_qframe: Run,
    start_qframe: Start,
    tmp_path: Path,
    want_many: str,
) -> None:
    path = config(
        records=MANY, executor={"plugin": "processes", "workers": 2}, task_blocks=1 + 7 * repetition
    )
    process = start_qframe("run", path)
    time.sleep(random.uniform(0.6, 1.8))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(120)
    assert run_qframe(path).complete
    assert sorted(p.name for p in tmp_path.glob("small.db*")) == ["small.db"]
    assert content(tmp_path / "small.db") == want_many


@pytest.mark.parametrize("blocks", [1, pytest.param(13, marks=pytest.mark.long)])
def test_kill_9_between_small_transactions(
    blocks: int,
    config: Config,
    run_qframe: Run,
    start_qframe: Start,
    wait_until: Wait,
    tmp_path: Path,
    lingering_engine: Any,
) -> None:
    """While the workers begin and end transactions, of which none is the last."""
    path = stopping_config(config, lingering_engine, 15, seconds=0.02)
    output = tmp_path / "small.db"
    process = start_qframe("run", path)
    wait_until(lambda: stored_blocks(output) >= blocks, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(120)
    lingering_engine.let_go()
    before = stored_blocks(output)
    assert blocks <= before < 40
    summary = run_qframe(path, "engine=numpy")
    assert summary.stored <= (40 - before) * 4096  # what was committed is not made again
    assert content(output) == content(path)


def test_kill_9_of_one_worker_is_made_good_by_the_run_itself(
    config: Config, start_qframe: Start, wait_until: Wait, tmp_path: Path, lingering_engine: Any
) -> None:
    path = stopping_config(config, lingering_engine, 2)
    output = tmp_path / "small.db"
    process = start_qframe("run", path)
    wait_until(lambda: lingering_engine.stopped() == 2, process)
    workers = list(children(process.pid))
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    lingering_engine.let_go()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert "Traceback" not in err
    assert content(output) == content(path)


def test_a_run_killed_after_its_last_block_still_ends_as_one_plain_file(
    config: Config, run_qframe: Run, start_qframe: Start, tmp_path: Path, lingering_engine: Path
) -> None:
    hook = tmp_path / "stopper.py"
    hook.write_text(
        "import os, signal\n"
        "from qframe import hookimpl\n\n"
        "@hookimpl\n"
        "def qframe_task_stored(plan, stored):\n"
        "    if stored == plan.header.records:\n"
        "        os.killpg(0, signal.SIGKILL)\n"
    )
    path = config(
        hooks=["./stopper.py"], records=20_000, executor={"plugin": "processes", "workers": 2}
    )
    process = start_qframe("run", path)
    assert process.wait(120) == -signal.SIGKILL
    run_qframe(path, "hooks=[]")
    assert sorted(p.name for p in tmp_path.glob("small.db*")) == ["small.db"]
    assert content(tmp_path / "small.db") == content(path)


# The CPU


def dispatchable() -> str:
    """The CPU features that this NumPy chooses at run time on this machine."""
    code = (
        "import numpy as np\n"
        "um = np._core._multiarray_umath\n"
        "print(' '.join(f for f in um.__cpu_dispatch__ if um.__cpu_features__.get(f)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return found.stdout.strip()


def computed(path: Path, **environment: str) -> str:
    """The hash of a config's dataset, in a process of its own, with the CPU features it used."""
    code = (
        "import sys, numpy as np, qframe\n"
        "um = np._core._multiarray_umath\n"
        "used = [f for f in um.__cpu_dispatch__ if um.__cpu_features__.get(f)]\n"
        "print(bool(used), qframe.open(sys.argv[1]).content_hash())\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.mark.skipif(
    tuple(map(int, np.__version__.split(".")[:2])) < (2, 0),
    reason="np._core, which says what features there are, came with NumPy 2",
)
@pytest.mark.parametrize(
    ("qubits", "dtype"),
    [
        (1, "complex128"),
        (2, "complex64"),
        (3, "complex128"),
        pytest.param(1, "complex64", marks=pytest.mark.long),
        pytest.param(2, "complex128", marks=pytest.mark.long),
        pytest.param(3, "complex64", marks=pytest.mark.long),
    ],
)
def test_simd_features_do_not_change_a_bit(qubits: int, dtype: str, config: Config) -> None:
    features = dispatchable()
    if not features:
        pytest.skip("NumPy dispatches no feature on this CPU")
    path = config(
        records=6000 // qubits, dtype=dtype, gate_set={"plugin": "clifford_t", "qubits": qubits}
    )
    with_features = computed(path)
    without = computed(path, NPY_DISABLE_CPU_FEATURES=features)
    assert with_features.startswith("True ")
    assert without.startswith("False ")
    assert with_features.split()[1] == without.split()[1]
