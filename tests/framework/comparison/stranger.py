"""A storage that knows qframe's public names and nothing of `qframe compare`: an .npz a block."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qframe import (
    Arrays,
    Block,
    Estimate,
    Header,
    NotADataset,
    PluginOptions,
    Reader,
    RecordMissing,
    Storage,
    Stored,
    Writer,
    record_width,
    stored_runs,
)


class NpzWriter(Writer):
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            arrays: Any = dict(block.arrays)
            np.savez(self._path / f"{block.index:09d}.npz", **arrays)

    def close(self) -> None:
        pass


class NpzReader(Reader):
    def __init__(self, path: Path) -> None:
        if not Npz.recognises(path):
            raise NotADataset(f"{path} is no npz dataset")
        self._path = path
        self.header = pickle.loads((path / "header").read_bytes())

    def stored(self) -> Iterator[Stored]:
        blocks = sorted(int(path.stem) for path in self._path.glob("*.npz"))
        rows = ((block, self.header.records_in(block)) for block in blocks)
        return stored_runs(rows, self.header.recipe.block)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return iter(())

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        try:
            with np.load(self._path / f"{block:09d}.npz") as arrays:
                return {name: arrays[name][start:stop] for name in arrays.files}
        except FileNotFoundError:
            raise RecordMissing(f"block {block}") from None

    def close(self) -> None:
        pass


class Npz(Storage[PluginOptions]):
    """An .npz file a block."""

    name = "npz"
    suffix = ".npz-dir"

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return (path / "header").is_file()

    def create(self, header: Header) -> None:
        self.path.mkdir()
        (self.path / "header").write_bytes(pickle.dumps(header))

    def resume(self, header: Header) -> None:
        (self.path / "header").write_bytes(pickle.dumps(header))

    def writer(self, header: Header) -> Writer:
        return NpzWriter(self.path)

    def finish(self) -> None:
        pass

    def reader(self) -> Reader:
        return NpzReader(self.path)

    def estimate(self, header: Header) -> Estimate:
        return Estimate(header.records * record_width(header.schema), header.blocks + 1)
