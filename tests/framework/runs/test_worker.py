"""Worker: what it holds while it waits, and for whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import qframe
from qframe import Job, Task, Worker, worker_for
from qframe.config.load import load_config
from qframe.machine.process_mark import has_ended, process_mark
from qframe.runs import worker as worker_module
from qframe.runs.plan import plan

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
WaitUntil = Callable[..., None]

BLOCKS = 4


@pytest.fixture
def planned(config: Config) -> qframe.RunPlan:
    """A run whose dataset exists and is empty."""
    made = plan(load_config(config(records=BLOCKS * 4096, task_blocks=1)))
    made.storage.create(made.header)
    return made


def open_files(planned: qframe.RunPlan) -> list[str]:
    """The files of the dataset that this process has open."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files")
    found = [os.path.realpath(entry) for entry in descriptors.iterdir()]
    return [name for name in found if name.startswith(str(planned.output))]


def dead_mark() -> str:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as process:
        mark = process_mark(process.pid)
        assert not has_ended(mark)
    assert has_ended(mark)
    return mark


def test_a_mark_that_cannot_be_judged_here_means_that_the_process_runs() -> None:
    assert not has_ended(process_mark(os.getpid()))
    for mark in ("", "another-host 1 2", "x"):
        assert not has_ended(mark)


def test_a_process_id_that_was_given_away_again_does_not_keep_a_run_alive() -> None:
    table, pid, start = process_mark(os.getpid()).split(" ")
    assert has_ended(f"{table} {pid} {int(start) - 1}")


def test_a_worker_whose_run_has_ended_lets_go_and_still_works(
    planned: qframe.RunPlan, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "IDLE_S", 1e9)
    with Worker(replace(planned.job(), run=dead_mark())) as worker:
        for block in range(2):
            assert worker.do(Task(block, 1, BLOCKS * 4096)).records == 4096
            wait_until(lambda: not open_files(planned))
    with qframe.open(planned.output) as dataset:
        assert dataset.stored() == 2 * 4096


def test_a_worker_without_a_task_for_long_lets_go(
    planned: qframe.RunPlan, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Worker(planned.job()) as worker:
        worker.do(Task(0, 1, BLOCKS * 4096))
        assert open_files(planned)
        monkeypatch.setattr(worker_module, "IDLE_S", 0.0)
        wait_until(lambda: not open_files(planned))
        counters = worker.do(Task(1, 1, BLOCKS * 4096)).counters
        assert all(value >= 0 for value in counters.values())


def test_a_closed_worker_leaves_no_thread(planned: qframe.RunPlan) -> None:
    before = set(threading.enumerate())
    Worker(planned.job()).close()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)
    assert set(threading.enumerate()) <= before


def test_a_thread_has_one_worker_for_a_job(planned: qframe.RunPlan) -> None:
    job, other = planned.job(), planned.job()
    assert job.run != other.run
    first = worker_for(job)
    assert worker_for(job) is first
    second = worker_for(other)
    assert first.closed
    assert not second.closed
    seen: list[Worker] = []
    thread = threading.Thread(target=lambda: seen.append(worker_for(other)))
    thread.start()
    thread.join()
    assert seen[0] is not second
    seen[0].close()
    second.close()
    again = worker_for(other)
    assert again is not second
    again.close()


CLUSTER = """
import os, signal, subprocess, sys
from multiprocessing.connection import Client, Listener
from pathlib import Path
from qframe import Executor, PluginOptions, Worker

HERE = Path(__file__).parent

class Cluster(Executor[PluginOptions]):
    '''One worker in a session of its own, which waits for tasks from anybody, for ever.'''
    name = "cluster"
    workers = 1

    def run(self, job, tasks):
        address = str(HERE / "socket")
        with Listener(address) as listener:
            log = (HERE / "log").open("w")
            subprocess.Popen([sys.executable, __file__, address], start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            with listener.accept() as client:
                for task in tasks:
                    client.send((job, task))
                    yield client.recv()
                    (HERE / "stored").touch()
                    input()  # the client is killed here

if __name__ == "__main__":
    worker = None
    with Client(sys.argv[1]) as client:
        try:
            while True:
                job, task = client.recv()
                worker = worker or Worker(job)
                client.send(worker.do(task))
        except (EOFError, OSError):
            (HERE / "orphan").write_text(str(os.getpid()))
            while True:
                signal.pause()
"""


def test_an_orphan_worker_does_not_hold_the_dataset(
    config: Config, run_qframe: Run, tmp_path: Path, wait_until: WaitUntil
) -> None:
    """A cluster outlives the client, which was killed."""
    (tmp_path / "cluster.py").write_text(CLUSTER)
    path = config(records=BLOCKS * 4096, task_blocks=1, executor="./cluster.py:Cluster")
    client = subprocess.Popen(
        [sys.executable, "-m", "qframe", "run", str(path)], stdin=subprocess.PIPE, cwd=tmp_path
    )
    orphan = tmp_path / "orphan"
    try:
        wait_until((tmp_path / "stored").exists)
        client.kill()
        client.communicate(timeout=120)
        wait_until(lambda: orphan.exists() and orphan.read_text())
        assert run_qframe(path, "executor=serial").complete
        os.kill(int(orphan.read_text()), 0)  # it still lives
        assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]
    finally:
        client.kill()
        if orphan.exists():
            os.kill(int(orphan.read_text()), signal.SIGKILL)
    with qframe.open(tmp_path / "small.db") as made, qframe.open(path) as computed:
        assert made.content_hash() == computed.content_hash()


def test_a_job_survives_the_way_to_another_process(planned: qframe.RunPlan) -> None:
    import pickle

    job: Job = planned.job()
    assert pickle.loads(pickle.dumps(job)) == job
    assert set(job.plugins) == {"sampler", "engine", "storage"}
