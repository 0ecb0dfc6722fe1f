"""Sampler `brickwork`: layers of gates on a coupling map."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import numpy as np
from pydantic import Field

from qframe import Circuits, ConfigError, Draws, InstructionSet, PluginOptions, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import length_dtype

Layer = list[list[int]]
"""The slots of a layer; each is the list of codes that may fill it."""


class BrickworkOptions(PluginOptions):
    """Options of `brickwork`."""

    depth: int = Field(
        ge=1, le=65_535, description="number of layers, one-qubit and two-qubit layers alike"
    )


class Brickwork(Sampler[BrickworkOptions]):
    """Layers in turn: a gate on every qubit, then a gate on every edge of a matching.

    YAML that selects it::

        sampler: {plugin: brickwork, depth: 8}

    The edges are the pairs of qubits that the gate set's two-qubit instructions act on (its
    `coupling`). They are split into matchings by first fit in ascending order; on a line these are
    the even and then the odd bricks. The two-qubit layers use one matching after the other, and
    then begin again. Each gate is drawn uniformly among the instructions that act on exactly this
    qubit or edge (in both directions). All circuits of a dataset have the same length.

    The first layer is a one-qubit layer. A kind of layer without gates in the gate set is left out,
    and so are gates on three qubits or more. As in quantum volume (Cross et al., arXiv:1811.12926)
    and random circuit sampling.
    """

    name = "brickwork"
    Options = BrickworkOptions

    def __init__(self, options: BrickworkOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        slots = [
            slot for layer in islice(cycle(layers(instructions)), options.depth) for slot in layer
        ]
        self.max_length = len(slots)
        if len(slots) > 65_535:
            raise ConfigError(
                f"sampler.depth: got {options.depth}, which makes {len(slots):,} gates, "
                "want at most 65,535"
            )
        dtype = instructions.code_dtype
        # Slots with equally many choices are drawn together.
        self._groups = [
            (
                np.array([i for i, slot in enumerate(slots) if len(slot) == size]),
                np.array([slot for slot in slots if len(slot) == size], dtype=dtype).reshape(-1),
                size,
            )
            for size in sorted({len(slot) for slot in slots})
        ]

    def sample(self, draws: Draws) -> Circuits:
        """Slots with c choices are drawn from stream c."""
        dtype = self.instructions.code_dtype
        codes = np.empty((draws.size, self.max_length), dtype=dtype)
        for members, choices, size in self._groups:
            drawn = draws.integers(size, draws.size * len(members), size)
            row = np.arange(len(members)) * size
            made = choices.take(drawn.reshape(draws.size, -1) + row)
            if len(self._groups) == 1:
                codes = made
            else:
                codes[:, members] = made
        lengths = np.full(draws.size, self.max_length, dtype=length_dtype(self.max_length))
        return Circuits(codes, lengths)


def layers(instructions: InstructionSet) -> list[Layer]:
    """The sequence of layers that repeats.

    Raises:
        ConfigError: if there are neither one-qubit nor two-qubit gates.
    """
    by_qubits: dict[tuple[int, ...], list[int]] = {}
    for code, placed in enumerate(instructions.instructions):
        by_qubits.setdefault(tuple(sorted(placed.qubits)), []).append(code)
    singles = [codes for qubits, codes in sorted(by_qubits.items()) if len(qubits) == 1]
    edges: list[tuple[int, ...]] = sorted(qubits for qubits in by_qubits if len(qubits) == 2)
    doubles = [[by_qubits[edge] for edge in matching] for matching in matchings(edges)]
    if not singles and not doubles:
        raise ConfigError("brickwork: the gate set has neither one-qubit nor two-qubit gates")
    if not singles:
        return doubles
    return [layer for double in doubles for layer in (singles, double)] or [singles]


def matchings(edges: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """The edges, split by first fit into sets whose edges share no qubit."""
    made: list[list[tuple[int, ...]]] = []
    for edge in edges:
        for matching in made:
            if not any(set(edge) & set(other) for other in matching):
                matching.append(edge)
                break
        else:
            made.append([edge])
    return made


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Brickwork]
