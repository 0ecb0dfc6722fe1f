"""Label columns: part of the recipe where asked for, the same through every storage and reader."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.circuits.costs import LABEL_NAMES, LABELS
from qframe.config.load import load_config
from qframe.config.to_recipe import header_of
from qframe.errors import ConfigError, PluginError, RecipeMismatch

STORAGES: list[Any] = [
    "sqlite",
    {"plugin": "sqlite", "layout": "rows"},
    "sqlite-rollback",
    "savetxt",
]
TWO = {"plugin": "clifford_t", "qubits": 2, "gates": ["t", "h", "cx"]}


def layers(record: qframe.Record) -> int:
    """The depth by its definition, gate by gate."""
    reached = [0, 0]
    for placed in record.circuit:
        layer = 1 + max(reached[q] for q in placed.qubits)
        for q in placed.qubits:
            reached[q] = layer
    return max(reached)


def longest_chain(record: qframe.Record, cost: Callable[[qframe.Instruction], int]) -> int:
    """The largest sum of costs along gates that share qubits, by trying all earlier gates."""
    best: list[int] = []
    for k, placed in enumerate(record.circuit):
        before = [best[j] for j in range(k) if set(record.circuit[j].qubits) & set(placed.qubits)]
        best.append(max(before, default=0) + cost(placed))
    return max(best, default=0)


def mixed_names(**extra: Any) -> dict[str, Any]:
    """Gates whose names say little: T times a phase, its inverse, CX in the textbook's order."""
    return {
        "plugin": "matrices",
        "qubits": 3,
        "gates": {
            "rz_1": [["exp(-i*pi/8)", 0], [0, "exp(i*pi/8)"]],
            "Tdg": [[1, 0], [0, "exp(-i*pi/4)"]],
            "CNOT": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],
            "had": [["1/sqrt(2)", "1/sqrt(2)"], ["1/sqrt(2)", "-1/sqrt(2)"]],
            "t": [[1, 0], [0, -1]],
            "cx": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]],
            **extra,
        },
    }


def test_gates_are_recognised_by_their_matrices_and_not_by_their_names(config: Any) -> None:
    names = list(LABEL_NAMES)
    path = config(
        records=200,
        gate_set=mixed_names(),
        labels=names,
        sampler={"plugin": "uniform", "length": {"min": 0, "max": 25}},
    )
    for record in qframe.open(path):
        gates = Counter(i.gate for i in record.circuit)
        is_t = lambda i: int(i.gate in ("rz_1", "Tdg"))  # noqa: E731
        assert {name: int(record.extra[name]) for name in names} == {
            "t_count": gates["rz_1"] + gates["Tdg"],
            "cx_count": gates["CNOT"],
            "two_qubit_count": gates["CNOT"] + gates["cx"],
            "depth": longest_chain(record, lambda _: 1),
            "hardware_depth": longest_chain(record, lambda i: i.gate in ("CNOT", "cx", "had")),
            "two_qubit_depth": longest_chain(record, lambda i: i.gate in ("CNOT", "cx")),
            "t_depth": longest_chain(record, is_t),
        }


@pytest.mark.parametrize(
    ("gate_set", "zero"),
    [
        (
            {"plugin": "clifford", "qubits": 1},
            ["t_count", "cx_count", "two_qubit_count", "two_qubit_depth", "t_depth"],
        ),
        (
            {"plugin": "clifford_t", "qubits": 1, "gates": ["t", "s"]},
            [
                "cx_count",
                "two_qubit_count",
                "hardware_depth",
                "two_qubit_depth",
            ],
        ),
        (
            {"plugin": "clifford", "qubits": 2, "gates": ["h", "cz"]},
            ["t_count", "cx_count", "t_depth"],
        ),
        ({"plugin": "clifford_t", "qubits": 2}, []),
    ],
)
def test_a_label_that_can_only_be_0_is_said(
    gate_set: Any, zero: list[str], config: Any, qframe_main: Any
) -> None:
    path = config(records=50, gate_set=gate_set, labels=list(LABEL_NAMES))
    said = [line for line in qframe_main("check", path).stderr.splitlines() if "labels" in line]
    assert [line.split("labels: ")[1].split(" can only be 0: ")[0] for line in said] == zero
    extra = qframe.open(path)[:].extra
    assert [name for name in LABEL_NAMES if not extra[name].any()] == zero


def test_a_sampler_without_circuits_has_labels_of_0(config: Any, qframe_main: Any) -> None:
    done = qframe_main("check", config(sampler="haar", labels=["depth"]))
    assert "depth can only be 0: the sampler 'haar' gives unitaries and no circuits" in done.stderr


def test_the_names_of_the_config_are_the_labels() -> None:
    assert tuple(LABELS) == LABEL_NAMES


@pytest.mark.parametrize("storage", STORAGES, ids=str)
def test_labels_are_stored_read_and_verified(
    storage: Any, config: Any, run_qframe: Any, qframe_main: Any, tmp_path: Any
) -> None:
    path = config(
        records=300, storage=storage, labels=["depth", "t_count"], gate_set=TWO, task_blocks=1
    )
    run_qframe(path)
    with qframe.open(tmp_path / "small.db") as ds, qframe.open(path) as computed:
        assert [c.name for c in ds.schema.extra] == ["t_count", "depth"]
        batch, want = ds[:], computed[:]
        for name in ("t_count", "depth"):
            assert batch.extra[name].dtype == batch.lengths.dtype
            assert (batch.extra[name] == want.extra[name]).all()
        assert ds[7].extra["depth"] == batch.extra["depth"][7] == layers(ds[7])
        gates = [i.gate for i in ds[7].circuit]
        assert ds[7].extra["t_count"] == gates.count("t")
    shown = json.loads(qframe_main("show", "small.db", 7, "--json").stdout)
    assert shown["t_count"] == gates.count("t")
    assert "depth |u1" in qframe_main("info", "small.db").stdout
    assert "1 of them recomputed" in qframe_main("verify", "small.db", "--recompute").stdout


def test_a_recipe_without_labels_does_not_name_them(config: Any) -> None:
    plain = header_of(load_config(config())).recipe
    empty = header_of(load_config(config(labels=[]))).recipe
    assert "labels" not in plain.data
    assert plain.id == empty.id


def test_the_order_in_the_config_does_not_matter(config: Any) -> None:
    one, other = (
        header_of(load_config(config(labels=labels))).recipe
        for labels in (["depth", "cx_count"], ["cx_count", "depth"])
    )
    assert one.id == other.id
    assert qframe.Recipe.from_text(one.text).labels == ("cx_count", "depth")


def test_a_dataset_without_labels_is_not_continued_with_them(config: Any, run_qframe: Any) -> None:
    run_qframe(config(records=100))
    with pytest.raises(RecipeMismatch, match=r"labels: stored has null, .* says \[\"depth\"\]"):
        run_qframe(config(records=100, labels=["depth"]))


def test_unknown_labels_in_a_stored_recipe_are_refused(config: Any) -> None:
    text = header_of(load_config(config(labels=["depth"]))).recipe.text
    with pytest.raises(qframe.NotADataset, match="labels are unknown"):
        qframe.Recipe.from_text(text.replace('"depth"', '"breadth"'))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["length"], "the length is always there, as the column `lengths`"),
        (["depht"], "did you mean 'depth'"),
    ],
)
def test_a_wrong_label_is_named(config: Any, labels: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(config(labels=labels))
    assert message in str(refused.value)


def test_long_circuits_have_wide_labels(config: Any) -> None:
    """And a first code that counts is not counted in the padding."""
    path = config(
        records=50,
        labels=["t_count", "depth"],
        gate_set={**TWO, "gates": ["t"]},
        sampler={"plugin": "uniform", "length": {"min": 0, "max": 700}},
    )
    with qframe.open(path) as ds:
        batch = ds[:]
    assert batch.extra["depth"].dtype == np.uint16
    assert (batch.extra["t_count"] == batch.lengths).all()
    assert batch.lengths.max() > 256
    # Gates on two qubits at random: the depth is that of the busier qubit.
    busier = [max(np.bincount(r.codes, minlength=2)) for r in qframe.open(path)]
    assert batch.extra["depth"].tolist() == busier


def test_a_samplers_column_may_not_have_the_name_of_a_label(config: Any, tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe import Column\n"
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        "class Mine(Uniform):\n"
        '    name = "mine"\n'
        '    columns = (Column("depth", "|u1"),)\n'
    )
    sampler = {"plugin": "mine.py", "length": 3}
    with pytest.raises(PluginError, match="its column 'depth' has the name of another column"):
        header_of(load_config(config(labels=["depth"], sampler=sampler)))
