"""Writing records as text files, and reading them back.

A file has comment lines and then the matrix. The first comment line is the circuit. Each further
one is a column that the sampler adds, as `name: JSON`. The line of an empty circuit is empty, and
np.savetxt leaves it out if no further comment line follows.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import (
    Arrays,
    Block,
    Column,
    Header,
    InstructionSet,
    NotADataset,
    Reader,
    RecordMissing,
    Stored,
    Writer,
    read_regular,
    shell_words,
    stored_digest,
    stored_runs,
)
from qframe_plugins.storages._savetxt.files import (
    Files,
    make_directory,
    new_file,
    translated,
    write_whole,
)

DIGEST_BYTES = 32
"""Bytes of a digest; a checksum in the ledger has two."""


class SaveTxtWriter(Writer):
    """Writes the matrices of a block, and then its ledger file."""

    counters: dict[str, float]

    def __init__(self, files: Files, header: Header) -> None:
        self._files = files
        self._header = header
        self._names = [str(placed) for placed in header.recipe.instructions.instructions]
        self._extra = header.schema.extra
        self._temporary = files.temporary()
        self.counters = {"commits": 0}

    def write(self, blocks: Sequence[Block]) -> None:
        with translated(self._files.root):
            for block in blocks:
                drawn = block.drawn(self._header.schema)
                written = self._write_matrices(block)
                checksum = drawn + stored_digest(block.index, block.records, drawn, written)
                path = self._files.ledger(block.index)
                make_directory(path.parent, self._files.root)
                write_whole(path, ledger_row(block.records, checksum), self._temporary)
                self.counters["commits"] += 1

    def _write_matrices(self, block: Block) -> Iterator[NDArray[np.uint8]]:
        """Writes the files of a block, one after another; gives the bytes of each."""
        # Files of a stored block are replaced as a whole: they must never be half written.
        replaces = self._files.ledger(block.index).exists()
        first = block.index * self._header.recipe.block
        directory: Path | None = None
        for i in range(block.records):
            path = self._files.matrix(first + i)
            if path.parent != directory:
                directory = path.parent
                make_directory(directory, self._files.root)
            codes = block.arrays["codes"][i, : int(block.arrays["lengths"][i])]
            lines = [", ".join(self._names[code] for code in codes.tolist())]
            lines += [f"{c.name}: {_to_json(c, block.arrays[c.name][i])}" for c in self._extra]
            into = self._temporary if replaces else path
            text = BytesIO()
            matrix = block.arrays["unitaries"][i]
            np.savetxt(text, matrix, header="\n".join(lines), encoding="utf-8")
            with new_file(into) as file:
                file.write(text.getbuffer())
            if replaces:
                into.replace(path)
            yield np.frombuffer(text.getvalue(), dtype=np.uint8)

    def close(self) -> None:
        """Removes the temporary file, if an error left one."""
        with translated(self._files.root):
            self._temporary.unlink(missing_ok=True)


class SaveTxtReader(Reader):
    """Reads records from the text files."""

    def __init__(self, files: Files, header: Header) -> None:
        self.header = header
        self._files = files
        instructions = header.recipe.instructions
        self._codes = {str(placed): i for i, placed in enumerate(instructions.instructions)}
        self._shape = header.schema.unitaries.shape
        self._extra = header.schema.extra

    def stored(self) -> Iterator[Stored]:
        rows = ((block, records) for block, records, _ in self.checksums())
        yield from stored_runs(rows, self.header.recipe.block)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        with translated(self._files.root):
            for block in self._files.ledger_blocks():
                records, checksum = self._ledger(block)
                yield block, records, checksum

    def _ledger(self, block: int) -> tuple[int, bytes]:
        path = self._files.ledger(block)
        try:
            text = _content(path).decode()
            row = json.loads(text)
            records, checksum = row["records"], bytes.fromhex(row["checksum"])
            if text != ledger_row(records, checksum) or not self._fits(records):
                raise ValueError("it is not as it was written")
            return records, checksum
        except FileNotFoundError:
            raise RecordMissing(
                f"{self._files.root}: block {block} is not stored (yet)",
                hint="`qframe run` with the same config finishes the dataset",
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError) as cause:
            raise NotADataset(f"{path} is damaged ({type(cause).__name__})") from cause

    def _fits(self, records: Any) -> bool:
        return type(records) is int and 1 <= records <= self.header.recipe.block

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:
        """See `Reader.proved_checksum`. The digest of what is stored is over the text files."""
        with translated(self._files.root):
            records, checksum = self._ledger(block)
            first = block * self.header.recipe.block
            texts = (
                np.frombuffer(_matrix_bytes(self._files.matrix(first + i)), dtype=np.uint8)
                for i in range(records)
            )
            drawn = checksum[:DIGEST_BYTES]
            if drawn + stored_digest(block, records, drawn, texts) != checksum:
                raise NotADataset(
                    f"{self._files.root}: block {block} is not what the ledger says",
                    hint=shell_words("qframe", "verify", self._files.root, "--repair"),
                )
            return records, checksum

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        with translated(self._files.root):
            records, _ = self._ledger(block)
            end = records if stop is None else min(stop, records)
            start = min(start, end)
            arrays = {c.name: c.empty(max(0, end - start)) for c in self.header.schema}
            first = block * self.header.recipe.block
            for i in range(start, end):
                self._read_one(self._files.matrix(first + i), i - start, arrays)
            return arrays

    def _read_one(self, path: Path, row: int, arrays: dict[str, NDArray[Any]]) -> None:
        try:
            text = _matrix_bytes(path).decode().split("\n")
            comments = [line[2:] for line in text if line.startswith("#")]
            if not any(text[len(comments) :]):
                raise ValueError("it has no matrix")
            matrix = np.loadtxt(text, dtype=complex, ndmin=2)
            if matrix.shape != self._shape:
                raise ValueError(f"its matrix is {matrix.shape}, want {self._shape}")
            circuit = comments[0] if comments else ""
            codes = [self._codes[name] for name in circuit.split(", ") if name]
            arrays["unitaries"][row] = matrix
            arrays["lengths"][row] = len(codes)
            arrays["codes"][row] = 0
            arrays["codes"][row, : len(codes)] = codes
            for column, line in zip(self._extra, comments[1:], strict=True):
                value = line.removeprefix(f"{column.name}: ")
                arrays[column.name][row] = _from_json(column, value)
        except (ValueError, KeyError, IndexError, RecursionError) as cause:
            what = type(cause).__name__  # and not its words, which may quote a stranger's file
            raise NotADataset(f"{path} is damaged ({what})") from cause

    def close(self) -> None:
        """Does nothing: no file stays open."""


def ledger_row(records: int, checksum: bytes) -> str:
    """The text of a ledger file."""
    return json.dumps({"records": records, "checksum": checksum.hex()})


def _matrix_bytes(path: Path) -> bytes:
    """The bytes of the file of a stored matrix.

    Raises:
        NotADataset: as `_content`, or there is none.
    """
    try:
        return _content(path)
    except FileNotFoundError as cause:
        raise NotADataset(f"{path} is damaged (it is not there)") from cause


def _content(path: Path) -> bytes:
    """The bytes of a file of the dataset.

    Raises:
        NotADataset: it is no regular file, or larger than any file of a dataset.
    """
    try:
        return read_regular(path, follow=False)
    except OSError as cause:
        if cause.errno not in (errno.EINVAL, errno.EFBIG):
            raise
        raise NotADataset(f"{path} {cause.strerror}") from cause


def _to_json(column: Column, value: Any) -> str:
    """One entry of a column as JSON; complex numbers are `[re, im]`."""
    exact = np.asarray(value, dtype=column.dtype)
    if exact.dtype.kind == "c":
        exact = np.stack([exact.real, exact.imag], axis=-1)
    return json.dumps(exact.tolist())


def _from_json(column: Column, text: str) -> NDArray[Any]:
    """One entry of a column, from its JSON."""
    dtype = np.dtype(column.dtype)
    if dtype.kind != "c":
        return np.array(json.loads(text), dtype=dtype)
    pairs = np.array(json.loads(text), dtype=np.float64)
    return np.ascontiguousarray(pairs).view(np.complex128)[..., 0].astype(dtype)


def unwritable(instructions: InstructionSet, extra: Sequence[Column]) -> str | None:
    """What comment lines cannot hold so that it can be read back, or None if they can hold all."""
    texts = [str(placed) for placed in instructions.instructions]
    for text in texts:
        if "," in text or text != text.strip() or len(text.splitlines()) != 1:
            return f"an instruction that reads {text!r} (no commas, no line breaks)"
    if len(set(texts)) < len(texts):
        return "two instructions that read the same"
    for column in extra:
        dtype = np.dtype(column.dtype)
        if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
            return f"column {column.name!r} of type {column.dtype}"
    return None
