"""Examples for tests of plugins: instruction sets, circuits, headers and blocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.gates import Gate
from qframe.circuits.instructions import Instruction, InstructionSet
from qframe.recipe.blocks import Block
from qframe.recipe.columns import Column
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import Schema, schema_of

R = sqrt(0.5)
"""The entry 1/sqrt(2) of common gates."""

EXTRA = (
    Column("count", "<i4"),
    Column("cost", "<f8"),
    Column("point", "<f4", (3,)),
    Column("amplitude", "<c16"),
)
"""Columns of several dtypes and shapes, such as a sampler may add."""


def example_instructions(qubits: int) -> InstructionSet:
    """An instruction set of sparse and dense gates on all tuples of qubits.

    Some of its products have negative zeros on the way.
    """
    dense = np.array([[1 + 2j, 2], [-2, 1 - 2j]]) / 3
    t: list[list[complex]] = [[1, 0], [0, R + R * 1j]]
    y: list[list[complex]] = [[0, -1j], [1j, 0]]
    gates = [
        Gate("h", [[R, R], [R, -R]]),
        Gate("t", t),
        Gate("y", y),
        Gate("dense", dense),
        Gate("cx", [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]),
        Gate("pair", np.kron(dense, dense.T)),
        Gate("ccx", np.eye(8)[[0, 1, 2, 7, 4, 5, 6, 3]]),
    ]
    fitting = tuple(gate for gate in gates if gate.qubits <= qubits)
    placed = tuple(
        Instruction(gate.name, on)
        for gate in fitting
        for on in permutations(range(qubits), gate.qubits)
        if gate.name != "ccx" or on[0] < on[1]
    )
    return InstructionSet(qubits, fitting, placed)


def many_instructions() -> InstructionSet:
    """An instruction set of 300 instructions on one qubit, so that codes take two bytes."""
    gates = []
    for k in range(1, 301):
        c, s = (k * k - 90_000) / (k * k + 90_000), 600 * k / (k * k + 90_000)
        gates.append(Gate(f"r{k}", [[c, -s], [s, c]]))
    return InstructionSet(1, tuple(gates), tuple(Instruction(gate.name, (0,)) for gate in gates))


def example_circuits(
    instructions: InstructionSet, count: int, max_length: int, seed: int = 0
) -> Circuits:
    """Random circuits of all lengths; the first is empty, the second has `max_length` gates."""
    random = np.random.default_rng(seed)
    codes = random.integers(len(instructions), size=(count, max_length))
    lengths = random.integers(max_length + 1, size=count)
    lengths[:2] = (0, max_length)[:count]
    return Circuits.padded(
        codes.astype(instructions.code_dtype),
        lengths.astype(np.uint8 if max_length < 256 else np.uint16),
    )


def example_prefixes(
    instructions: InstructionSet, count: int, max_length: int, seed: int = 0
) -> Circuits:
    """Circuits with parents: about three in four extend a circuit above by a gate."""
    random = np.random.default_rng(seed)
    drawn = example_circuits(instructions, count, max_length, seed)
    codes, lengths = drawn.codes.copy(), drawn.lengths.copy()
    parents = np.full(count, -1, dtype=np.int64)
    for row in range(2, count):
        above = row - 1 if random.random() < 0.75 else int(random.integers(row))
        if random.random() < 0.75 and lengths[above] < max_length:
            parents[row] = above
            codes[row] = codes[above]
            codes[row, lengths[above]] = random.integers(len(instructions))
            lengths[row] = lengths[above] + 1
    return Circuits(codes, lengths, parents=parents)


def example_header(
    records: int,
    *,
    qubits: int = 1,
    dtype: str = "complex128",
    block: int = 16,
    max_length: int = 12,
    extra: Sequence[Column] = (),
) -> Header:
    """The header of a dataset with small blocks."""
    instructions = example_instructions(qubits)
    sampler = {"name": "example", "version": 1, "options": {}}
    recipe = Recipe(instructions, sampler, seed=7, dtype=dtype, fold=1, block=block)
    schema = schema_of(instructions, max_length, dtype, extra)
    return Header(recipe, schema, records, {"purpose": "contract kit"})


def example_block(header: Header, index: int, records: int | None = None) -> Block:
    """The example block `index`, which is the same each time.

    Its numbers have all magnitudes, and its unitaries are not unitary: a storage keeps bits.

    Args:
        header: header of the dataset.
        index: number of the block.
        records: number of records of the block; as many as the header has for it if None.
    """
    size = header.recipe.block
    circuits = example_circuits(
        header.recipe.instructions, size, header.schema.max_length, seed=index
    )
    arrays: dict[str, NDArray[Any]] = {"lengths": circuits.lengths, "codes": circuits.codes}
    random = np.random.default_rng([index, 1])
    for column in (header.schema.unitaries, *header.schema.extra):
        arrays[column.name] = _numbers(random, column, size)
    whole = Block(index, size, arrays)
    return whole.cut(header.records_in(index) if records is None else records)


def _numbers(random: np.random.Generator, column: Column, count: int) -> NDArray[Any]:
    dtype = np.dtype(column.dtype)
    shape = (count, *column.shape)
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        return random.integers(low, high, size=shape, dtype=dtype.type, endpoint=True)

    def real() -> NDArray[np.float64]:
        values = random.standard_normal(shape) * 10.0 ** random.integers(-30, 30, size=shape)
        return np.where(random.random(shape) < 0.2, 0.0, values)

    values = real() + 1j * real() if dtype.kind == "c" else real()
    return values.astype(dtype)


def same_bytes(got: NDArray[Any], want: NDArray[Any]) -> bool:
    """Whether two arrays agree in dtype, shape and every bit."""
    same_kind = got.dtype == want.dtype and got.shape == want.shape
    return same_kind and np.ascontiguousarray(got).tobytes() == want.tobytes()


def columns_in_words(schema: Schema) -> str:
    """The columns of a schema in words, for a message."""
    return ", ".join(f"{c.name} {c.dtype}{list(c.shape)}" for c in schema)
