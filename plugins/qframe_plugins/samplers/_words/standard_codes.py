"""Codes of standard gates such as T, found by their matrices and not by their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qframe import STANDARD_MATRICES, ConfigError, InstructionSet, distance_up_to_phase


def code_of(instructions: InstructionSet, name: str) -> int | None:
    """The first code that is a standard gate up to phase, best one of that name; or None."""
    codes = np.flatnonzero(instructions.acting_as(name)).tolist()
    named = [code for code in codes if instructions.instructions[code].gate == name]
    return next(iter(named + codes), None)


def codes_of(instructions: InstructionSet, *names: str) -> NDArray[np.intp]:
    """All codes, ascending, that are one of some standard gates up to a global phase."""
    acting = [instructions.acting_as(name) for name in names]
    return np.flatnonzero(np.logical_or.reduce(acting))


def lacking(instructions: InstructionSet, what: str, names: Sequence[str]) -> ConfigError:
    """The error that no gate is one of the standard gates `names`. It says how far off a gate is
    that has such a name.

    Args:
        instructions: the gates.
        what: what is wanted, such as `sampler.t_count wants t`.
        names: the standard gates that are lacking.
    """
    false = [
        f"gate {gate.name!r} is another one: up to a global phase, its matrix differs by {away:.3g}"
        for gate in instructions.gates
        if gate.name in names
        for away in [distance_up_to_phase(gate.matrix, np.array(STANDARD_MATRICES[gate.name]))]
        if gate.matrix.shape == (2, 2)
    ]
    offered = ", ".join(gate.name for gate in instructions.gates)
    why = "; ".join(false) or f"the gate set has {offered}"
    return ConfigError(
        f"{what}, up to a global phase; {why}",
        hint="gates are recognised by their matrices: add the gates that are lacking",
    )
