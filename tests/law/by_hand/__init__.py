"""Every built-in sampler as docs/law.md describes it: plain Python, row by row, without qframe.

It takes Philox, the integers, the products and the reduced words of `examples/law.py` from there.
"""

from __future__ import annotations

import json

from tests.law.by_hand.basis import Basis
from tests.law.by_hand.brickwork import Brickwork
from tests.law.by_hand.clifford import CliffordUniform, MatsumotoAmano, TCount
from tests.law.by_hand.haar import Haar
from tests.law.by_hand.words import Enumerate, NonBacktracking, Uniform, Walk

SAMPLERS: dict[str, type[Basis]] = {
    "uniform": Uniform,
    "non_backtracking": NonBacktracking,
    "enumerate": Enumerate,
    "matsumoto_amano": MatsumotoAmano,
    "clifford_uniform": CliffordUniform,
    "t_count": TCount,
    "brickwork": Brickwork,
    "walk": Walk,
    "haar": Haar,
}


def records(text: str) -> Basis:
    """The records of a recipe."""
    return SAMPLERS[json.loads(text)["sampler"]["name"]](text)
