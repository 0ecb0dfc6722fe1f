"""The vectors are what docs/law.md says, as another program than qframe understands it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from blake3 import blake3

import qframe
from tests.law import by_hand, vectors

VECTORS = {vector["name"]: vector for vector in vectors.read()}

DEAR = {"haar", "haar, complex64"}
"""Vectors of which one block alone is compared: rejection goes through all numbers of a block."""


@pytest.mark.parametrize("name", VECTORS)
def test_the_records_of_a_vector_follow_from_its_recipe(name: str) -> None:
    records = by_hand.records(VECTORS[name]["recipe"])
    for want in VECTORS[name]["records"]:
        if name in DEAR and want["record"] >= records.block:
            continue
        row = records.row(want["record"])
        assert list(row.codes) == want["codes"], want["record"]
        if row.unitary is not None:
            assert " ".join(map(float.hex, row.unitary)) == want["unitary"], want["record"]
        for column, (_, value) in row.more.items():
            assert value == want[column], column


def test_the_content_hash_of_a_vector_follows_from_its_recipe() -> None:
    vector = VECTORS["uniform"]
    records = by_hand.records(vector["recipe"])
    records.multiplies = False
    text = f"{vector['recipe_id']} {vectors.HASHED}\n".encode()
    for numbers in (range(records.block), range(records.block, vectors.HASHED)):
        text += records.drawn_digest(numbers, 30)
    assert blake3(text).hexdigest() == vector["content_hash"]["blake3"]


@pytest.mark.parametrize(
    ("name", "max_length"),
    [
        ("uniform, more than 255 gates", 260),
        ("walk", 20),
        ("haar, complex64", 1),
        ("clifford_uniform", 10),
    ],
)
def test_the_content_hash_of_few_records_is_over_the_drawn_columns(
    name: str, max_length: int, tmp_path: Path
) -> None:
    config = {**vectors.CONFIGS[name], "records": 7}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(config))
    records = by_hand.records(VECTORS[name]["recipe"])
    records.multiplies = False
    drawn = records.drawn_digest(range(7), max_length)
    text = f"{VECTORS[name]['recipe_id']} 7\n".encode() + drawn
    with qframe.open(path) as dataset:
        assert dataset.header.schema.max_length == max_length
        assert dataset.content_hash() == blake3(text).hexdigest()
