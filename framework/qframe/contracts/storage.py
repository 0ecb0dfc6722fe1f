"""The storage contract: where blocks go and come back from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal, TypeVar

from qframe.contracts.closeable import Closeable
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.recipe.blocks import Block
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored
from qframe.recipe.schema import Schema

Loss = Literal["nothing", "last tasks", "damage"]
"""What a crash may cost, of the blocks whose `write` has returned.

`nothing`: all are there. `last tasks`: some of the last may be missing, what is there is whole, and
the same run again finishes it. `damage`: what is there may contradict itself; `qframe verify
--repair` finds and mends it.
"""

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


@dataclass(frozen=True)
class Estimate:
    """What a dataset will take on disk.

    `directory_entries`: files in the directory that holds the most of them; None: not known.
    """

    bytes: int
    files: int
    directory_entries: int | None = None


class Writer(Closeable, ABC):
    """One worker's way into the dataset; opened, used and closed in that worker.

    Attributes:
        counters: totals since the writer was opened, for people and `qframe compare`. The names
            that qframe knows: `commits`; `lock_waits` (how often a write waited for another writer
            for more than 1 ms) and `lock_wait_s` (seconds, all together). A writer need not count.
    """

    counters: Mapping[str, float] = MappingProxyType({})

    @abstractmethod
    def write(self, blocks: Sequence[Block]) -> None:
        """Stores the blocks and their ledger rows in one transaction: all or nothing.

        A storage of several files has a transaction in each: every block still comes with its row.

        A block that is there already (cut shorter, or written by a lost worker) is replaced.

        Raises:
            StorageBusy: other writers kept it waiting for too long; nothing is stored, and the
                same call may succeed later.
        """

    @abstractmethod
    def close(self) -> None:
        """Gives back what the writer holds. Stored blocks stay stored."""


class Reader(Closeable, ABC):
    """Read access to a dataset, complete or not. Never changes it."""

    header: Header

    @property
    def schema(self) -> Schema:
        """The columns that `read` gives: the header's, or less if the storage keeps no more."""
        return self.header.schema

    @abstractmethod
    def stored(self) -> Iterator[Stored]:
        """What the ledger holds, as runs of adjacent blocks in ascending order.

        Within a run all blocks are full, or the run is one cut block.
        """

    @abstractmethod
    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        """The ledger row by row in ascending order: block, records, SHA-256."""

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:  # noqa: ARG002
        """Records and SHA-256 of a block that is not stored as it is, by its ledger row.

        Only after a second checksum, over what is stored, has proved both. None where all columns
        are stored as the recipe makes them: they prove themselves.

        Raises:
            RecordMissing: if the ledger lacks the block.
            NotADataset: what is stored is not what the ledger says.
        """
        return None

    def form(self) -> dict[str, str]:
        """How records are stored, in words for people (`qframe info`)."""
        return {}

    @abstractmethod
    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        """Records `start:stop` of a block: one array a column, in the reader's schema.

        Fewer where the block is stored cut, as slices of Python are.

        Raises:
            RecordMissing: if the ledger lacks the block.
        """

    @abstractmethod
    def close(self) -> None: ...


class Storage(Plugin[O_co], ABC):
    """A kind of place for datasets.

    YAML that selects it::

        storage: NAME                      # or {plugin: NAME, ...options}
        output: data/clifford_t.db

    The framework holds a lock on the output while it calls `create`, `resume` and `finish`; only
    `writer` is called in workers. The data and the ledger row of a block become visible together,
    in one step that `kill -9` cannot cut in two.

    Attributes:
        suffix: appended to the default output name (`data/<config name><suffix>`).
        task_bytes: how many bytes of records one `write` should hold.
        compared: options beside its defaults with which `qframe compare` shows it.
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
        """Whether `path` holds a dataset of this storage. Looks only; runs nothing it finds."""

    @abstractmethod
    def create(self, header: Header) -> None:
        """Makes an empty dataset at `path`, where nothing is: whole, or not at all."""

    @abstractmethod
    def resume(self, header: Header) -> None:
        """Makes an existing dataset ready for writers, and sets `records` to the header's."""

    @abstractmethod
    def writer(self, header: Header) -> Writer:
        """A new writer; called in the worker that will use it."""

    @abstractmethod
    def finish(self) -> None:
        """Called once all blocks are stored, or the run was stopped: leaves no helper files."""

    def finished(self) -> bool:
        """Whether the dataset is as `finish` leaves it."""
        return True

    @abstractmethod
    def reader(self) -> Reader:
        """A new reader; several may be open, also while writers write.

        Raises:
            NotADataset: if `path` holds no dataset of this storage.
        """

    @abstractmethod
    def estimate(self, header: Header) -> Estimate:
        """Bytes and files that the complete dataset will take."""

    def structure(self) -> Iterator[str]:
        """What is wrong with the dataset apart from its blocks, one line a problem.

        For `qframe verify`, after which a dataset with such a problem is made anew. Reads as much
        as it needs to, all of it if that is what it takes. None by default.
        """
        yield from ()

    def half_done(self) -> bool:
        """Whether a writer that was killed left what must be undone before anyone can read."""
        return False

    def recover(self) -> None:
        """Undoes it. The caller holds the output's lock, and the user asked to write there."""

    def salvage(self, header: Header) -> Reader:  # noqa: ARG002 - for those that can use it
        """A reader of a damaged dataset, which believes `header` where its own cannot be read.

        What it reads is believed only where a checksum proves it.
        """
        return self.reader()

    def parts(self) -> Iterator[Path]:
        """Files beside `path` that go where it goes. None by default."""
        yield from ()

    def hindered(self) -> str | None:
        """What hinders a run that is being written, in one line that names the cause, or None.

        Called in the parent every few seconds; must be quick.
        """
        return None

    @classmethod
    def diagnose(cls, path: Path) -> Iterator[tuple[str, str, bool]]:  # noqa: ARG003
        """What `qframe doctor` says of this machine and `path`: name, value, whether it will do."""
        yield from ()

    def made_with(self) -> O_co:
        """The options that make a dataset of the same form as the one at `path`."""
        return self.options

    @property
    def kill_may_cost(self) -> Loss | None:
        """What `kill -9` of any process at any moment may cost, with these options.

        None: the plugin does not say. May be a plain class attribute.
        """
        return None

    @property
    def power_cut_may_cost(self) -> Loss | None:
        """What a power cut, or a crash of the system, may cost; else as `kill_may_cost`."""
        return None

    def check_form(self) -> None:
        """Refuses (StorageError) options that ask for another form than the dataset at `path` has.

        Called of every dataset that is there, also of a complete one; only reads.
        """

    def check(self, header: Header) -> None:
        """Refuses (StorageError) what this storage cannot do here. Called before any work."""
