"""Records of a dataset that holds unitaries and no circuits."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import Instruction
from qframe.circuits.text_diagram import draw_matrix
from qframe.dataset.dataset import Batch, Record
from qframe.errors import RecordMissing
from qframe.recipe.columns import Arrays


class UnitaryRecord(Record):
    """One unitary. `circuit` and `codes` raise RecordMissing."""

    def __init__(self, index: int, unitary: NDArray[Any], extra: dict[str, Any]) -> None:
        vars(self).update(index=index, unitary=unitary, extra=extra)

    @property
    def has_circuit(self) -> bool:
        return False

    @property
    def circuit(self) -> tuple[Instruction, ...]:
        _not_stored("circuit")

    @property
    def codes(self) -> NDArray[Any]:
        _not_stored("codes")

    def __str__(self) -> str:
        return f"record {self.index:,}: circuit not stored\n{draw_matrix(self.unitary)}"

    __repr__ = __str__


class UnitaryBatch(Batch):
    """Several unitaries. `codes` and `lengths` raise RecordMissing."""

    def __init__(self, index: NDArray[np.int64], unitaries: NDArray[Any], extra: Arrays) -> None:
        vars(self).update(index=index, unitaries=unitaries, extra=extra)

    @property
    def codes(self) -> NDArray[Any]:
        _not_stored("codes")

    @property
    def lengths(self) -> NDArray[Any]:
        _not_stored("lengths")

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"unitaries": self.unitaries, **self.extra}

    def __repr__(self) -> str:
        return f"UnitaryBatch({len(self)} unitaries, circuits not stored)"


def _not_stored(what: str) -> NoReturn:
    raise RecordMissing(
        f"{what}: this dataset holds unitaries only, circuits were not stored (circuit: false)",
        hint="qframe.open(CONFIG), with the dataset's config, computes them",
    )
