"""Records a second of each sampler with the NumPy engine, on one core, without a storage.

python benchmarks/sampler_speed.py
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

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


def main() -> None:
    print(f"{'sampler':18} qubits  M records/s  sampler alone  mean length  options")
    for name, qubits, options in CASES:
        spec = PluginSpec("gate_set", "clifford_t", {"qubits": qubits}, "/")
        placed = build(spec).instructions()
        recipe = Recipe(placed, {}, 1, "complex128", fold_for(len(placed), qubits), SIZE)
        sampler = build(PluginSpec("sampler", name, options, "/"), placed)
        engine = build(PluginSpec("engine", "numpy", {}, "/"), placed, recipe.fold)
        made = Generator(recipe, sampler, engine)
        length = made.blocks(0, [SIZE])[0].arrays["lengths"].mean()
        whole = alone = float("inf")
        for k in range(10):
            start = perf_counter()
            made.blocks(k * BLOCKS, [SIZE] * BLOCKS)
            whole = min(whole, perf_counter() - start)
            start = perf_counter()
            for block in range(BLOCKS):
                sampler.sample(Draws(1, k * BLOCKS + block, SIZE))
            alone = min(alone, perf_counter() - start)
        records = BLOCKS * SIZE
        print(
            f"{name:18} {qubits:6}  {records / whole / 1e6:11.2f}  {alone / records * 1e9:10.0f} ns"
            f"  {length:11.1f}  {options}"
        )


if __name__ == "__main__":
    main()
