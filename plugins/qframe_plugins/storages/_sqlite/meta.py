"""Reading the table `meta`, in which a file describes itself; it is checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw

from qframe import (
    Header,
    NotADataset,
    Recipe,
    StorageError,
    refuse_unknown,
    schema_from_data,
)
from qframe_plugins.storages._sqlite.connection import translated
from qframe_plugins.storages._sqlite.stored_form import UNITARY, Form
from qframe_plugins.storages._sqlite.tables import LAYOUTS, META_DDL, SEAL, seal

META_ROWS = 1000
"""More rows than the `meta` of any dataset has; a damaged B-tree may give rows without end."""


ROWS = {
    "block_records",
    "circuit",
    "codes_a_byte",
    "dataset_id",
    "dtype",
    "format",
    "how_to_read",
    "layout",
    "qframe_version",
    "qubits",
    "recipe",
    "recipe_id",
    "records",
    "schema",
    "seed",
    "shard_blocks",
    "shards",
    "stored_schema",
    "unitary",
    SEAL,
    *("circuit_order", "qubit_order", "phase"),
}
"""The rows that `meta` may have, beside those that begin with `about_`."""


def expect_tables(db: apsw.Connection, path: Path, ddl: Mapping[str, str]) -> None:
    """Refuses a table that was not made by its statement in `ddl`: a view could run without end.

    Raises:
        NotADataset: names the table.
    """
    for name, sql in ddl.items():
        found = db.execute(
            "SELECT type, sql FROM sqlite_schema WHERE name = ? LIMIT 2", (name,)
        ).fetchall()
        if found != [("table", sql)]:
            raise NotADataset(f"{path}: its table {name} is not that of a qframe dataset")


def read_meta(db: apsw.Connection, path: Path) -> dict[str, Any]:
    """All rows of `meta`, checked against their seal and the file's header.

    Raises:
        NotADataset: in one line.
    """
    with translated(path):
        expect_tables(db, path, {"meta": META_DDL})
        meta = dict(db.execute(f"SELECT key, value FROM meta LIMIT {META_ROWS}"))
        if not all(isinstance(k, str) and isinstance(v, str | int) for k, v in meta.items()):
            raise NotADataset(
                f"{path}: its meta table holds a value that is neither text nor integer"
            )
        if meta.get(SEAL) != seal(meta):
            raise NotADataset(
                f"{path}: its meta table is not what was written",
                hint="`qframe verify --repair --config CONFIG` makes it again",
            )
        if meta.get("dataset_id") != db.pragma("user_version"):
            raise NotADataset(
                f"{path}: its header and its meta table belong to two datasets",
                hint="was a -wal or -journal of another file beside it?",
            )
    return meta


def _refuse_later(meta: Mapping[str, Any]) -> None:
    """Refuses rows, and values of rows, that only a later version can have written."""
    names = {key for key in meta if not key.startswith("about_")}
    refuse_unknown("the table meta", names - ROWS)
    for key, known in (("layout", LAYOUTS), ("unitary", UNITARY)):
        refuse_unknown(
            f"the row {key} of the table meta", {str(meta.get(key, known[0]))} - {*known}
        )


def form_of(path: Path, meta: dict[str, Any], header: Header) -> Form:
    """Which columns of a record the file stores; without an entry all of them."""
    circuit = str(meta.get("circuit", "true"))
    if circuit not in ("true", "false"):
        raise NotADataset(f"{path}: circuit is {circuit[:20]!r}, want true or false")
    return Form(str(meta.get("unitary", header.recipe.dtype)), circuit == "true")


def header_of(path: Path, meta: dict[str, Any]) -> Header:
    """The header that `meta` describes.

    Raises:
        OtherFormat: it is of another format, or a later version wrote it.
        NotADataset: it cannot be read.
    """
    try:
        recipe = Recipe.from_text(meta["recipe"])
        _refuse_later(meta)
        schema = schema_from_data(json.loads(meta["schema"]))
        about = {k[6:]: str(v) for k, v in meta.items() if k.startswith("about_")}
        if meta["recipe_id"] != recipe.id or type(meta["records"]) is not int:
            raise ValueError("recipe id or number of records is wrong")
        return Header(recipe, schema, meta["records"], about).checked()
    except StorageError as cause:
        raise type(cause)(f"{path}: {cause.message}", hint=cause.hint) from cause
    except (KeyError, TypeError, ValueError, RecursionError) as cause:
        raise NotADataset(f"{path}: its meta table cannot be read: {cause!r}") from cause
