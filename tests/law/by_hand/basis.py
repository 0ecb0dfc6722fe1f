"""What all samplers by hand share: the recipe, raw words, and the product of a circuit."""

from __future__ import annotations

import importlib.util
import json
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cache, reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

EXAMPLE = Path(__file__).parents[3] / "examples" / "law.py"

Matrix = list[list[complex]]
RawWords = Callable[[int], int]


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("law_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


law: Any = _example()


class Row(NamedTuple):
    """One record.

    Attributes:
        codes: the circuit.
        unitary: real and imaginary parts, row by row; None if circuits are not multiplied.
        more: the further columns that are drawn, each with its format for `struct`.
    """

    codes: Sequence[int]
    unitary: tuple[float, ...] | None
    more: dict[str, tuple[str, int]]


class Basis(ABC):
    """The records of a recipe: base of the samplers.

    Args:
        text: the recipe.

    Attributes:
        multiplies: whether circuits are multiplied. With `arithmetic: exact` they are not.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.recipe = json.loads(text)
        self.block: int = self.recipe["block"]
        self.sampler = self.recipe["sampler"]
        self.options = self.sampler["options"]
        self.placed = self.recipe["gate_set"]["instructions"]
        self.codes = range(len(self.placed))
        self.dim = 2 ** self.recipe["gate_set"]["qubits"]
        gates = {gate["name"]: gate["matrix"] for gate in self.recipe["gate_set"]["gates"]}
        self.names = [name for name, *_ in self.placed]
        self.qubits = [tuple(on) for _, *on in self.placed]
        self.matrices = [law.placed(gates[name], on, self.dim) for name, *on in self.placed]
        decides = {"instructions": self.placed, "sampler": self.sampler}
        form = json.dumps(decides, sort_keys=True, separators=(",", ":"))
        self.namespace = sha256(form.encode()).digest()
        self.raw = cache(self._raw)
        self.multiplies = "arithmetic" not in self.recipe

    @abstractmethod
    def row(self, i: int) -> Row:
        """Record i."""

    def _raw(self, block: int, stream: int) -> RawWords:
        digest = sha256(self.namespace + struct.pack("<2Q", self.recipe["seed"], stream)).digest()
        key = struct.unpack("<2Q", digest[:16])
        output = cache(lambda n: law.philox(1 + n, block, 0, 0, *key))
        return lambda k: int(output(k // 4)[k % 4])

    def half(self, block: int, stream: int, place: int) -> int:
        return self.raw(block, stream)(place // 2) >> 32 * (place % 2) & 2**32 - 1

    def weighted(self, block: int, place: int) -> int:
        weights = self.options["weights"]
        if not weights:
            return int(law.integer(self.raw(block, 0), place, len(self.codes)))
        shares = [Fraction(weights.get(name, 1)) for name in self.names]
        ends = [round(2**32 * sum(shares[: c + 1]) / sum(shares)) for c in self.codes]
        half = self.half(block, 0, place)
        return sum(end <= half for end in ends[:-1])

    @property
    def lengths(self) -> tuple[int, int]:
        """The smallest and the largest length that the options allow."""
        length = self.options["length"]
        return (length["min"], length["max"]) if isinstance(length, dict) else (length, length)

    def circuit(self, codes: Sequence[int], more: dict[str, tuple[str, int]] | None = None) -> Row:
        if not self.multiplies:
            return Row(codes, None, more or {})
        fold, one = self.recipe["fold"], [[complex(r == c) for c in self.dims] for r in self.dims]
        words = [codes[start : start + fold] for start in range(0, len(codes), fold)]
        products = [reduce(law.after, [self.matrices[c] for c in word]) for word in words]
        return Row(codes, self.stored(reduce(law.after, products, one)), more or {})

    @property
    def dims(self) -> range:
        return range(self.dim)

    def stored(self, unitary: Matrix) -> tuple[float, ...]:
        parts = [part + 0.0 for row in unitary for z in row for part in (z.real, z.imag)]
        form = f"<{len(parts)}{self.float_format}"
        return struct.unpack(form, struct.pack(form, *parts))

    @property
    def float_format(self) -> str:
        return "f" if self.recipe["dtype"] == "complex64" else "d"

    def drawn(self, numbers: range, max_length: int) -> list[bytes]:
        """The bytes of the drawn columns of some records, a column after the other."""
        rows = [self.row(i) for i in numbers]
        length_format = "B" if max_length < 256 else "H"
        code_format = "B" if len(self.codes) <= 256 else "H"
        lengths = struct.pack(f"<{len(rows)}{length_format}", *(len(row.codes) for row in rows))
        padded = [[*row.codes, *[0] * (max_length - len(row.codes))] for row in rows]
        columns = [lengths, _packed(f"<{max_length}{code_format}", padded)]
        if self.sampler["name"] == "haar":
            unitaries = [row.unitary or () for row in rows]
            columns.append(_packed(f"<{len(unitaries[0])}{self.float_format}", unitaries))
        for name in rows[0].more:
            values = [row.more[name] for row in rows]
            columns.append(_packed(f"<{values[0][0]}", [[value] for _, value in values]))
        return columns

    def drawn_digest(self, numbers: range, max_length: int) -> bytes:
        """The digest `drawn` of a block that has these records."""
        digests = [blake3(column).digest() for column in self.drawn(numbers, max_length)]
        return blake3(b"".join(digests)).digest()


def _packed(form: str, rows: Iterable[Sequence[float]]) -> bytes:
    return b"".join(struct.pack(form, *row) for row in rows)
