"""The tables of a dataset file, in both layouts, and the SQL that makes and fills them.

Every file has `meta` (key, value), `gates` (what each code stands for), `ledger` (which blocks are
stored, with checksums), `seq` (the integers from 0) and, if it stores circuits, the view `circuits`
(circuits as text). Layout `blocks` adds the table `blocks`, one row per block; layout `rows` adds
`records`, one row per record.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from qframe import Column, Header, NotADataset, Schema, __version__, schema_to_data
from qframe_plugins.storages._sqlite.circuits_view import circuits_view
from qframe_plugins.storages._sqlite.connection import APPLICATION_ID
from qframe_plugins.storages._sqlite.stored_form import Columns, Form

DIGEST_BYTES = 32
"""Bytes of a digest in the ledger."""

SEAL = "meta_sha256"
"""Key of the row of `meta` that holds the `seal` of the other rows."""

BYTES = bytes(range(256))
"""All bytes in order. `instr(BYTES, b) - 1` is the value of byte `b`; SQL has no other way."""

MAX_SHARDS = 99
"""Files that the records of one dataset may be spread over."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")

GATES_DDL = (
    "CREATE TABLE gates(code INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE, "
    "instruction TEXT NOT NULL, name TEXT NOT NULL, qubits TEXT NOT NULL, "
    "matrix TEXT NOT NULL)"
)
LEDGER_INSERT = (
    "INSERT OR REPLACE INTO ledger(block, records, drawn, stored, recipe) VALUES (?, ?, ?, ?, ?)"
)
LAYOUTS = ("blocks", "rows")
"""Values of the option `layout`."""

META_DDL = "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID"


def seal(meta: dict[str, Any]) -> str:
    """SHA-256 over the rows of `meta`, without the seal itself, as JSON with sorted keys."""
    rows = {key: value for key, value in meta.items() if key != SEAL}
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Tables:
    """The tables of one dataset file, and the SQL that makes and fills them.

    Attributes:
        header: of the dataset.
        layout: `blocks` or `rows`.
        form: which columns of a record the file stores.

    Raises:
        NotADataset: for another layout, or a column whose name is not a plain word.
    """

    header: Header
    layout: str
    form: Form

    application_id: ClassVar[int] = APPLICATION_ID

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise NotADataset(f"layout is {self.layout!r}, want blocks or rows")
        for column in self.header.schema:
            if not _NAME.match(column.name):
                raise NotADataset(f"column {column.name!r} is not a name of a dataset column")

    @cached_property
    def columns(self) -> Columns:
        """Encodes blocks. Codes are never packed in layout `rows`, which is there to be queried."""
        return Columns(self.header, self.form, packs=self.layout == "blocks")

    @property
    def stored(self) -> Schema:
        """The columns of the table of records."""
        return self.columns.stored

    @property
    def names(self) -> list[str]:
        """The names of the stored columns."""
        return list(self.stored.names)

    @property
    def needs_unitaries(self) -> bool:
        """Whether the unitaries of a block are stored, or belong to its digest."""
        return "unitaries" in self.names or not self.header.products

    def table_ddl(self) -> dict[str, str]:
        """The statement that makes each table, by the table's name."""
        return {
            "meta": META_DDL,
            "gates": GATES_DDL,
            "ledger": "CREATE TABLE ledger(block INTEGER PRIMARY KEY, records INTEGER NOT NULL, "
            "drawn BLOB NOT NULL, stored BLOB NOT NULL, recipe BLOB NOT NULL)",
            "seq": "CREATE TABLE seq(i INTEGER PRIMARY KEY)",
            self.table: self._records_ddl(),
        }

    def _records_ddl(self) -> str:
        if self.layout == "blocks":
            columns = ", ".join(f"{name} BLOB NOT NULL" for name in self.names)
            return f"CREATE TABLE blocks(block INTEGER PRIMARY KEY, {columns})"
        columns = ", ".join(
            f"{c.name} {'INTEGER' if is_integer(c) else 'BLOB'} NOT NULL" for c in self.stored
        )
        return f"CREATE TABLE records(id INTEGER PRIMARY KEY, {columns})"

    def view_ddl(self) -> dict[str, str]:
        """The statement that makes each view, by the view's name."""
        return {"circuits": circuits_view(self.columns, self.layout)} if self.form.circuit else {}

    @property
    def mark(self) -> bytes:
        """8 bytes of the recipe id that every ledger row has; rows of another dataset differ."""
        return bytes.fromhex(self.header.recipe.id)[:8]

    @property
    def table(self) -> str:
        """The table that holds the records."""
        return "blocks" if self.layout == "blocks" else "records"

    def meta(self, dataset_id: int) -> dict[str, str | int]:
        """The rows of `meta`: text and numbers that people can read.

        Args:
            dataset_id: a random number of this file, which is also its user version.
        """
        header = self.header
        recipe = header.recipe
        rows: dict[str, str | int] = {
            "format": "qframe dataset",
            "dataset_id": dataset_id,
            "qframe_version": __version__,
            "layout": self.layout,
            "records": header.records,
            "recipe": recipe.text,
            "recipe_id": recipe.id,
            "schema": json.dumps(schema_to_data(header.schema)),
            "block_records": recipe.block,
            "dtype": recipe.dtype,
            "qubits": recipe.instructions.qubits,
            "seed": str(recipe.seed),
            **recipe.data["conventions"],
            **{f"about_{key}": value for key, value in header.about.items()},
            "how_to_read": _HOW_TO_READ[self.layout],
            **self._meta_of_form(),
        }
        return {**rows, SEAL: seal(rows)}

    def _meta_of_form(self) -> dict[str, str | int]:
        """Rows of `meta` that describe what is stored, unless all columns are, unchanged."""
        if self.columns.plain:
            return {}
        packing = self.columns.packing
        return {
            "unitary": self.form.unitary,
            "circuit": "true" if self.form.circuit else "false",
            "stored_schema": json.dumps(schema_to_data(self.stored)),
            "codes_a_byte": 1 if packing is None else packing.codes_a_byte,
            "how_to_read": _HOW_TO_READ[self.layout] + _NOT_ALL,
        }

    def gates(self) -> Iterator[tuple[int, bytes, str, str, str, str]]:
        """The rows of `gates`."""
        instructions = self.header.recipe.instructions
        kind = instructions.code_dtype
        for code, placed in enumerate(instructions.instructions):
            matrix = [[[z.real, z.imag] for z in r] for r in instructions.matrix_of(code).tolist()]
            yield (
                code,
                kind.type(code).astype(kind).tobytes(),
                str(placed),
                placed.gate,
                json.dumps(placed.qubits),
                json.dumps(matrix),
            )

    def rows(self, dataset_id: int) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
        """The rows of a new file: statements, each with the rows that it inserts."""
        yield "INSERT INTO meta VALUES (?, ?)", self.meta(dataset_id).items()
        yield "INSERT INTO gates VALUES (?, ?, ?, ?, ?, ?)", self.gates()
        yield "INSERT INTO seq VALUES (?)", ((i,) for i in range(self.seq_size()))

    def seq_size(self) -> int:
        """Rows of `seq`, which numbers the records of a block and the places of a circuit."""
        return max(self.header.recipe.block, self.header.schema.max_length)

    def insert(self, *, even: bool = False) -> str:
        """The statement that stores a block.

        In layout `rows` one blob per column is bound, and SQLite cuts the rows out of it, so that
        Python never handles single rows. With `even` all circuits of the block have `:length` codes
        in `:width` bytes, and no row's length is looked up, which takes a quarter of the time.
        """
        if self.layout == "blocks":
            values = ", ".join(f":{name}" for name in self.names)
            return f"INSERT OR REPLACE INTO blocks(block, {', '.join(self.names)}) " + (
                f"VALUES (:block, {values})"
            )
        cuts = ", ".join(self._cut(column, even) for column in self.stored)
        return (
            f"INSERT OR REPLACE INTO records(id, {', '.join(self.names)}) "
            f"SELECT :first + i, {cuts} FROM seq WHERE i < :records ORDER BY i"
        )

    def _cut(self, column: Column, even: bool) -> str:
        """SQL for entry `i` of a column, cut out of the bound blob."""
        if even and column.name == "lengths":
            return ":length"
        if is_integer(column):
            return integer_at(f":{column.name}", "i", column, ":bytes")
        width: int | str = column.width
        if column.name == "codes":  # without the padding after the circuit
            lengths = self.header.schema.lengths
            length = integer_at(":lengths", "i", lengths, ":bytes")
            width = ":width" if even else f"{np.dtype(column.dtype).itemsize} * ({length})"
        return f"substr(:{column.name}, i * {column.width} + 1, {width})"


def marks(header: Header | None) -> tuple[bytes, ...]:
    """Bytes that only the files of a dataset hold: what each ledger row and `meta` have."""
    if header is None:
        return ()
    tables = Tables(header, "blocks", Form(header.recipe.dtype, True))
    return tables.mark, header.recipe.id.encode(), *(row[-1].encode() for row in tables.gates())


_HOW_TO_READ = {
    "blocks": (
        "Record r is entry r % block_records of row r / block_records of table blocks. A column is "
        "one array: entry i of lengths, codes and unitaries starts at byte i * width, with dtype "
        "and shape as in schema (little-endian, C order). Table gates says what a code stands for; "
        "SELECT * FROM circuits WHERE record = 5 shows a circuit in words."
    ),
    "rows": (
        "Record r is row r of table records: codes holds one code per gate, unitaries the matrix "
        "with dtype and shape as in schema (little-endian, C order). Table gates says what a code "
        "stands for; SELECT * FROM circuits WHERE record = 5 shows a circuit in words."
    ),
}

_NOT_ALL = (
    " Not everything is stored: the columns are those of stored_schema. If unitary is none, a "
    "unitary is the product of its circuit, and in layout blocks a byte of codes holds "
    "codes_a_byte codes, as digits in base (number of gates), the first code the least "
    "significant."
)


def is_integer(column: Column) -> bool:
    """Whether layout `rows` stores the column as INTEGER: an unsigned scalar."""
    return not column.shape and np.dtype(column.dtype).kind == "u"


def integer_at(blob: str, index: str, column: Column, table: str) -> str:
    """SQL for entry `index` of a little-endian array of unsigned integers in `blob`.

    `table` is SQL for `BYTES`.
    """
    width = column.width
    return " + ".join(
        f"((instr({table}, substr({blob}, {index} * {width} + {k + 1}, 1)) - 1) << {8 * k})"
        for k in range(width)
    )
