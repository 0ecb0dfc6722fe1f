"""The recipe id: changes with what decides the data, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qframe
from qframe import Gate, Instruction, InstructionSet, NotADataset, Recipe
from qframe.circuits.arithmetic import fold_for

Config = Callable[..., Path]


def recipe_id(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.recipe.id


CONFIG: dict[str, Any] = {
    "records": 100,
    "seed": 3,
    "dtype": "complex128",
    "gate_set": {"plugin": "clifford_t", "qubits": 2, "gates": ["h", "t", "cx"]},
    "sampler": {"plugin": "uniform", "length": {"min": 1, "max": 9}, "weights": {"t": 2.0}},
    "engine": "numpy",
    "storage": {"plugin": "sqlite", "layout": "rows"},
}


def shuffled(data: Any, draw: st.DataObject) -> Any:
    """The same mapping, keys in any order, on every level."""
    if not isinstance(data, dict):
        return data
    keys = draw.draw(st.permutations(list(data)))
    return {key: shuffled(data[key], draw) for key in keys}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_the_order_of_yaml_keys_does_not_matter(tmp_path: Path, draw: st.DataObject) -> None:
    path = tmp_path / "shuffled.yaml"
    path.write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    want = recipe_id(path)
    path.write_text(yaml.safe_dump(shuffled(CONFIG, draw), sort_keys=False))
    assert recipe_id(path) == want


@pytest.mark.parametrize(
    "change",
    [
        {"records": 10**9},
        {"storage": "savetxt"},
        {"storage": {"plugin": "sqlite", "layout": "rows", "page_size": 4096}},
        {"executor": {"plugin": "processes", "workers": 7}},
        {"output": "elsewhere.db"},
        {"task_blocks": 3},
    ],
    ids=lambda change: "-".join(change),
)
def test_what_does_not_decide_the_data_does_not_change_the_id(
    change: dict[str, Any], config: Config
) -> None:
    assert recipe_id(config(**change)) == recipe_id(config("plain.yaml"))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"dtype": "complex64"},
        {"sampler": {"plugin": "uniform", "length": {"min": 5, "max": 31}}},
        {"sampler": {"plugin": "uniform", "length": {"min": 4, "max": 30}}},
        {"sampler": {"plugin": "uniform", "length": 30}},
        {"sampler": {"plugin": "uniform", "length": {"min": 5, "max": 30}, "weights": {"t": 2.0}}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 2}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 1, "gates": ["s", "h", "t"]}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 1, "gates": ["h", "s", "t"]}},
    ],
)
def test_what_decides_the_data_changes_the_id_and_the_data(
    change: dict[str, Any], config: Config
) -> None:
    plain, changed = qframe.open(config("plain.yaml")), qframe.open(config(**change))
    assert plain.recipe.id != changed.recipe.id
    assert plain.content_hash() != changed.content_hash()


def test_the_order_of_gates_changes_the_id(config: Config) -> None:
    ids = {
        recipe_id(config(gate_set={"plugin": "clifford_t", "gates": gates}))
        for gates in (["h", "s", "t"], ["s", "h", "t"], ["t", "s", "h"])
    }
    assert len(ids) == 3


def test_a_gate_set_is_known_by_its_matrices_and_not_by_its_plugin(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe import Gate, GateSet\n"
        "from qframe_plugins.gate_sets.clifford_t import CliffordT\n\n"
        "class Mine(CliffordT):\n"
        "    name = 'mine'\n"
    )
    assert recipe_id(config(gate_set="./mine.py")) == recipe_id(config("plain.yaml"))


def test_a_local_sampler_is_known_by_its_file(config: Config, tmp_path: Path) -> None:
    text = (
        "from qframe_plugins.samplers.uniform import Uniform\n\n"
        "class Mine(Uniform):\n"
        "    name = 'mine'\n"
    )
    ids = set()
    for name, comment in (("a.py", ""), ("b.py", "# another version\n")):
        (tmp_path / name).write_text(text + comment)
        sampler = {"plugin": f"./{name}", "length": 5}
        ids.add(recipe_id(config(f"{name}.yaml", sampler=sampler)))
    assert len(ids) == 2


angles = st.floats(-10, 10)


NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: name.isprintable() and name.strip() == name
)
"""Names that a gate may have."""


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    qubits = draw(st.integers(1, 3))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    phases = draw(
        st.lists(
            st.floats(-3, 3).map(lambda a: round(a, 3)),
            min_size=len(names),
            max_size=len(names),
            unique_by=lambda a: complex(np.exp(1j * a)),
        )
    )
    gates = tuple(
        Gate(name, np.diag([1, np.exp(1j * a)])) for name, a in zip(names, phases, strict=True)
    )
    placed = tuple(Instruction(g.name, (q,)) for g in gates for q in range(qubits))
    options = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), angles, st.text()))
    return Recipe(
        instructions=InstructionSet(qubits, gates, placed),
        sampler={"name": draw(st.text(max_size=5)), "options": draw(options)},
        seed=draw(st.integers(0, 2**64 - 1)),
        dtype=draw(st.sampled_from(["complex128", "complex64"])),
        fold=draw(st.integers(1, fold_for(len(placed), qubits))),
        block=draw(st.sampled_from([4096, 512, 1])),
    )


@given(recipe=recipes())
def test_the_text_is_the_recipe(recipe: Recipe) -> None:
    again = Recipe.from_text(recipe.text)
    assert again.text == recipe.text
    assert again.id == recipe.id
    assert np.array_equal(again.instructions.matrices, recipe.instructions.matrices)
    assert again.instructions.instructions == recipe.instructions.instructions


def test_the_text_can_be_read_with_json_alone(config: Config) -> None:
    data = json.loads(qframe.open(config()).recipe.text)
    assert data["seed"] == 1
    assert data["dtype"] == "complex128"
    names = [gate["name"] for gate in data["gate_set"]["gates"]]
    assert names == ["h", "s", "sdg", "t", "tdg", "x"]
    assert data["sampler"]["options"]["length"] == {"min": 5, "max": 30}


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "1", "[" * 100_000, "\udc80", "NaN"),
        *(
            '{"format": 2}',
            '{"format": 0}',
            '{"format": "2"}',
            '{"format": true}',
            '{"format": []}',
        ),
    ],
    ids=lambda text: text[:15].encode("unicode_escape").decode(),
)
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(NotADataset, match="recipe"):
        Recipe.from_text(text)


@pytest.mark.parametrize(
    ("number", "hint"),
    [(1, "make the dataset again: qframe run"), (3, "install a newer"), (10**9, "install a newer")],
)
def test_a_recipe_of_another_format_is_said_to_be_that(number: int, hint: str) -> None:
    with pytest.raises(qframe.OtherFormat, match=f"format {number}, .* reads format 2") as error:
        Recipe.from_text(json.dumps({"format": number, "what": "anything"}))
    assert hint in str(error.value.hint)


def test_a_field_of_a_later_version_is_named_and_not_passed_over(config: Config) -> None:
    data = json.loads(qframe.open(config()).recipe.text)
    more = {**data, "targets": ["tableau"], "a": 1, "b\n": 2, "c": 3}
    text = json.dumps(more, sort_keys=True, separators=(",", ":"))
    with pytest.raises(qframe.OtherFormat, match=r'know: "a", "b\\n", "c" and 1 more') as error:
        Recipe.from_text(text)
    assert error.value.hint == "install a newer version of qframe"


@pytest.mark.parametrize("field", ["gate_set", "sampler", "seed", "dtype", "fold", "block"])
@pytest.mark.parametrize("value", [None, {}, [], "x", {"a": 1}, [1]], ids=json.dumps)
def test_a_recipe_with_a_field_of_another_kind_is_refused_or_can_be_used(
    field: str, value: Any, config: Config
) -> None:
    data = json.loads(qframe.open(config()).recipe.text)
    data[field] = value
    try:
        recipe = Recipe.from_text(json.dumps(data))
    except NotADataset:
        return
    assert Recipe.from_text(recipe.text).id == recipe.id
