"""RunSummary: what a run returns when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Attributes:
        output: path of the dataset.
        recipe_id: id of its recipe.
        records: records that are stored now.
        stored: records that this run added.
        seconds: wall time, from the plan to the finished dataset.
        bytes: bytes that the dataset takes on the disk.
        complete: whether all records that were asked for are stored. If not, the same call does the
            rest; the command line says so with exit code 75, or with that of the signal.
        signal: number of the signal that asked the run to stop, or None.
    """

    output: Path
    recipe_id: str
    records: int
    stored: int
    seconds: float
    bytes: int
    complete: bool
    signal: int | None = None
