"""Processes that start together, timed from there to the end of the last one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import yaml

from qframe import RunPlan
from qframe.config.load import load_config
from qframe.runs.plan import plan
from qframe_plugins.executors._processes.start import KEEPS_MEMORY

PATIENCE_S = 900

Prepared = Callable[[], object]


@dataclass(frozen=True)
class Took:
    """Seconds: `wall` from the first start to the last end, `cpu` of all processes together."""

    wall: float
    cpu: float


def timed_crew(count: int, prepare: Callable[..., Prepared], *arguments: Any) -> Took:
    """The time in which `count` processes do their work, all at once.

    `prepare(k, *arguments)` runs in process `k` and returns what is timed. Memory is given back
    to the kernel as little as by the workers of `qframe run`.
    """
    context = get_context("spawn")
    barrier, answers = context.Barrier(count), context.SimpleQueue()
    members = [
        context.Process(target=_member, args=(barrier, answers, prepare, k, arguments))
        for k in range(count)
    ]
    with environment(KEEPS_MEMORY):
        for member in members:
            member.start()
    for member in members:
        member.join()
    if any(member.exitcode for member in members):
        raise SystemExit("a process of the benchmark failed")
    spans: list[tuple[float, float, float]] = [answers.get() for _ in members]
    wall = max(end for _, end, _ in spans) - min(start for start, _, _ in spans)
    return Took(wall, sum(cpu for _, _, cpu in spans))


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """Sets variables for the processes started meanwhile, except those that the user has set."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _member(
    barrier: Any, answers: Any, prepare: Callable[..., Prepared], k: int, arguments: Any
) -> None:
    try:
        act = prepare(k, *arguments)
        barrier.wait(PATIENCE_S)
    except BaseException:
        barrier.abort()
        raise
    start, cpu = perf_counter(), process_time()  # the first is one clock for all processes
    act()
    answers.put((start, perf_counter(), process_time() - cpu))


def planned(directory: Path, records: int, **keys: Any) -> RunPlan:
    """The plan of a run into `directory`: one-qubit Clifford+T, 6 gates, length 20.

    `keys` replace keys of the config.
    """
    config = directory / "benchmark.yaml"
    data = {
        "records": records,
        "seed": 1,
        "gate_set": {
            "plugin": "clifford_t",
            "qubits": 1,
            "gates": ["h", "s", "sdg", "t", "tdg", "x"],
        },
        "sampler": {"plugin": "uniform", "length": 20},
        "storage": "sqlite",
        "output": str(directory / "benchmark.db"),
        **keys,
    }
    config.write_text(yaml.safe_dump(data))
    return plan(load_config(config))
