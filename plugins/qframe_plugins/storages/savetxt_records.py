"""Records as text files: writing them and reading them back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import (
    Arrays,
    Block,
    Header,
    NotADataset,
    Reader,
    RecordMissing,
    Stored,
    Writer,
)
from qframe_plugins.storages.savetxt_files import Files, translated, write_whole


class SaveTxtWriter(Writer):
    """Writes a block's matrices, then its ledger file."""

    def __init__(self, files: Files, header: Header) -> None:
        self._files = files
        self._header = header
        self._names = [str(placed) for placed in header.recipe.instructions.instructions]

    def write(self, blocks: Sequence[Block]) -> None:
        with translated(self._files.root):
            for block in blocks:
                self._write_matrices(block)
                path = self._files.ledger(block.index)
                path.parent.mkdir(parents=True, exist_ok=True)
                sha256 = block.checksum(self._header.schema).hex()
                write_whole(path, json.dumps({"records": block.records, "sha256": sha256}))

    def _write_matrices(self, block: Block) -> None:
        first = block.index * self._header.recipe.block
        extra = [column.name for column in self._header.schema[3:]]
        directory: Path | None = None
        for i in range(block.records):
            path = self._files.matrix(first + i)
            if path.parent != directory:
                directory = path.parent
                directory.mkdir(parents=True, exist_ok=True)
            codes = block.arrays["codes"][i, : int(block.arrays["lengths"][i])]
            lines = [", ".join(self._names[code] for code in codes.tolist())]
            lines += [f"{name}: {json.dumps(block.arrays[name][i].tolist())}" for name in extra]
            np.savetxt(path, block.arrays["unitaries"][i], header="\n".join(lines))

    def close(self) -> None:
        """Nothing is held open."""


class SaveTxtReader(Reader):
    """Reads the text files back."""

    def __init__(self, files: Files, header: Header) -> None:
        self.header = header
        self._files = files
        instructions = header.recipe.instructions
        self._codes = {str(placed): i for i, placed in enumerate(instructions.instructions)}

    def stored(self) -> Iterator[Stored]:
        size = self.header.recipe.block
        run: Stored | None = None
        for block, records, _ in self.checksums():
            full = records == size
            if run and full and run.last == block - 1:
                run = Stored(run.first, block, run.records + records)
                continue
            if run:
                yield run
            run = Stored(block, block, records)
            if not full:
                yield run
                run = None
        if run:
            yield run

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        for block in self._files.ledger_blocks():
            records, sha256 = self._ledger(block)
            yield block, records, sha256

    def _ledger(self, block: int) -> tuple[int, bytes]:
        path = self._files.ledger(block)
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            return int(row["records"]), bytes.fromhex(row["sha256"])
        except FileNotFoundError:
            raise RecordMissing(
                f"{self._files.root}: block {block} is not stored (yet)",
                hint="`qframe run` with the same config finishes the dataset",
            ) from None
        except (ValueError, KeyError, TypeError) as cause:
            raise NotADataset(f"{path} is damaged: {cause!r}") from cause

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        records, _ = self._ledger(block)
        end = records if stop is None else min(stop, records)
        arrays = {c.name: c.empty(end - start) for c in self.header.schema}
        first = block * self.header.recipe.block
        for i in range(start, end):
            self._read_one(self._files.matrix(first + i), i - start, arrays)
        return arrays

    def _read_one(self, path: Path, row: int, arrays: dict[str, NDArray[Any]]) -> None:
        try:
            with path.open(encoding="utf-8") as file:
                lines = [line[2:].rstrip("\n") for line in file if line.startswith("#")]
            matrix = np.loadtxt(path, dtype=complex, ndmin=2)
            codes = [self._codes[name] for name in lines[0].split(", ") if name]
            arrays["unitaries"][row] = matrix
            arrays["lengths"][row] = len(codes)
            arrays["codes"][row] = 0
            arrays["codes"][row, : len(codes)] = codes
            for line in lines[1:]:
                name, _, value = line.partition(": ")
                arrays[name][row] = json.loads(value)
        except (OSError, ValueError, KeyError, IndexError) as cause:
            raise NotADataset(f"{path} is damaged: {cause!r}") from cause

    def close(self) -> None:
        """Nothing is held open."""
