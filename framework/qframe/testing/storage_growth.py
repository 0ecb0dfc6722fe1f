"""What a storage has to pass: what goes in comes out, and the ledger tells the truth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from qframe.contracts.storage import Reader, Storage
from qframe.errors import NotADataset, RecordMissing, StorageError
from qframe.recipe.blocks import Block
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored, missing
from qframe.testing.examples import (
    EXTRA,
    example_block,
    example_header,
    rough_schema,
    same_bytes,
)
from qframe.testing.plugin import require
from qframe.testing.storage_claims import StorageClaims

HEADERS = pytest.mark.parametrize(
    "header",
    [
        example_header(70),
        example_header(70, dtype="complex64"),
        example_header(35, qubits=3, extra=EXTRA),
        example_header(20, max_length=300),
        example_header(1),
    ],
    ids=["complex128", "complex64", "three qubits, more columns", "long circuits", "one record"],
)
SMALL = example_header(70)
"""Five blocks of 16, the last one cut to 6."""


class StorageContract(StorageClaims):
    """Subclass it, set `plugin` (and `options`), and let pytest find it."""

    plugin: ClassVar[type[Storage[Any]]]

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage[Any]:
        """A storage where nothing is yet, in a directory of its own."""
        return self.at(tmp_path / "place" / f"dataset{self.plugin.suffix}")

    def at(self, path: Path) -> Storage[Any]:
        """A storage at `path`, with the options."""
        path.parent.mkdir(exist_ok=True)
        return self.plugin(self.read_options(), path)

    def fill(self, storage: Storage[Any], header: Header, blocks: Iterable[Block]) -> None:
        """Creates the dataset and writes the blocks, one by one."""
        storage.create(header)
        with storage.writer(header) as writer:
            for block in blocks:
                writer.write([block])

    # What comes out

    @HEADERS
    def test_what_goes_in_comes_out(self, storage: Storage[Any], header: Header) -> None:
        storage.check(header)
        self.fill(storage, header, _blocks(header))
        _require_holds(storage, header, range(header.blocks))
        storage.finish()
        _require_holds(storage, header, range(header.blocks))

    def test_several_blocks_at_once(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write(list(_blocks(SMALL, [0, 1, 2])))
            writer.write(list(_blocks(SMALL, [3, 4])))
        _require_holds(storage, SMALL, range(5))

    def test_blocks_in_any_order_and_with_gaps(self, storage: Storage[Any]) -> None:
        header = replace(SMALL, records=16 * 20 + 1)
        self.fill(storage, header, _blocks(header, [20, 3, 11, 4, 2, 10]))
        _require_holds(storage, header, [2, 3, 4, 10, 11, 20])

    def test_far_apart_blocks(self, storage: Storage[Any]) -> None:
        header = replace(SMALL, records=16 * 10**6)
        self.fill(storage, header, _blocks(header, [999_999, 0, 123_456]))
        _require_holds(storage, header, [0, 123_456, 999_999])

    def test_a_slice_of_a_block(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, _blocks(SMALL))
        with closing(storage.reader()) as reader:
            for block, stored in ((1, 16), (4, 6)):
                want = example_block(SMALL, block).arrays
                for start, stop in ((0, 1), (3, 4), (5, None), (2, 6), (0, 99), (6, 6), (0, 0)):
                    got = reader.read(block, start, stop)
                    for column in SMALL.schema:
                        part = want[column.name][start : stored if stop is None else stop]
                        require(
                            same_bytes(got[column.name], part),
                            f"read({block}, {start}, {stop}): {column.name} differs",
                        )

    def test_a_block_that_is_not_stored(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, _blocks(SMALL, [0, 2]))
        with closing(storage.reader()) as reader:
            for block in (1, 3, 4, 5, 10**9):
                with pytest.raises(RecordMissing):
                    reader.read(block)
                with pytest.raises(RecordMissing):
                    reader.read(block, 0, 1)

    def test_an_empty_dataset(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        _require_holds(storage, SMALL, [])
        storage.finish()
        _require_holds(storage, SMALL, [])

    def test_reading_while_a_writer_is_open(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as writer, closing(storage.reader()) as reader:
            for count in range(1, 6):
                writer.write([example_block(SMALL, count - 1)])
                found = [block for block, _, _ in reader.checksums()]
                require(found == list(range(count)), f"an open reader sees blocks {found}")

    # Writing again

    def test_a_cut_block_that_grows(self, storage: Storage[Any]) -> None:
        short = replace(SMALL, records=21)
        self.fill(storage, short, _blocks(short))
        storage.finish()
        storage.resume(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write(list(_blocks(SMALL, [1, 2])))
        storage.finish()
        _require_holds(storage, SMALL, [0, 1, 2])

    def test_resume_extends_the_dataset(self, storage: Storage[Any]) -> None:
        short = replace(SMALL, records=32)
        self.fill(storage, short, _blocks(short))
        storage.finish()
        storage.resume(SMALL)
        _require_holds(storage, SMALL, [0, 1])
        with storage.writer(SMALL) as writer:
            writer.write(list(_blocks(SMALL, [2, 3, 4])))
        storage.finish()
        _require_holds(storage, SMALL, range(5))

    def test_a_block_that_is_written_twice(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, _blocks(SMALL, [0, 1, 1, 0]))
        _require_holds(storage, SMALL, [0, 1])

    def test_two_writers_take_turns(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as even, storage.writer(SMALL) as odd:
            for block in range(5):
                (odd if block % 2 else even).write([example_block(SMALL, block)])
        storage.finish()
        _require_holds(storage, SMALL, range(5))

    def test_a_block_that_cannot_be_written_is_not_in_the_ledger(
        self, storage: Storage[Any]
    ) -> None:
        self.fill(storage, SMALL, _blocks(SMALL, [0]))
        whole = example_block(SMALL, 1)
        broken = Block(1, 16, {name: whole.arrays[name] for name in ("lengths", "codes")})
        with storage.writer(SMALL) as writer:
            with pytest.raises(KeyError, match="unitaries"):
                writer.write([broken])
            _require_holds(storage, SMALL, [0])
            writer.write([whole])  # the writer can go on
        _require_holds(storage, SMALL, [0, 1])

    def test_what_was_stored_stays_without_close(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        lost = storage.writer(SMALL)
        lost.write([example_block(SMALL, 0)])
        storage.resume(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write([example_block(SMALL, 1)])
        lost.close()
        storage.finish()
        _require_holds(storage, SMALL, [0, 1])

    # The place

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
        self.fill(storage, SMALL, _blocks(SMALL))
        storage.finish()
        _require_alone(storage)
        require(storage.finished(), "finished() is false after finish()")
        storage.finish()  # a second time does no harm
        _require_holds(storage, SMALL, range(5))

    def test_reading_changes_nothing(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, _blocks(SMALL))
        storage.finish()
        before = _content(storage.path)
        _require_holds(storage, SMALL, range(5))
        require(_content(storage.path) == before, "reading changed the dataset")
        _require_alone(storage)

    def test_a_finished_dataset_is_readable_where_nothing_may_be_written(
        self, storage: Storage[Any]
    ) -> None:
        self.fill(storage, SMALL, _blocks(SMALL))
        storage.finish()
        inside = [storage.path, *storage.path.rglob("*")] if storage.path.is_dir() else []
        locked = [storage.path.parent, *(p for p in inside if p.is_dir())]
        try:
            for path in locked:
                path.chmod(0o555)
            if os.access(storage.path.parent, os.W_OK):
                pytest.skip("root may write anywhere")
            _require_holds(storage, SMALL, range(5))
        finally:
            for path in locked:
                path.chmod(0o755)

    def test_the_estimate_is_within_a_factor_of_two(self, storage: Storage[Any]) -> None:
        header = example_header(4096 + 100, block=4096, max_length=30)
        estimate = storage.estimate(header)
        self.fill(storage, header, _blocks(header))
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


def _blocks(header: Header, which: Iterable[int] | None = None) -> Iterator[Block]:
    for block in range(header.blocks) if which is None else which:
        yield example_block(header, block)


def _require_holds(storage: Storage[Any], header: Header, blocks: Iterable[int]) -> None:
    """The dataset has this header and these blocks, each with every bit, and no other."""
    with closing(storage.reader()) as reader:
        _require_header(reader.header, header)
        want = [example_block(header, block) for block in blocks]
        ledger = list(reader.checksums())
        expected = [(b.index, b.records, b.checksum(header.schema)) for b in want]
        require(
            [tuple(row) for row in ledger] == expected,
            f"the ledger has blocks {[(b, n) for b, n, _ in ledger]}, want "
            f"{[(b, n) for b, n, _ in expected]} with their checksums",
        )
        _require_runs(reader, header, want)
        for block in want:
            got = reader.read(block.index)
            for column in header.schema:
                require(
                    same_bytes(got[column.name], block.arrays[column.name]),
                    f"block {block.index}: column {column.name} differs from what was written",
                )


def _require_header(got: Header, want: Header) -> None:
    require(got.recipe.text == want.recipe.text, "the recipe is another one")
    require(got.records == want.records, f"header.records is {got.records}, want {want.records}")
    require(got.about == want.about, f"header.about is {got.about}, want {want.about}")
    require(
        got.schema == want.schema,
        f"the schema is {rough_schema(got.schema)}, want {rough_schema(want.schema)}",
    )


def _require_runs(reader: Reader, header: Header, want: list[Block]) -> None:
    """`stored()` keeps to the contract, and says of each block what the ledger says."""
    size = header.recipe.block
    runs = list(reader.stored())
    position = -1
    for run in runs:
        require(run.first > position, f"runs are not in ascending order: {runs}")
        full = run.records == (run.last - run.first + 1) * size
        require(full or run.first == run.last, f"{run} holds a cut block among others")
        position = run.last
    held = [block for run in runs for block in range(run.first, run.last + 1)]
    require(held == [block.index for block in want], f"stored() says {runs}")
    require(
        sum(run.records for run in runs) == sum(block.records for block in want),
        f"stored() counts {runs}",
    )
    lacking = {b for first, end in missing(runs, header.records, size) for b in range(first, end)}
    complete = {b.index for b in want if b.records == header.records_in(b.index)}
    require(not lacking & complete, f"blocks count as missing: {sorted(lacking & complete)[:5]}")
    require(all(isinstance(run, Stored) for run in runs), "stored() yields other than Stored")


def _require_alone(storage: Storage[Any]) -> None:
    path = storage.path
    own = (path, *storage.parts())
    others = sorted(p.name for p in path.parent.iterdir() if p not in own)
    require(not others, f"beside {path.name} there are {others}")


def _strangers(directory: Path) -> Iterator[Path]:
    """What is no dataset: nothing, empty things, text, JSON, and what only begins like SQLite."""
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
    """All files and their bytes."""
    files = path.rglob("*") if path.is_dir() else [path]
    return {str(p.relative_to(path)): p.read_bytes() for p in files if p.is_file()}


def _on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512
