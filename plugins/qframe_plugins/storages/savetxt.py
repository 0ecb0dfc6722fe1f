"""One `np.savetxt` file a matrix: how such data is often kept, to compare with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import Field

from qframe import (
    Estimate,
    Header,
    NotADataset,
    PluginOptions,
    Reader,
    Recipe,
    Storage,
    StorageError,
    Writer,
    hookimpl,
    schema_from_data,
    schema_to_data,
)
from qframe_plugins.storages.savetxt_files import HEADER, Files, translated, write_whole
from qframe_plugins.storages.savetxt_records import SaveTxtReader, SaveTxtWriter

FORMAT = "qframe savetxt dataset"
ENTRY_BYTES = 52
"""What `np.savetxt` writes for one complex entry in its default format, with its separator."""


class SaveTxtOptions(PluginOptions):
    """Options of `savetxt`."""

    flat: bool = Field(
        False, description="all files in one directory, instead of at most 1,000 in each"
    )


class SaveTxt(Storage[SaveTxtOptions]):
    """One np.savetxt file a matrix, with the gate names in its header line; slow, for comparison.

    YAML that selects it::

        storage: {plugin: savetxt, flat: false}

    `np.loadtxt(path, dtype=complex)` reads each file. A block counts as stored once its small
    ledger file is there, which is moved into place after the block's matrices are closed; writing
    a block again writes the same bytes.
    """

    name = "savetxt"
    suffix = ".savetxt"
    task_bytes = 1  # one block a task: a block takes as long as hundreds do elsewhere
    Options = SaveTxtOptions

    @classmethod
    def recognises(cls, path: Path) -> bool:
        try:
            return _facts(path).get("format") == FORMAT
        except (OSError, ValueError):
            return False

    def check(self, header: Header) -> None:
        """Refuses more files than the file system has inodes left."""
        there = self.path.absolute()
        while not there.exists():
            there = there.parent
        free = os.statvfs(there).f_favail
        need = self.estimate(header).files
        if 0 < free < need:  # some file systems make inodes as they go, and say 0
            raise StorageError(
                f"{self.path} needs about {need:,} files, {free:,} inodes are free there",
                hint="use storage: sqlite, which needs one file, or ask for fewer records",
            )

    def create(self, header: Header) -> None:
        """Builds the directory under another name and moves it into place."""
        new = self.path.with_name(f".{self.path.name}.new")
        with translated(self.path):
            if self.path.exists():
                raise StorageError(f"{self.path} exists already")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            self._write_header(new, header)
            new.rename(self.path)

    def resume(self, header: Header) -> None:
        with translated(self.path):
            self._write_header(self.path, header, flat=_facts(self.path)["flat"])

    def _write_header(self, root: Path, header: Header, flat: bool | None = None) -> None:
        recipe = header.recipe
        facts = {
            "format": FORMAT,
            "flat": self.options.flat if flat is None else flat,
            "records": header.records,
            "recipe_id": recipe.id,
            "gates": [str(placed) for placed in recipe.instructions.instructions],
            **recipe.data["conventions"],
            "schema": schema_to_data(header.schema),
            "about": header.about,
            "recipe": recipe.text,
        }
        write_whole(root / HEADER, json.dumps(facts, indent=1))

    def writer(self, header: Header) -> Writer:
        with translated(self.path):
            return SaveTxtWriter(self._files(), header)

    def finish(self) -> None:
        """Nothing is left over: every file is closed as soon as it is written."""

    def reader(self) -> Reader:
        if not self.recognises(self.path):
            raise NotADataset(f"{self.path} is not a savetxt dataset")
        return SaveTxtReader(self._files(), _header(self.path))

    def _files(self) -> Files:
        # The dataset's own arrangement, not the config's, decides.
        return Files(self.path, bool(_facts(self.path)["flat"]))

    def estimate(self, header: Header) -> Estimate:
        entries = header.recipe.instructions.dim**2
        text = entries * ENTRY_BYTES + 8 * header.schema[1].shape[0]
        files = header.records + header.blocks + 1
        return Estimate(header.records * text + header.blocks * 100, files)


def _facts(path: Path) -> dict[str, Any]:
    facts = json.loads((path / HEADER).read_text(encoding="utf-8"))
    if not isinstance(facts, dict):
        raise ValueError(f"{path / HEADER} is no JSON object")
    return facts


def _header(path: Path) -> Header:
    try:
        facts = _facts(path)
        return Header(
            Recipe.from_text(facts["recipe"]),
            schema_from_data(facts["schema"]),
            int(facts["records"]),
            {key: str(value) for key, value in facts["about"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise NotADataset(f"{path / HEADER} cannot be read: {cause!r}") from cause


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [SaveTxt]
