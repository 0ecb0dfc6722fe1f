"""SamplerContract: the tests that every sampler has to pass."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from qframe.circuits.circuits import Circuits
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.sampler import Sampler
from qframe.recipe.randomness import Draws
from qframe.recipe.schema import schema_of
from qframe.testing.examples import example_instructions, same_bytes
from qframe.testing.plugin import PluginContract, require


class SamplerContract(PluginContract):
    """Tests of a sampler: it returns arrays as its contract says, and depends on its draws alone.

    Subclass it in a test file, and pytest collects the tests::

        class TestMine(SamplerContract):
            plugin = Mine
            options = {"length": 12}

    Override `instructions` if the sampler needs certain gates.

    Attributes:
        plugin: the sampler class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
        qubits: number of qubits of the example gate set.
        block_sizes: numbers of records of a block that are tried.
        random: False for a sampler that draws nothing, such as one that enumerates.
    """

    plugin: ClassVar[type[Sampler[Any]]]
    qubits: ClassVar[int] = 1
    block_sizes: ClassVar[tuple[int, ...]] = (256, 1, 4096)
    random: ClassVar[bool] = True

    def instructions(self) -> InstructionSet:
        """The instructions that the circuits are made of."""
        return example_instructions(self.qubits)

    def make(self) -> Sampler[Any]:
        """A new sampler with the options."""
        return self.plugin(self.read_options(), self.instructions())

    def sample(self, block: int = 0, seed: int = 1, size: int = 256) -> Circuits:
        """One block of a new sampler."""
        return self.make().sample(Draws(seed, block, size))

    def test_max_length_is_in_range(self) -> None:
        longest = self.make().max_length
        require(1 <= longest <= 65_535, f"max_length is {longest}, want 1 to 65535")

    def test_arrays_are_as_the_contract_says(self) -> None:
        sampler = self.make()
        schema = schema_of(self.instructions(), sampler.max_length, "complex128", sampler.columns)
        for size in self.block_sizes:
            circuits = sampler.sample(Draws(1, 3, size))
            columns = _columns(circuits)
            for column in schema:
                if column.name == "unitaries":
                    continue
                got, want = columns.get(column.name), (size, *column.shape)
                require(isinstance(got, np.ndarray), f"{column.name} is {type(got).__name__}")
                array: Any = got
                require(
                    (array.dtype, array.shape) == (np.dtype(column.dtype), want),
                    f"{column.name} is {array.dtype} {array.shape}, want {column.dtype} {want}",
                )
                require(array.flags.c_contiguous, f"{column.name} is not in C order")
            extra = set(circuits.extra) - {column.name for column in sampler.columns}
            require(not extra, f"extra columns that `columns` lacks: {sorted(extra)}")

    def test_codes_and_lengths_are_in_range(self) -> None:
        circuits, sampler = self.sample(), self.make()
        top = len(self.instructions())
        require(circuits.codes.max() < top, f"code {circuits.codes.max()}, want below {top}")
        require(
            circuits.lengths.max() <= sampler.max_length,
            f"length {circuits.lengths.max()}, want at most {sampler.max_length}",
        )

    def test_codes_beyond_the_length_are_zero(self) -> None:
        circuits = self.sample()
        beyond = np.arange(circuits.codes.shape[1]) >= circuits.lengths[:, None]
        require(not circuits.codes[beyond].any(), "codes beyond a circuit's length are not 0")

    def test_parents_are_circuits_without_their_last_gates(self) -> None:
        circuits = self.sample()
        if circuits.parents is None:
            return
        require(self.make().fold == 1, "sample() returns parents, and `fold` is not 1")
        for row, parent in enumerate(circuits.parents.tolist()):
            require(-1 <= parent < row, f"row {row} has parent {parent}, want a row above it or -1")
            if parent >= 0:
                length = int(circuits.lengths[row])
                got = circuits.codes[parent, : circuits.lengths[parent]].tolist()
                want = circuits.codes[row, : length - 1].tolist()
                require(got == want, f"row {row} extends {want}, its parent {parent} is {got}")

    def test_the_same_draws_give_the_same_circuits(self) -> None:
        sampler = self.make()
        first, second = (sampler.sample(Draws(1, 2, 256)) for _ in range(2))
        _require_same(first, second, "a second call")
        _require_same(first, self.sample(block=2), "a second instance")

    def test_the_order_of_blocks_does_not_matter(self) -> None:
        forwards, backwards = self.make(), self.make()
        want = {block: forwards.sample(Draws(1, block, 256)) for block in (2, 5, 70_000)}
        for block in (70_000, 5, 2):
            got = backwards.sample(Draws(1, block, 256))
            _require_same(want[block], got, f"block {block} in another order")

    def test_what_was_returned_stays_as_it_is(self) -> None:
        sampler = self.make()
        first = sampler.sample(Draws(1, 0, 256))
        codes = first.codes.copy()
        sampler.sample(Draws(1, 1, 256))
        require(same_bytes(first.codes, codes), "the next block overwrote the one before")

    def test_another_block_gives_other_circuits(self) -> None:
        require(not _same(self.sample(0), self.sample(1)), "blocks 0 and 1 are equal")

    def test_another_seed_gives_other_circuits(self) -> None:
        if self.random:
            require(not _same(self.sample(seed=1), self.sample(seed=2)), "seeds 1, 2 are equal")
        else:
            _require_same(self.sample(seed=1), self.sample(seed=2), "another seed")

    def test_draws_are_left_as_they_were(self) -> None:
        draws = Draws(1, 4, 256)
        self.make().sample(draws)
        require(vars(draws) == vars(Draws(1, 4, 256)), f"sample() changed its draws: {vars(draws)}")

    def test_numpys_own_random_state_is_left_alone(self) -> None:
        before = np.random.get_state(legacy=False)  # noqa: NPY002 - the global state is the point
        self.sample()
        after = np.random.get_state(legacy=False)  # noqa: NPY002
        require(repr(before) == repr(after), "sample() draws from numpy's global random state")


def _columns(circuits: Circuits) -> dict[str, Any]:
    return {"codes": circuits.codes, "lengths": circuits.lengths, **circuits.extra}


def _same(a: Circuits, b: Circuits) -> bool:
    first, second = _columns(a), _columns(b)
    same_names = first.keys() == second.keys()
    return same_names and all(same_bytes(first[name], second[name]) for name in first)


def _require_same(a: Circuits, b: Circuits, what: str) -> None:
    require(_same(a, b), f"{what} gives other circuits")
