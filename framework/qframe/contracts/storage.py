"""Storage, Writer and Reader: the contract of plugins that store and read blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal, TypeVar

from qframe.contracts.closeable import Closeable
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.errors import NotADataset
from qframe.recipe.blocks import DIGEST_BYTES, Block
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header, read_problem
from qframe.recipe.ledger import Stored
from qframe.recipe.schema import Schema

Loss = Literal["nothing", "last tasks", "damage"]
"""What a crash may cost, among the blocks whose `write` has returned.

- `nothing`: all blocks are stored.
- `last tasks`: some of the last blocks may be missing. The others are intact, and the same run
  again finishes the dataset.
- `damage`: blocks may be damaged. `qframe verify --repair` finds and repairs them.
"""

_REPAIR = "qframe verify DATA --repair"

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


@dataclass(frozen=True)
class Estimate:
    """What a complete dataset takes on disk.

    Attributes:
        bytes: size of all files together.
        files: number of files.
        directory_entries: number of files in the directory that holds the most; None: not known.
    """

    bytes: int
    files: int
    directory_entries: int | None = None


class Writer(Closeable, ABC):
    """Write access to a dataset for one worker, which opens, uses and closes it.

    Attributes:
        counters: totals since the writer was opened, for people and `qframe compare`. A writer need
            not count. qframe knows these names: `commits`; `lock_waits`, how often a write waited
            for another writer for more than 1 ms; `lock_wait_s`, the sum of these waits in seconds.
        needs_unitaries: whether `write` reads the column `unitaries`. If not, blocks may lack it,
            and no circuit is multiplied.
    """

    counters: Mapping[str, float] = MappingProxyType({})
    needs_unitaries: bool = True

    @abstractmethod
    def write(self, blocks: Sequence[Block]) -> None:
        """Stores the blocks and their ledger rows in one transaction: all of them or none.

        A storage of several files has a transaction in each; a block and its row are always in the
        same one. A block that is stored already (with fewer records, or by a worker that was lost)
        is replaced.

        Raises:
            StorageBusy: other writers kept the storage locked for too long. Nothing is stored; the
                same call may succeed later.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes files and connections. Stored blocks stay stored."""


class Reader(Closeable, ABC):
    """Read access to a dataset, complete or not. It never changes the dataset.

    Attributes:
        header: the header of the dataset.
    """

    header: Header

    @property
    def schema(self) -> Schema:
        """The columns that `read` returns: the header's, or fewer if the storage keeps fewer."""
        return self.header.schema

    @abstractmethod
    def stored(self) -> Iterator[Stored]:
        """The blocks in the ledger, as runs of adjacent blocks in ascending order.

        All blocks of a run are full, or the run is one block with fewer records.
        """

    def stored_records(self) -> int:
        """Number of stored records. A storage that can count faster than `stored` overrides it."""
        return sum(run.records for run in self.stored())

    @abstractmethod
    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        """The rows of the ledger in ascending order: block, number of records, checksum.

        The checksum is `Block.checksum`: the digests of what was drawn and of what is stored.
        """

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:  # noqa: ARG002
        """Number of records and checksum of a block, for a storage that changes what it stores.

        A storage that keeps fewer columns, or rounds or packs them, stores another second half of
        the checksum: `qframe.stored_digest` of its own columns. This method proves that and then
        returns the row of the ledger. None: all columns are stored as the recipe makes them, so
        that the caller can compute `Block.checksum` itself.

        Raises:
            RecordMissing: if the ledger lacks the block.
            NotADataset: if what is stored has another digest.
        """
        return None

    def drawn_digests(self) -> Iterator[tuple[int, int, bytes]]:
        """The stored blocks in ascending order: block, number of records, digest of what was drawn.

        Each block is read and proved. Those of a storage without checksums are only read.

        Raises:
            NotADataset: if a block is not what the ledger says.
        """
        has_checksums = False
        for block, records, checksum in self.checksums():
            has_checksums = True
            proved = self.proved_checksum(block)
            if proved is None:
                stored = self._checked(block, records)
                proved = records, stored.checksum(self.header.schema)
            if proved != (records, checksum):
                raise NotADataset(f"block {block} is not what the ledger says", hint=_REPAIR)
            yield block, records, checksum[:DIGEST_BYTES]
        for run in () if has_checksums else self.stored():
            for block in range(run.first, run.last + 1):
                records = min(run.records, self.header.recipe.block)
                yield block, records, self._checked(block, records).drawn(self.header.schema)

    def _checked(self, block: int, records: int) -> Block:
        """A block as it is read; raises NotADataset if it cannot be of this dataset."""
        stored = Block(block, records, self.read(block))
        problem = read_problem(self.header, stored.arrays, records)
        if problem is not None:
            raise NotADataset(f"block {block} {problem}", hint=_REPAIR)
        return stored

    def form(self) -> dict[str, str]:
        """How records are stored, for people: name to text, shown by `qframe info`."""
        return {}

    @abstractmethod
    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        """Records `start:stop` of a block: one array per column of the reader's `schema`.

        Fewer records if the block has fewer, as with a slice in Python.

        Raises:
            RecordMissing: if the ledger lacks the block.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes files and connections."""


class Storage(Plugin[O_co], ABC):
    """Base of storages. A storage keeps datasets at a path and knows their format.

    YAML that selects it::

        storage: NAME                      # or {plugin: NAME, ...options}
        output: data/clifford_t.db

    qframe holds a lock on the output while it calls `create`, `resume` and `finish`. Workers call
    only `writer`. The data of a block and its ledger row become visible together, in one step:
    `kill -9` leaves both or none.

    Attributes:
        suffix: end of the default output name (`data/<config name><suffix>`).
        task_bytes: how many bytes of records one `write` should get.
        compared: sets of options, beside the defaults, that `qframe compare` measures too.
    """

    suffix: ClassVar[str]
    task_bytes: ClassVar[int] = 6 << 20
    compared: ClassVar[Sequence[Mapping[str, object]]] = ()

    def __init__(self, options: O_co, path: Path) -> None:
        self.options = options
        self.path = path

    @classmethod
    @abstractmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` holds a dataset of this storage. Only reads; runs nothing of the data."""

    @classmethod
    def bears_mark(cls, path: Path, header: Header | None = None) -> bool:  # noqa: ARG003
        """Whether `path` shows traces of a dataset of this storage, however damaged it is.

        What bears no mark is not repaired: it may be anything that the user keeps there. A storage
        whose damaged datasets are no longer recognised looks for what else only its own datasets
        have, such as the names of its files. Only reads; runs nothing of the data. `header` is
        that of the dataset which the user says it was, if the user does.
        """
        return cls.recognises(path)

    @abstractmethod
    def create(self, header: Header) -> None:
        """Makes an empty dataset at `path`: completely or not at all.

        Nothing exists there when it is called. What appears there meanwhile must not be replaced:
        `qframe.move_new` moves a dataset into place so.
        """

    @abstractmethod
    def resume(self, header: Header) -> None:
        """Prepares an existing dataset for writers, and sets its `records` to the header's.

        They may be fewer than before, but never fewer than those up to the last stored one.
        """

    @abstractmethod
    def writer(self, header: Header) -> Writer:
        """A new writer. Called in the worker that will use it."""

    @abstractmethod
    def finish(self) -> None:
        """Leaves the dataset in its final files, without temporary ones.

        Called when all blocks are stored, or when the run was stopped.

        Raises:
            StorageBusy: other programs keep it from doing so. What is written stays stored: the run
                says so and is no failure, and the next run calls this again.
        """

    def finished(self) -> bool:
        """Whether the dataset is as `finish` leaves it."""
        return True

    @abstractmethod
    def reader(self) -> Reader:
        """A new reader. Several may be open, also while writers write.

        Raises:
            NotADataset: if `path` holds no dataset of this storage, or a damaged one.
            CannotOpen: if it cannot be looked at, such as for want of a permission.
        """

    @abstractmethod
    def estimate(self, header: Header) -> Estimate:
        """What the complete dataset will take on disk."""

    def structure(self) -> Iterator[str]:
        """Problems of the dataset apart from its blocks, one line per problem.

        For `qframe verify`; with `--repair` a dataset with such a problem is made anew. May read
        the whole dataset. No problems by default.
        """
        yield from ()

    def half_done(self) -> bool:
        """Whether a killed writer left changes that must be undone before anyone can read."""
        return False

    def recover(self) -> None:
        """Undoes the changes that `half_done` found.

        The caller holds the output's lock, and the user has asked to write there.
        """

    def salvage(self, header: Header) -> Reader:  # noqa: ARG002 - for storages that can use it
        """A reader of a damaged dataset. It uses `header` if the dataset's own cannot be read.

        The caller believes only what a checksum proves.
        """
        return self.reader()

    def parts(self) -> Iterator[Path]:
        """Companion files: files beside `path` that belong to the dataset. None by default."""
        yield from ()

    def files(self) -> Iterator[Path]:
        """The files or directories that hold the records: `path` by default.

        They keep their place from `create` or `resume` to `finish`. If one of them is moved,
        replaced, cut or deleted meanwhile, the run stops, and calls `abandon` in place of `finish`.
        """
        yield self.path

    def abandon(self) -> Iterator[Path]:
        """Moves away what belongs to files that are no longer at their place, such as a log.

        Nothing of the run may stay beside a stranger's file under its name.

        Yields:
            where it is now. Nothing by default.
        """
        yield from ()

    def hindered(self) -> str | None:
        """What slows down the writing of a run, in one line that names the cause; None: nothing.

        Called in the parent process every few seconds, so it must be fast.
        """
        return None

    @classmethod
    def diagnose(cls, path: Path) -> Iterator[tuple[str, str, bool]]:  # noqa: ARG003
        """Findings about this machine and `path`, shown by `qframe doctor`.

        Each is a name, a value, and whether the value is good enough for this storage.
        """
        yield from ()

    def made_with(self) -> O_co:
        """Options that make a dataset of the same form as the one at `path`.

        Options that do not decide the form are those of `self.options`. A run is refused if an
        option that the config sets differs from the one here.
        """
        return self.options

    @property
    def kill_may_cost(self) -> Loss | None:
        """What `kill -9` of any process at any moment may cost, with these options.

        None: not known. A subclass may use a plain class attribute.
        """
        return None

    @property
    def power_cut_may_cost(self) -> Loss | None:
        """What a power cut, or a crash of the system, may cost; otherwise as `kill_may_cost`."""
        return None

    def check_form(self) -> None:
        """Refuses options that ask for another form than the dataset at `path` has.

        Called for every existing dataset, also for a complete one. Only reads.

        Raises:
            StorageError: naming the option, what it asks for and what is there.
        """

    def check(self, header: Header) -> None:
        """Refuses what this storage cannot do here. Called before any work.

        Raises:
            StorageError: naming what cannot be done.
        """
