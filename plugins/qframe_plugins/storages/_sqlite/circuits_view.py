"""The view `circuits` of a dataset file: circuits as text and labels as numbers, for any SQL tool.

DuckDB parses the text of a view and prints it again, in which literals of bytes do not survive: so
a byte is looked up by its two hexadecimal digits. Datasette binds every value as text: columns that
are computed are cast, so that SQLite compares them as numbers.
"""

from __future__ import annotations

import numpy as np

from qframe import Column
from qframe_plugins.storages._sqlite.stored_form import Columns

_BYTES = "'" + " ".join(f"{value:02X}" for value in range(256)) + "'"
"""All bytes in order, as an SQL text. The digits of byte `b` stand at place `3 * b + 1`."""


def circuits_view(columns: Columns, layout: str) -> str:
    """The statement that makes the view: `SELECT * FROM circuits WHERE record = 5`."""
    labels = [label for label in columns.header.recipe.labels if label in columns.stored.names]
    source = _from_blocks(columns, labels) if layout == "blocks" else _from_rows(columns, labels)
    more = "".join(f", {label}" for label in labels)
    return (
        "CREATE VIEW circuits AS SELECT record, block, i, length, "
        "(SELECT group_concat(instruction, ', ') FROM (SELECT g.instruction FROM seq p "
        f"JOIN gates g ON {_is_code_of_place(columns, 'g', 'c.codes', 'p.i')} "
        f"WHERE p.i < c.length ORDER BY p.i)) AS gates{more} FROM ({source}) c"
    )


def _from_blocks(columns: Columns, labels: list[str]) -> str:
    """One row per record of the table `blocks`."""
    row = columns.stored.codes.width
    schema = {column.name: column for column in columns.stored}
    more = "".join(f", {_integer('b', schema[label])} AS {label}" for label in labels)
    return (
        f"SELECT CAST(b.block * {columns.header.recipe.block} + s.i AS INTEGER) AS record, "
        f"b.block AS block, s.i AS i, {_integer('b', schema['lengths'])} AS length{more}, "
        f"substr(b.codes, s.i * {row} + 1, {row}) AS codes "
        "FROM ledger l JOIN blocks b ON b.block = l.block JOIN seq s ON s.i < l.records"
    )


def _from_rows(columns: Columns, labels: list[str]) -> str:
    """The rows of the table `records`."""
    block = columns.header.recipe.block
    more = "".join(f", {label}" for label in labels)
    return (
        f"SELECT id AS record, CAST(id / {block} AS INTEGER) AS block, "
        f"CAST(id % {block} AS INTEGER) AS i, lengths AS length{more}, codes FROM records"
    )


def _integer(table: str, column: Column) -> str:
    """SQL for entry `s.i` of an array of unsigned little-endian integers."""
    width = column.width
    entries = (
        f"({_byte(f'{table}.{column.name}', f's.i * {width} + {k + 1}')}) * {256**k}"
        for k in range(width)
    )
    return f"CAST({' + '.join(entries)} AS INTEGER)"


def _byte(blob: str, place: str) -> str:
    """SQL for the value of a byte; the first has place 1."""
    # One `substr`: each takes the blob anew, which is what a query spends its time on.
    return f"CAST((instr({_BYTES}, hex(substr({blob}, {place}, 1))) - 1) / 3 AS INTEGER)"


def _is_code_of_place(columns: Columns, gates: str, codes: str, place: str) -> str:
    """SQL condition: a row of `gates` has the code at a place of a circuit."""
    packing = columns.packing
    width = np.dtype(columns.header.schema.codes.dtype).itemsize
    if packing is None:
        return f"{gates}.bytes = substr({codes}, {place} * {width} + 1, {width})"
    step = packing.codes_a_byte
    # Division of whole numbers, in SQLite and in DuckDB.
    byte = _byte(codes, f"CAST(({place} - {place} % {step}) / {step} AS INTEGER) + 1")
    power = "".join(f" WHEN {k} THEN {packing.digit**k}" for k in range(step))
    place_value = f"CASE {place} % {step}{power} END"
    return (
        f"{gates}.code = CAST((({byte}) - ({byte}) % {place_value}) / {place_value} AS INTEGER) "
        f"% {packing.digit}"
    )
