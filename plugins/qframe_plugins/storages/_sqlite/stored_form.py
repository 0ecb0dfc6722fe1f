"""Which columns of a record a file stores, and how they are encoded.

The recipe and the logical record do not depend on this, nor does a block's digest of what was
drawn. Its digest of what is stored does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import (
    Arrays,
    Circuits,
    Column,
    Engine,
    ExactEngine,
    Header,
    NotADataset,
    PluginOptions,
    Schema,
    StorageError,
    stored_digest,
)
from qframe_plugins.storages._sqlite.packed_codes import Packing

UNITARY = ("complex128", "complex64", "none")
"""Values of the option `unitary`."""


@dataclass(frozen=True)
class Form:
    """Which columns of a record a file stores.

    Attributes:
        unitary: dtype of the stored unitaries, or `none`.
        circuit: whether circuits are stored.

    Raises:
        NotADataset: no file can have this form.
    """

    unitary: str
    circuit: bool

    def __post_init__(self) -> None:
        if self.unitary not in UNITARY or type(self.circuit) is not bool:
            raise NotADataset(
                f"no file stores unitary: {self.unitary!r} and circuit: {self.circuit!r}"
            )
        if self.unitary == "none" and not self.circuit:
            raise NotADataset("neither unitaries nor circuits would be stored")

    def __str__(self) -> str:
        return f"unitary: {self.unitary}, circuit: {str(self.circuit).lower()}"


def form_for(header: Header, unitary: str | None, circuit: bool | None) -> Form:
    """The form of a new file.

    Args:
        header: of the dataset.
        unitary: the option; None means the recipe's dtype.
        circuit: the option; None means true.

    Raises:
        StorageError: the records could not be read back from what would be stored.
    """
    dtype = header.recipe.dtype
    form = None if unitary == "none" and circuit is False else Form(unitary or dtype, True)
    if form is None:
        raise StorageError(
            "storage: unitary: none with circuit: false stores nothing",
            hint="leave one of the two out, or use no storage at all: qframe.open(config)",
        )
    if unitary == "none" and not header.products:
        raise StorageError(
            f"storage: unitary: none needs unitaries that are the circuits' products; the sampler "
            f"{header.recipe.sampler['name']!r} gives its own",
            hint="leave storage.unitary out",
        )
    if unitary == "complex128" and dtype == "complex64":
        raise StorageError(
            "storage: unitary: complex128, but the recipe's dtype is complex64",
            hint="leave storage.unitary out, or set dtype: complex128",
        )
    return replace(form, circuit=circuit is not False)


@dataclass(frozen=True)
class Columns:
    """Converts the columns of a block into those of a table, and back.

    Attributes:
        header: of the dataset.
        form: which columns are stored.
        packs: whether codes are packed if unitaries are not stored.
    """

    header: Header
    form: Form
    packs: bool

    @property
    def plain(self) -> bool:
        """Whether every column is stored as the recipe makes it."""
        return self.form == Form(self.header.recipe.dtype, True)

    @cached_property
    def packing(self) -> Packing | None:
        """How codes are packed, or None if they are not."""
        codes = self.header.schema.codes
        if not self.packs or self.form.unitary != "none" or codes.dtype != "|u1":
            return None
        packing = Packing(len(self.header.recipe.instructions), self.header.schema.max_length)
        return packing if packing.codes_a_byte > 1 else None

    @cached_property
    def shown(self) -> Schema:
        """The columns that reading a block gives."""
        schema = self.header.schema
        unitaries = schema.unitaries
        if self.form.unitary == "complex64":
            unitaries = replace(unitaries, dtype="<c8")
        circuits = (schema.lengths, schema.codes) if self.form.circuit else ()
        return Schema((*circuits, unitaries, *schema.extra))

    @cached_property
    def stored(self) -> Schema:
        """The columns of the table."""
        shown = (c for c in self.shown if c.name != "unitaries" or self._unitary)
        return Schema(tuple(self._stored(column) for column in shown))

    @property
    def _unitary(self) -> bool:
        return self.form.unitary != "none"

    def _stored(self, column: Column) -> Column:
        if column.name == "codes" and self.packing is not None:
            return replace(column, shape=(self.packing.width,))
        return column

    def encode(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """A block's columns as the table stores them, C-contiguous."""
        return {c.name: np.ascontiguousarray(self._encoded(c, arrays)) for c in self.stored}

    def _encoded(self, column: Column, arrays: Arrays) -> NDArray[Any]:
        array = arrays[column.name]
        if column.name == "codes" and self.packing is not None:
            return self.packing.pack(array)
        return array.astype(column.dtype, copy=False)

    def decode(self, arrays: Arrays) -> Arrays:
        """The columns that reading a block gives, from those of the table.

        Raises:
            ValueError: no circuit has these codes or lengths; nothing is computed from them.
        """
        if self._unitary:
            return arrays
        circuits = self._circuits(arrays)
        _, _, unitaries, *extra = self.header.schema
        made = unitaries.empty(len(circuits))
        self._engine.multiply(circuits, made)
        return {
            "lengths": circuits.lengths,
            "codes": circuits.codes,
            "unitaries": made,
            **{c.name: arrays[c.name] for c in extra},
        }

    def _circuits(self, arrays: Arrays) -> Circuits:
        lengths, codes = arrays["lengths"], arrays["codes"]
        if self.packing is not None:
            codes = self.packing.unpack(codes)
        top = len(self.header.recipe.instructions)
        if int(codes.max(initial=0)) >= top:
            raise ValueError(f"holds code {codes.max()}, want 0 to {top - 1}")
        if int(lengths.max(initial=0)) > codes.shape[1]:
            raise ValueError(f"holds length {lengths.max()}, want at most {codes.shape[1]}")
        return Circuits(codes, lengths)

    @cached_property
    def _engine(self) -> Engine[Any] | ExactEngine:
        """Multiplies out what is not stored. It never depends on the engine that wrote the file."""
        # Imported here: a file that holds its unitaries needs no engine.
        from qframe_plugins.engines.numpy import NumpyEngine

        recipe = self.header.recipe
        if recipe.arithmetic == "exact":
            return ExactEngine(recipe.instructions)
        return NumpyEngine(PluginOptions(), recipe.instructions, recipe.fold)

    def check(self, arrays: Arrays) -> None:
        """Raises ValueError if the table's codes or lengths are those of no circuit."""
        if self.form.circuit:
            self._circuits(arrays)

    def stored_digest(self, block: int, records: int, drawn: bytes, arrays: Arrays) -> bytes:
        """The digest of the table's columns of a block: see `qframe.stored_digest`."""
        columns = [arrays[column.name] for column in self.stored]
        return stored_digest(block, records, drawn, columns)
