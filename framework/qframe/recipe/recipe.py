"""The recipe: everything that decides the data, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qframe.circuits.arithmetic import fold_for
from qframe.circuits.costs import LABEL_NAMES
from qframe.circuits.instructions import InstructionSet
from qframe.errors import NotADataset, OtherFormat
from qframe.recipe.blocks import BLOCK_RECORDS

FORMAT = 2
"""Version of the law: of the block rule, the randomness, the arithmetic and the columns."""

NEWER = "install a newer version of qframe"
"""Hint for what a later version wrote."""

_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    RecursionError,
)
"""Exceptions that text which is no recipe may raise while it is read."""

_FIELDS = {
    "arithmetic",
    "block",
    "conventions",
    "derived",
    "dtype",
    "fold",
    "format",
    "gate_set",
    "key",
    "labels",
    "sampler",
    "seed",
}
"""The fields that a recipe may have."""

CONVENTIONS = {
    "circuit_order": "first gate acts first: U = G_L ... G_2 G_1",
    "qubit_order": "qubit 0 is the least significant bit of the basis index",
    "phase": "the global phase is that of the product; nothing is removed",
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the data, and nothing else.

    Attributes:
        instructions: the gates, placed on qubits, in code order.
        sampler: plain data: `name`, `version`, `options`, and `sha256` for a local file.
        seed: 0 to 2**64 - 1.
        dtype: `complex128`, or `complex64` (the double result rounded once).
        fold: number of codes of a word (`qframe.circuits.arithmetic`).
        block: number of records of a full block (`qframe.recipe.blocks`).
        arithmetic: `float` (`qframe.circuits.arithmetic`), or `exact`: each entry is the double
            that is nearest to the exact product (`qframe.rings`).
        key: None, or what the column `key` holds: `bits`, and `by`: `exact` or `tolerance`.
        labels: names of the columns of `qframe.circuits.costs`, in its order.
        derived: None, or how the records were chosen from those of the recipe without it:
            `operation`, `version`, `records` (number of records that it saw) and `by`. Record i is
            then the record of that recipe that the column `source` names.
    """

    instructions: InstructionSet
    sampler: Mapping[str, Any]
    seed: int
    dtype: str
    fold: int
    block: int
    arithmetic: str = "float"
    key: Mapping[str, Any] | None = None
    labels: tuple[str, ...] = ()
    derived: Mapping[str, Any] | None = None

    @cached_property
    def data(self) -> dict[str, Any]:
        """The recipe as plain data, which `text` holds. Fields with their defaults are left out."""
        exact = self.arithmetic == "exact" or (self.key or {}).get("by") == "exact"
        return {
            **({"arithmetic": self.arithmetic} if self.arithmetic != "float" else {}),
            **({"key": dict(self.key)} if self.key is not None else {}),
            **({"derived": dict(self.derived)} if self.derived is not None else {}),
            "format": FORMAT,
            "conventions": CONVENTIONS,
            "gate_set": self.instructions.to_data(exact),
            "sampler": dict(self.sampler),
            "seed": self.seed,
            "dtype": self.dtype,
            "fold": self.fold,
            "block": self.block,
            **({"labels": list(self.labels)} if self.labels else {}),
        }

    @property
    def source(self) -> Recipe:
        """The recipe that makes the records: this one without `derived`."""
        return self if self.derived is None else replace(self, derived=None)

    @cached_property
    def text(self) -> str:
        """The recipe as canonical JSON: sorted keys, no spaces, floats in shortest exact form."""
        return _canonical(self.data)

    @cached_property
    def id(self) -> str:
        """The recipe id: SHA-256 of `text`, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def namespace(self) -> bytes:
        """SHA-256 of what decides the circuits beside the seed: instructions and sampler.

        It is over canonical JSON, as `text`. Matrices, dtype, arithmetic, key and labels are not in
        it: recipes that differ only in these draw the same words, and so the same circuits, unless
        the sampler looks at the matrices.
        """
        placed = [[gate, *qubits] for gate, qubits in self.instructions.instructions]
        text = _canonical({"instructions": placed, "sampler": dict(self.sampler)})
        return hashlib.sha256(text.encode()).digest()

    @classmethod
    def from_text(cls, text: str) -> Recipe:
        """The recipe in `text`, which anyone may have written; nothing in it is executed.

        Raises:
            OtherFormat: if it is of another format, or has a field that this version does not know.
            NotADataset: if it is no recipe.
        """
        try:
            data = json.loads(text)
            _refuse_other_format(data["format"])
            recipe = cls(
                instructions=InstructionSet.from_data(data["gate_set"]),
                sampler=data["sampler"],
                seed=int(data["seed"]),
                dtype=str(data["dtype"]),
                fold=int(data["fold"]),
                block=int(data["block"]),
                arithmetic=data.get("arithmetic", "float"),
                key=data.get("key"),
                labels=tuple(data.get("labels", ())),
                derived=data.get("derived"),
            )
            recipe._check()
            same = recipe.text == text
        except _UNREADABLE as cause:
            raise NotADataset(f"the recipe cannot be read: {_one_line(cause)}") from cause
        if not same:
            refuse_unknown("the recipe", data.keys() - _FIELDS)
            raise NotADataset("the recipe is not in canonical form, or has a field that is unknown")
        return recipe

    def _check(self) -> None:
        """Raises ValueError for values that the law does not allow."""
        instructions = self.instructions
        if not isinstance(self.sampler, dict) or not isinstance(self.sampler.get("name"), str):
            raise ValueError("the sampler has no name")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed {self.seed} is out of range")
        if self.dtype not in ("complex128", "complex64"):
            raise ValueError(f"dtype {self.dtype!r} is unknown")
        if not 1 <= self.fold <= fold_for(len(instructions), instructions.qubits):
            raise ValueError(f"fold {self.fold} is more than the gate set allows")
        if not 1 <= self.block <= BLOCK_RECORDS:
            raise ValueError(f"block {self.block} is out of range")
        if self.labels != tuple(name for name in LABEL_NAMES if name in self.labels):
            raise ValueError("the labels are unknown, or not in their order")
        self._check_exactness()

    def _check_exactness(self) -> None:
        if self.arithmetic not in ("float", "exact"):
            raise ValueError(f"arithmetic {self.arithmetic!r} is unknown")
        if self.key is not None and (
            self.key.keys() != {"bits", "by"}
            or self.key["bits"] not in (64, 128)
            or self.key["by"] not in ("exact", "tolerance")
        ):
            raise ValueError(f"key {_short(self.key)} is unknown")
        needs_ring = self.arithmetic == "exact" or (self.key or {}).get("by") == "exact"
        if needs_ring and self.instructions.exact is None:
            raise ValueError("the gates do not lie in a ring")
        if self.derived is not None and (
            self.derived.keys() != {"operation", "version", "records", "by"}
            or self.derived["operation"] != "dedup"
            or type(self.derived["records"]) is not int
        ):
            raise ValueError(f"derived {_short(self.derived)} is unknown")


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _refuse_other_format(found: Any) -> None:
    if type(found) is not int or found < 1:
        raise ValueError(f"format {_short(found)}")
    if found != FORMAT:
        older = "make the dataset again: qframe run CONFIG --output NEW"
        raise OtherFormat(
            f"the recipe has format {_short(found)}, this version of qframe reads format {FORMAT}",
            hint=older if found < FORMAT else NEWER,
        )


def refuse_unknown(where: str, names: Iterable[str]) -> None:
    """Refuses what a later version may have added: to pass over it would be to misread the data.

    Args:
        where: what has the names, for the message.
        names: the names that are not known.

    Raises:
        OtherFormat: there are such names.
    """
    found = [_short(name) for name in sorted(names)]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise OtherFormat(
            f"{where} has what this version of qframe does not know: {', '.join(found[:3])}{more}",
            hint=NEWER,
        )


def _one_line(cause: BaseException) -> str:
    return f"{type(cause).__name__}: {cause}".splitlines()[0][:200]


def differences(stored: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """The fields in which the `data` of two recipes differ, one sentence per field.

    Args:
        stored: `data` of the recipe of a dataset.
        wanted: `data` of the recipe of a config.
        path: path of the field that is compared; empty for the whole recipe.
    """
    if isinstance(stored, dict) and isinstance(wanted, dict):
        for key in sorted(stored.keys() | wanted.keys()):
            yield from differences(
                stored.get(key), wanted.get(key), f"{path}.{key}" if path else key
            )
    elif stored != wanted:
        yield f"{path}: stored has {_short(stored)}, the config says {_short(wanted)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
