"""Test vectors of the law: records of small recipes, which no later version may change.

Each vector holds a config, the text of its recipe, some records, and the content hash of its first
`HASHED` records. The recipe names the format and the version of the sampler. So a recipe id that is
known has records that are known: whoever changes them has to raise one of the two versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from qframe import Dataset, Record
from qframe.config.load import load_config
from qframe.config.to_recipe import header_of
from qframe.dataset.computed import ComputedReader
from qframe.generation.generator import Generator
from qframe.recipe.recipe import differences

PATH = Path(__file__).with_name("vectors.json")

HASHED = 5000
"""Number of records of the dataset whose content hash a vector holds: its second block is cut."""

FAR = 10**12 + 7
"""A record that no run has reached, in a block of its own."""

Vector = dict[str, Any]

ONE = {"plugin": "clifford_t", "qubits": 1}
TWO = {"plugin": "clifford_t", "qubits": 2}
V_BASIS = {
    "v1": [["1/sqrt(5)", "2*i/sqrt(5)"], ["2*i/sqrt(5)", "1/sqrt(5)"]],
    "v3": [["(1+2*i)/sqrt(5)", 0], [0, "(1-2*i)/sqrt(5)"]],
}


def _config(gate_set: object, sampler: object, **more: Any) -> dict[str, Any]:
    return {"seed": 1, "gate_set": gate_set, "sampler": sampler, **more}


CONFIGS: Mapping[str, dict[str, Any]] = {
    "uniform": _config(ONE, {"plugin": "uniform", "length": {"min": 5, "max": 30}}),
    "uniform, weights, complex64": _config(
        {"plugin": "clifford", "qubits": 2, "gates": ["h", "s", "sx", "cx", "cz"]},
        {"plugin": "uniform", "length": 12, "weights": {"cx": 2, "h": 0.3, "cz": 0}},
        seed=2**64 - 1,
        dtype="complex64",
    ),
    "uniform, more than 255 gates": _config(
        {"plugin": "matrices", "gates": V_BASIS},
        {"plugin": "uniform", "length": {"min": 250, "max": 260}},
    ),
    "uniform, exact, with key and labels": _config(
        {"plugin": "clifford_cs", "gates": ["h", "s", "cx", "cs", "csdg"]},
        {"plugin": "uniform", "length": {"min": 0, "max": 16}},
        arithmetic="exact",
        key=True,
        labels=["cx_count", "depth"],
    ),
    "uniform, three qubits": _config(
        {"plugin": "clifford_ccz", "third": "ccx", "coupling": "line"},
        {"plugin": "uniform", "length": {"min": 1, "max": 12}},
    ),
    "non_backtracking": _config(
        TWO, {"plugin": "non_backtracking", "length": {"min": 0, "max": 9}}
    ),
    "non_backtracking, phase exact": _config(
        {"plugin": "ibm", "qubits": 2, "steps": 4, "entangler": "ecr"},
        {"plugin": "non_backtracking", "length": 20, "phase": "exact", "canonical_order": False},
    ),
    "non_backtracking, complex64": _config(
        {"plugin": "rotations", "k": [3, 7]},
        {"plugin": "non_backtracking", "length": 11},
        dtype="complex64",
    ),
    "enumerate": _config(
        {"plugin": "hrc"}, {"plugin": "enumerate", "max_length": 20, "reduced": True}
    ),
    "enumerate, all words": _config(
        {"plugin": "fibonacci"}, {"plugin": "enumerate", "min_length": 2, "max_length": 21}
    ),
    "matsumoto_amano": _config(ONE, {"plugin": "matsumoto_amano", "t_count": 40}),
    "matsumoto_amano, uniform": _config(
        {**ONE, "gates": ["t", "h", "s"]},
        {"plugin": "matsumoto_amano", "t_count": 13, "mode": "uniform"},
    ),
    "clifford_uniform": _config({"plugin": "clifford", "qubits": 2}, "clifford_uniform"),
    "clifford_uniform, three qubits": _config(
        {"plugin": "clifford", "qubits": 3, "gates": ["h", "s", "cx"], "coupling": "line"},
        "clifford_uniform",
    ),
    "t_count": _config(TWO, {"plugin": "t_count", "length": 12, "t_count": 4}),
    "t_count, long": _config(ONE, {"plugin": "t_count", "length": 40, "t_count": 15}),
    "brickwork": _config(
        {"plugin": "sycamore", "qubits": 3, "coupling": "line"}, {"plugin": "brickwork", "depth": 7}
    ),
    "walk": _config(
        {"plugin": "fibonacci"}, {"plugin": "walk", "length": 20, "weights": {"sigma1": 3}}
    ),
    "walk, non_backtracking": _config(
        {"plugin": "ion_trap", "qubits": 2, "steps": 4},
        {"plugin": "walk", "length": 10, "non_backtracking": True},
    ),
    "haar": _config(TWO, "haar"),
    "haar, complex64": _config(ONE, "haar", dtype="complex64"),
}
"""The configs of the vectors by name: each built-in sampler and gate set is in one of them."""


class RecordsChanged(Exception):  # noqa: N818 - reads as what it says
    """A recipe that is known has other records than before."""


def vector_of(name: str, config: dict[str, Any]) -> Vector:
    """The vector of a config, as qframe makes it now."""
    with TemporaryDirectory() as place:
        path = Path(place) / "config.yaml"
        path.write_text(yaml.safe_dump({**config, "records": FAR + 1}))
        loaded = load_config(path)
    header = header_of(loaded)
    recipe = header.recipe
    plugins = (loaded.plugins[kind].spec for kind in ("sampler", "engine"))
    # One generator makes both datasets: to find and make plugins takes most of the time.
    generator = Generator.from_specs(recipe, *plugins)
    dataset = Dataset(ComputedReader(header, generator), name)
    small = Dataset(ComputedReader(replace(header, records=HASHED), generator), name)
    numbers = (0, recipe.block - 1, recipe.block, FAR)
    return {
        "name": name,
        "config": config,
        "recipe": recipe.text,
        "recipe_id": recipe.id,
        "records": [_record(dataset[number]) for number in numbers],
        "content_hash": {"records": HASHED, "blake3": small.content_hash()},
    }


def _record(record: Record) -> dict[str, Any]:
    entries = [entry for row in record.unitary.tolist() for entry in row]
    floats = (part for entry in entries for part in (entry.real, entry.imag))
    return {
        "record": record.index,
        "codes": record.codes.tolist(),
        "unitary": " ".join(map(float.hex, floats)),
        **{name: value.tolist() for name, value in record.extra.items()},
    }


def read(path: Path = PATH) -> list[Vector]:
    """The vectors that are kept; none if there is no file."""
    if not path.exists():
        return []
    vectors: list[Vector] = json.loads(path.read_text())
    return vectors


def write(vectors: list[Vector], path: Path = PATH) -> None:
    """Replaces the kept vectors.

    Raises:
        RecordsChanged: a kept vector has the recipe of a new one, and other records.
    """
    kept = {vector["recipe_id"]: vector for vector in read(path)}
    for vector in vectors:
        if vector["recipe_id"] in kept:
            check_records(kept[vector["recipe_id"]], vector)
    path.write_text("[\n" + ",\n".join(map(_text, vectors)) + "\n]\n")


def _text(vector: Vector) -> str:
    """JSON with one line per field and one per record."""
    records = ",\n".join(f"  {json.dumps(record)}" for record in vector["records"])
    fields = {name: json.dumps(value) for name, value in vector.items()}
    fields["records"] = f"[\n{records}\n ]"
    return "{\n" + ",\n".join(f' "{name}": {text}' for name, text in fields.items()) + "\n}"


def check_records(kept: Vector, made: Vector) -> None:
    """Compares the records of one recipe.

    Raises:
        RecordsChanged: naming what differs, and the versions of which one has to change.
    """
    changed = list(_changes(kept, made))
    if not changed:
        return
    recipe = json.loads(kept["recipe"])
    sampler = recipe["sampler"]
    raise RecordsChanged(
        f"vector {kept['name']!r}: {', '.join(changed)} changed, and the recipe did not. "
        f"Raise `version` of the sampler {sampler['name']!r} (now {sampler['version']}), or FORMAT "
        f"in qframe/recipe/recipe.py (now {recipe['format']}), or undo the change"
    )


def _changes(kept: Vector, made: Vector) -> Iterator[str]:
    assert kept["recipe_id"] == made["recipe_id"]
    for before, now in zip(kept["records"], made["records"], strict=True):
        columns = ", ".join(name for name in before if before[name] != now.get(name))
        if columns or before.keys() != now.keys():
            yield f"record {before['record']} ({columns or 'its columns'})"
    if kept["content_hash"] != made["content_hash"]:
        yield "the content hash"


def recipe_changes(kept: Vector, made: Vector) -> list[str]:
    """In what the recipes of two vectors differ: one sentence per field."""
    return list(differences(json.loads(kept["recipe"]), json.loads(made["recipe"])))
