"""Storage `savetxt`: one `np.savetxt` file per matrix, for comparison."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field

from qframe import (
    Estimate,
    Header,
    Loss,
    NotADataset,
    PluginOptions,
    Reader,
    Recipe,
    Storage,
    StorageError,
    Writer,
    hookimpl,
    read_regular,
    record_width,
    refuse_unknown,
    schema_from_data,
    schema_to_data,
)
from qframe_plugins.storages._savetxt.files import HEADER, Files, translated, write_whole
from qframe_plugins.storages._savetxt.records import SaveTxtReader, SaveTxtWriter, unwritable

FORMAT = "qframe savetxt dataset"
"""How the dataset's JSON file names its format."""

SEAL = "facts_sha256"
"""Field of the JSON file that proves the others."""

ENTRY_BYTES = 52
"""Bytes that `np.savetxt` writes for one complex entry in its default format, with separator."""

DISK_BLOCK = 4096
"""Bytes that the smallest file takes on most disks."""

FIELDS = {
    "about",
    "flat",
    "format",
    "gates",
    "how_to_read",
    "recipe",
    "recipe_id",
    "records",
    "schema",
    SEAL,
    *("circuit_order", "qubit_order", "phase"),
}
"""The fields that the JSON file may have."""

HOW_TO_READ = (
    "np.loadtxt(path, dtype=complex) reads the matrix of record 000123456789 from "
    "matrices/000/123/456/000123456789.txt (flat: from 000123456789.txt). The file's first comment "
    "line is the circuit, each gate with its qubits, the first gate acts first; without a comment "
    "line the circuit is empty. A block is stored once its file is in ledger/. "
    "In Python: qframe.open(directory)."
)


class SaveTxtOptions(PluginOptions):
    """Options of `savetxt`."""

    flat: bool = Field(
        False, description="all files in one directory, instead of at most 1,000 per directory"
    )


class SaveTxt(Storage[SaveTxtOptions]):
    """One np.savetxt file per matrix, with the gates in its header line; slow, for comparison.

    YAML that selects it::

        storage: {plugin: savetxt, flat: false}

    Such data is often kept in this way. `np.loadtxt(path, dtype=complex)` reads each file. A block
    counts as stored once its small ledger file exists, which is moved into place after all matrices
    of the block are written. Writing a block again writes the same bytes.
    """

    name = "savetxt"
    suffix = ".savetxt"
    compared = ({"flat": True},)
    kill_may_cost: Loss = "nothing"
    power_cut_may_cost: Loss = "damage"  # nothing is synced
    task_bytes = 1  # one block per task: it takes as long as hundreds do elsewhere
    Options = SaveTxtOptions

    @classmethod
    def recognises(cls, path: Path) -> bool:
        try:
            return _facts(path).get("format") == FORMAT
        except (OSError, ValueError, RecursionError):
            return False

    @classmethod
    def bears_mark(cls, path: Path, header: Header | None = None) -> bool:  # noqa: ARG003
        """Whether the directory has files that are named as those of a dataset are."""
        files = Files(path, flat=False)
        named = files.ledger(0).is_file() and any(
            Files(path, flat).matrix(0).is_file() for flat in (False, True)
        )
        return cls.recognises(path) or named or _is_written(files.header)

    def check(self, header: Header) -> None:
        """Refuses what text files cannot hold, and more files than the disk has inodes left."""
        problem = unwritable(header.recipe.instructions, header.schema.extra)
        if problem is None and header.records > 10**12:
            problem = f"{header.records:,} records (at most {10**12:,})"
        if problem is not None:
            raise StorageError(f"storage savetxt cannot hold {problem}", hint="use storage: sqlite")
        ancestor = self.path.absolute()
        while not ancestor.exists():
            ancestor = ancestor.parent
        if not os.access(ancestor, os.W_OK | os.X_OK):
            raise StorageError(
                f"{self.path} cannot be written: {ancestor} is not writable",
                hint="name another --output, or change its permissions",
            )
        disk = os.statvfs(ancestor)
        free = disk.f_favail
        need = self._files_to_make(header)
        if disk.f_files and free < need:
            need -= self._files_half_stored(header)
        if disk.f_files and free < need:  # file systems that make inodes on demand say 0
            raise StorageError(
                f"{self.path} needs about {need:,} files, {free:,} inodes are free there",
                hint="use storage: sqlite, which needs one file, or ask for fewer records",
            )

    def _files_to_make(self, header: Header) -> int:
        """Files and directories that the complete dataset has more than are stored."""
        stored = 0
        if self.recognises(self.path):
            with self.reader() as reader:
                stored = reader.stored_records()
        files = max(0, self.estimate(header).files - stored)
        return files + files // 900 + 10  # the directories

    def _files_half_stored(self, header: Header) -> int:
        """Matrices of blocks that are not stored yet; their files will be overwritten."""
        if not self.recognises(self.path):
            return 0
        files = self._files()
        size = header.recipe.block
        return sum(
            files.matrix(record).exists()
            for block in range(header.blocks)
            if not files.ledger(block).exists() and files.matrix(block * size).exists()
            for record in range(block * size, min(header.records, (block + 1) * size))
        )

    def create(self, header: Header) -> None:
        """Builds the directory under another name and moves it into place."""
        new = self.path.with_name(f".{self.path.name}.new")
        with translated(self.path):
            if self.path.is_symlink() or (
                self.path.exists() and not _is_empty_directory(self.path)
            ):
                raise StorageError(f"{self.path} exists already")
            if new.is_dir():
                shutil.rmtree(new)
            new.unlink(missing_ok=True)
            try:
                (new / "ledger").mkdir(parents=True)
                self._write_header(new, header)
                new.rename(self.path)
            except OSError:
                shutil.rmtree(new, ignore_errors=True)
                raise

    def resume(self, header: Header) -> None:
        self.finish()
        with translated(self.path):
            self._write_header(self.path, header, flat=self._files().flat)

    def _write_header(self, root: Path, header: Header, flat: bool | None = None) -> None:
        """Writes the dataset's JSON file into `root`."""
        recipe = header.recipe
        facts = {
            "format": FORMAT,
            "how_to_read": HOW_TO_READ,
            "flat": self.options.flat if flat is None else flat,
            "records": header.records,
            "recipe_id": recipe.id,
            "gates": [str(placed) for placed in recipe.instructions.instructions],
            **recipe.data["conventions"],
            "schema": schema_to_data(header.schema),
            "about": header.about,
            "recipe": recipe.text,
        }
        text = json.dumps({**facts, SEAL: _seal(facts)}, indent=1, ensure_ascii=False)
        write_whole(root / HEADER, text, Files(root, False).temporary())

    def writer(self, header: Header) -> Writer:
        with translated(self.path):
            return SaveTxtWriter(self._files(), header)

    def finish(self) -> None:
        """Removes files that killed writers left half written."""
        with translated(self.path):
            for path in self._files().half_written():
                path.unlink(missing_ok=True)

    def finished(self) -> bool:
        return not any(self._files().half_written())

    def reader(self) -> Reader:
        if not self.recognises(self.path):
            absent = suppress(FileNotFoundError, NotADirectoryError)
            with translated(self.path), absent:
                (self.path / HEADER).stat()  # without permission, nothing is known
            raise NotADataset(f"{self.path} is not a savetxt dataset")
        return SaveTxtReader(self._files(), _header(self.path))

    def _files(self) -> Files:
        """The paths of the dataset; its own option `flat` decides, not the config's."""
        return Files(self.path, _facts(self.path).get("flat") is True)

    def made_with(self) -> SaveTxtOptions:
        """The options, with the arrangement of the files that the dataset has."""
        return self.options.model_copy(update={"flat": self._files().flat})

    def estimate(self, header: Header) -> Estimate:
        entries = header.recipe.instructions.dim**2
        instructions = header.recipe.instructions.instructions
        words = header.schema.max_length * (_mean([len(str(i)) for i in instructions]) + 2)
        text = entries * ENTRY_BYTES + words + 3 * record_width(header.schema.extra)
        file = -(-round(text) // DISK_BLOCK) * DISK_BLOCK
        files = header.records + header.blocks + 1
        size = header.records * file + (header.blocks + 1) * DISK_BLOCK
        largest = header.records + 2 if self.options.flat else min(1000, header.records)
        return Estimate(size, files, largest)


def _is_written(path: Path) -> bool:
    """Whether the file, maybe damaged, is the JSON file of a dataset."""
    try:
        return FORMAT.encode() in read_regular(path, follow=False)
    except OSError:
        return False


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


def _is_empty_directory(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _facts(path: Path) -> dict[str, Any]:
    """The content of the dataset's JSON file."""
    facts = json.loads(read_regular(path / HEADER, follow=False).decode("utf-8"))
    if not isinstance(facts, dict):
        raise ValueError(f"{path / HEADER} is not a JSON object")
    return facts


def _header(path: Path) -> Header:
    try:
        facts = _facts(path)
        recipe = _recipe(facts)
        if facts[SEAL] != _seal(facts):
            raise NotADataset("it is not what was written")
        refuse_unknown("it", facts.keys() - FIELDS)
        schema = schema_from_data(facts["schema"])
        about = {key: str(value) for key, value in facts["about"].items()}
        return Header(recipe, schema, int(facts["records"]), about).checked()
    except StorageError as cause:
        raise type(cause)(f"{path / HEADER}: {cause.message}", hint=cause.hint) from cause
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as cause:
        what = type(cause).__name__  # and not its words, which may quote a stranger's file
        raise NotADataset(f"{path / HEADER} is not what a dataset has ({what})") from cause


def _recipe(facts: dict[str, Any]) -> Recipe:
    """The recipe, whose id is proved first: a damaged one is not one of another format."""
    text = facts["recipe"]
    if facts["recipe_id"] != hashlib.sha256(text.encode()).hexdigest():
        raise NotADataset("its recipe is not what was written")
    return Recipe.from_text(text)


def _seal(facts: dict[str, Any]) -> str:
    """SHA-256 over the fields, without the seal itself, as JSON with sorted keys and no spaces."""
    fields = {key: value for key, value in facts.items() if key != SEAL}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [SaveTxt]
