"""Sampler: the contract of plugins that choose circuits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from qframe.circuits.circuits import Circuits
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.recipe.columns import Column
from qframe.recipe.randomness import Draws

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Sampler(Plugin[O_co], ABC):
    """Base of samplers. A sampler chooses the circuits of a block.

    YAML that selects it::

        sampler: {plugin: NAME, ...options}

    `sample` is a pure function of the options, the instructions and `draws`. It keeps no state
    from block to block and takes no randomness from anywhere else. Raise `version` when the same
    options begin to give other circuits.

    Raise `ConfigError` in `__init__` if the options do not fit the instructions.

    Attributes:
        max_length: number of gates of the longest circuit, 1 to 65,535; the width of `codes`.
        columns: the columns that `sample` returns in `Circuits.extra`, each a `Column`.
        count: number of records that exist, for samplers that rank; None: no limit. qframe refuses
            to make more. The last block is drawn in full all the same: beyond the end, return any
            circuits.
        gives_unitaries: whether `sample` returns `Circuits.unitaries`, so that no engine multiplies
            the circuits. They have to be the same to the last bit on every machine: no function of
            libm except sqrt, no BLAS, no LAPACK, no fused multiply-add.
        fold: codes per word of the arithmetic (`qframe.circuits.arithmetic`). None: the longest
            that suits the gate set. 1: gate by gate, so that engines can use `Circuits.parents`.
    """

    max_length: int
    count: int | None = None
    gives_unitaries: bool = False
    columns: tuple[Column, ...] = ()
    fold: int | None = None

    def __init__(self, options: O_co, instructions: InstructionSet) -> None:
        self.options = options
        self.instructions = instructions

    @abstractmethod
    def sample(self, draws: Draws) -> Circuits:
        """The circuits of block `draws.block`.

        Always `draws.size` of them, even if the dataset ends within the block.

        Returns:
            Circuits with `codes` `(draws.size, max_length)` of `instructions.code_dtype`, and with
            `lengths` `(draws.size,)` of `uint8` if `max_length` < 256, else `uint16`.
        """
