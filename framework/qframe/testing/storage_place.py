"""StoragePlace: tests that a storage leaves what is not its own alone, and leaves no litter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qframe.contracts.storage import Storage
from qframe.errors import NotADataset, StorageError
from qframe.testing.examples import example_block, example_header
from qframe.testing.plugin import require
from qframe.testing.storage_tests import SMALL, StorageTests, example_blocks
from qframe.testing.stored_blocks import require_holds


class StoragePlace(StorageTests):
    """Part of `StorageContract`: the path of the dataset, and what lies there and beside it."""

    def test_a_place_in_use_is_left_alone(self, storage: Storage[Any]) -> None:
        storage.path.write_text("mine")
        with pytest.raises(StorageError):
            storage.create(SMALL)
        require(storage.path.read_text() == "mine", "create() changed a file that was there")
        _require_alone(storage)

    def test_a_directory_in_use_is_left_alone(self, storage: Storage[Any]) -> None:
        storage.path.mkdir()
        (storage.path / "note").write_text("mine")
        with pytest.raises(StorageError):
            storage.create(SMALL)
        require(
            [p.name for p in storage.path.iterdir()] == ["note"],
            "create() changed a directory that was there",
        )
        _require_alone(storage)

    def test_what_a_killed_create_left_is_no_hindrance(self, tmp_path: Path) -> None:
        first = self.at(tmp_path / "a" / f"x{self.plugin.suffix}")
        first.create(SMALL)
        storage = self.at(tmp_path / "b" / f"x{self.plugin.suffix}")
        if first.path.is_dir():
            first.path.rename(storage.path.with_name(f".{storage.path.name}.new"))
        else:
            storage.path.with_name(f".{storage.path.name}.new").write_bytes(b"half")
        storage.create(SMALL)
        require(self.plugin.recognises(storage.path), "create() did not make a dataset")

    def test_it_recognises_its_own(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        require(self.plugin.recognises(storage.path), "a new dataset is not recognised")
        with storage.writer(SMALL) as writer:
            writer.write([example_block(SMALL, 0)])
            require(self.plugin.recognises(storage.path), "not recognised while it is written")
        storage.finish()
        require(self.plugin.recognises(storage.path), "a finished dataset is not recognised")

    def test_it_recognises_nothing_else(self, tmp_path: Path) -> None:
        for path in _strangers(tmp_path):
            before = _content(path) if path.exists() else None
            require(not self.plugin.recognises(path), f"{path.name} is taken for a dataset")
            with pytest.raises(NotADataset):
                self.plugin(self.read_options(), path).reader()
            after = _content(path) if path.exists() else None
            require(before == after, f"{path.name} was changed by looking at it")

    def test_finish_leaves_the_dataset_alone_in_its_place(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL))
        storage.finish()
        _require_alone(storage)
        require(storage.finished(), "finished() is false after finish()")
        storage.finish()  # a second time does no harm
        require_holds(storage, SMALL, range(5))

    def test_reading_changes_nothing(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL))
        storage.finish()
        before = _content(storage.path)
        require_holds(storage, SMALL, range(5))
        require(_content(storage.path) == before, "reading changed the dataset")
        _require_alone(storage)

    def test_a_finished_dataset_is_readable_where_nothing_may_be_written(
        self, storage: Storage[Any]
    ) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL))
        storage.finish()
        inside = [storage.path, *storage.path.rglob("*")] if storage.path.is_dir() else []
        locked = [storage.path.parent, *(p for p in inside if p.is_dir())]
        try:
            for path in locked:
                path.chmod(0o555)
            if os.access(storage.path.parent, os.W_OK):
                pytest.skip("root may write anywhere")
            require_holds(storage, SMALL, range(5))
        finally:
            for path in locked:
                path.chmod(0o755)

    def test_the_estimate_is_within_a_factor_of_two(self, storage: Storage[Any]) -> None:
        header = example_header(4096 + 100, block=4096, max_length=30)
        estimate = storage.estimate(header)
        self.fill(storage, header, example_blocks(header))
        storage.finish()
        roots = (storage.path, *storage.parts())
        files = [p for root in roots for p in (root, *root.rglob("*")) if p.is_file()]
        require(
            len(files) / 2 <= estimate.files <= len(files) * 2,
            f"estimate() says {estimate.files} files, there are {len(files)}",
        )
        # A disk gives out whole blocks: what a file holds and what it takes may be far apart.
        sizes = sorted(
            sum(kind)
            for kind in zip(*((p.stat().st_size, _on_disk(p)) for p in files), strict=True)
        )
        require(
            sizes[0] / 2 <= estimate.bytes <= sizes[-1] * 2,
            f"estimate() says {estimate.bytes} bytes, there are {sizes[0]} to {sizes[-1]}",
        )


def _require_alone(storage: Storage[Any]) -> None:
    """Requires that the directory holds nothing beside the dataset and its companion files."""
    path = storage.path
    own = (path, *storage.parts())
    others = sorted(p.name for p in path.parent.iterdir() if p not in own)
    require(not others, f"beside {path.name} there are {others}")


def _strangers(directory: Path) -> Iterator[Path]:
    """Paths that are no datasets: nothing, empty ones, text, JSON, what begins like SQLite."""
    yield directory / "nothing"
    for name, content in {
        "empty file": b"",
        "text": b"hello, world\n" * 1000,
        "json": b'{"format": "something else"}',
        "like sqlite": b"SQLite format 3\0" + bytes(4096),
    }.items():
        path = directory / name
        path.write_bytes(content)
        yield path
    for name, inside in {
        "empty directory": None,
        "directory": b"{}",
        "directory of lists": b"[1, 2]",
        "deep": b"[" * 100_000,
        "not utf-8": b"\xff\xfe\x00",
    }.items():
        path = directory / name
        path.mkdir()
        if inside is not None:
            for file in ("qframe.json", "metadata.json", "data.txt"):
                (path / file).write_bytes(inside)
        yield path


def _content(path: Path) -> dict[str, bytes]:
    """The bytes of the file, or of all files in the directory, by relative path."""
    files = path.rglob("*") if path.is_dir() else [path]
    return {str(p.relative_to(path)): p.read_bytes() for p in files if p.is_file()}


def _on_disk(path: Path) -> int:
    """Number of bytes that a file takes on the disk."""
    return path.stat().st_blocks * 512
