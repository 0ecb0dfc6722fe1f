"""What a record costs with each sampler, on one core, without a storage.

python benchmarks/sampler_speed.py --save
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from machine import describe
from report import Result, Row, Table, arguments, finish

from qframe import Draws, Recipe, fold_for
from qframe.generating import Generator, build
from qframe.job import PluginSpec

BLOCKS = 8
SIZE = 4096

CASES: list[tuple[str, int, dict[str, Any]]] = [
    ("uniform", 1, {"length": 20}),
    ("non_backtracking", 1, {"length": 20}),
    ("non_backtracking", 2, {"length": 20}),
    ("enumerate", 1, {"min_length": 20, "max_length": 20}),
    ("enumerate", 1, {"min_length": 20, "max_length": 20, "reduced": True}),
    ("matsumoto_amano", 1, {"t_count": 20, "mode": "rank"}),
    ("matsumoto_amano", 1, {"t_count": 7, "mode": "uniform"}),
    ("t_count", 1, {"length": 20, "t_count": 5}),
    ("brickwork", 1, {"depth": 20}),
    ("clifford_uniform", 1, {}),
    ("clifford_uniform", 2, {}),
    ("clifford_uniform", 3, {}),
    ("haar", 1, {}),
    ("haar", 2, {}),
]


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


class Case:
    """One sampler with its options: sampling with multiplication, and sampling alone."""

    def __init__(self, name: str, qubits: int, options: dict[str, Any]) -> None:
        spec = PluginSpec("gate_set", "clifford_t", {"qubits": qubits}, "/")
        placed = build(spec).instructions()
        recipe = Recipe(placed, {}, 1, "complex128", fold_for(len(placed), qubits), SIZE)
        self._sampler = build(PluginSpec("sampler", name, options, "/"), placed)
        engine = build(PluginSpec("engine", "numpy", {}, "/"), placed, recipe.fold)
        self._generator = Generator(recipe, self._sampler, engine)
        words = ", ".join(f"{key} {value}" for key, value in options.items())
        self.what = f"{name}, {qubits} qubit{'s' * (qubits > 1)}{', ' * bool(words)}{words}"
        self.whole: list[float] = []
        self.alone: list[float] = []

    def measure(self, repeat: int) -> None:
        """Adds nanoseconds a record to both."""
        first = repeat * BLOCKS
        seconds = timed(lambda: self._generator.blocks(first, [SIZE] * BLOCKS))
        self.whole.append(seconds / (BLOCKS * SIZE) * 1e9)
        seconds = timed(lambda: [self._sample(first + k) for k in range(BLOCKS)])
        self.alone.append(seconds / (BLOCKS * SIZE) * 1e9)

    def _sample(self, block: int) -> object:
        return self._sampler.sample(Draws(1, block, SIZE))


def main() -> None:
    given = arguments(__doc__).parse_args()
    repeats = 2 if given.quick else given.repeats
    about = {key: value for key, value in describe(Path.cwd()).items() if "SQLite" not in key}
    cases = [Case(*case) for case in CASES]
    for repeat in range(-1, repeats):  # the first warms up
        for case in cases:
            case.measure(repeat + 1)
    result = Result(
        name="sampler_speed",
        title="Samplers",
        intro=f"{repeats} runs of each in turns, one core, Clifford+T, `complex128`, nothing "
        "stored.",
        tables=[
            Table(
                "nanoseconds a record, with engine `numpy`",
                [Row(case.what, case.whole[1:]) for case in cases],
            ),
            Table(
                "nanoseconds a record, sampler alone",
                [Row(case.what, case.alone[1:]) for case in cases],
            ),
        ],
        measured={},
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
