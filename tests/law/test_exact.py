"""`arithmetic: exact` and `key` in a config: what they change, and what they leave alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.circuits.arithmetic import circuit_unitary
from qframe.circuits.exact.products import ExactProducts
from qframe.rings.rounding import nearest_doubles

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_the_default_is_not_in_the_recipe(config: Config) -> None:
    with (
        qframe.open(config(name="a.yaml")) as plain,
        qframe.open(config(name="b.yaml", arithmetic="float", key=False)) as said,
    ):
        assert plain.recipe.id == said.recipe.id
        assert "arithmetic" not in plain.recipe.text
        assert "exact" not in plain.recipe.text
        assert "key" not in plain.recipe.data
        assert len(plain.schema) == 3


def test_exact_unitaries_are_the_nearest_doubles_of_the_products(config: Config) -> None:
    with qframe.open(config(arithmetic="exact")) as exact, qframe.open(config()) as plain:
        got, near = exact[:500], plain[:500]
        assert exact.recipe.id != plain.recipe.id
        assert got.codes.tobytes() == near.codes.tobytes()
        assert np.abs(got.unitaries - near.unitaries).max() < 1e-12
        assert got.unitaries.tobytes() != near.unitaries.tobytes()
        made = ExactProducts(exact.recipe.instructions).multiply(got.codes, got.lengths)
        assert (
            got.unitaries.tobytes()
            == nearest_doubles(made.ring, made.numbers, made.exponents).tobytes()
        )


def test_exact_unitaries_do_not_depend_on_the_order_of_products(config: Config) -> None:
    """T T and S, in a recipe's own fold: float differs in last bits, exact does not."""
    with qframe.open(config(arithmetic="exact", sampler={"plugin": "uniform", "length": 9})) as ds:
        instructions, batch = ds.recipe.instructions, ds[:300]
        products = ExactProducts(instructions)
        s, t = 1, 3
        twice = np.array([[*row[:4], s, *row[4:]] for row in batch.codes.tolist()], dtype=np.uint8)
        longer = np.array([[*r[:4], t, t, *r[4:]] for r in batch.codes.tolist()], dtype=np.uint8)
        a = products.multiply(twice, np.full(300, 10))
        b = products.multiply(longer, np.full(300, 11))
        assert a.numbers.tolist() == b.numbers.tolist()
        words = zip(twice.tolist(), longer.tolist(), strict=True)
        assert any(
            (circuit_unitary(instructions, x, 1) != circuit_unitary(instructions, y, 1)).any()
            for x, y in words
        )


@pytest.mark.parametrize(
    "other",
    [
        {"engine": "numba"},
        {"executor": {"plugin": "processes", "workers": 2}, "task_blocks": 1},
        {"storage": {"plugin": "sqlite", "layout": "rows"}},
        {"storage": "savetxt", "records": 300},
    ],
    ids=["engine", "workers", "rows", "savetxt"],
)
def test_engine_workers_and_storage_change_no_bit(
    other: dict[str, Any], config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    keys = {"arithmetic": "exact", "key": True, "records": 9000, **other}
    output = run_qframe(config(**{**keys, "output": tmp_path / "other"})).output
    same = {"arithmetic": "exact", "key": True, "records": keys["records"]}
    with qframe.open(output) as stored, qframe.open(config(**same)) as computed:
        assert stored.recipe.id == computed.recipe.id
        assert stored.content_hash() == computed.content_hash()


def test_a_dataset_with_exact_numbers_and_keys_is_verified_and_repaired_from_its_own_recipe(
    config: Config, run_qframe: Run, qframe_main: Cli
) -> None:
    output = run_qframe(config(arithmetic="exact", key=64, gate_set="hrc")).output
    assert "2 of them recomputed" in qframe_main("verify", output, "--recompute").stdout
    with qframe.open(output) as ds:
        blob, want = ds[17].unitary.tobytes(), ds.content_hash()
    data = bytearray(output.read_bytes())
    data[data.index(blob)] ^= 1
    output.write_bytes(data)
    assert qframe_main("verify", output).returncode == 4
    assert qframe_main("verify", output, "--repair").returncode == 0
    with qframe.open(output) as ds:
        assert ds.content_hash() == want


def test_complex64_is_the_exact_double_rounded_once(config: Config) -> None:
    with (
        qframe.open(config(arithmetic="exact")) as wide,
        qframe.open(config(arithmetic="exact", dtype="complex64")) as narrow,
    ):
        want = wide[:200].unitaries.astype(np.complex64)
        assert narrow[:200].unitaries.tobytes() == want.tobytes()


@pytest.mark.parametrize("gate_set", ["rotations", {"plugin": "ibm", "qubits": 1}])
def test_a_gate_set_without_a_ring_is_named_with_those_that_have_one(
    gate_set: Any, config: Config, qframe_main: Cli
) -> None:
    done = qframe_main("check", config(arithmetic="exact", gate_set=gate_set))
    name = gate_set if isinstance(gate_set, str) else gate_set["plugin"]
    assert done.returncode == 2
    assert (
        f"arithmetic: exact: the gates of gate set {name!r} do not lie in one ring" in done.stderr
    )
    assert "clifford, clifford_ccz, clifford_cs, clifford_t, fibonacci, hrc" in done.stderr
    assert "small.yaml:" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


def test_a_sampler_of_unitaries_has_no_exact_products(config: Config, qframe_main: Cli) -> None:
    done = qframe_main("check", config(arithmetic="exact", sampler="haar"))
    assert done.returncode == 2
    assert "the sampler 'haar' gives unitaries itself" in done.stderr


def test_circuits_whose_integers_outgrow_64_bits_are_made_as_any_others(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """What `check` accepts can be finished, proved again, and split by unitary."""
    sampler = {"plugin": "non_backtracking", "length": {"min": 1, "max": 65}}
    keys = {"gate_set": "hrc", "sampler": sampler, "records": 150, "key": True}
    path = config(arithmetic="exact", **keys)
    assert qframe_main("check", path).returncode == 0
    assert qframe_main("run", path).returncode == 0
    assert qframe_main("verify", "small.db", "--recompute").returncode == 0
    with qframe.open(tmp_path / "small.db") as ds, qframe.open(config("f.yaml", **keys)) as plain:
        exact = ExactProducts(ds.recipe.instructions)
        assert any(m.wide for _, m in exact.parts(qframe.Circuits(ds[:].codes, ds[:].lengths)))
        assert np.abs(ds[:].unitaries - plain[:].unitaries).max() < 1e-12
        assert (ds[:].extra["key"] == plain[:].extra["key"]).all()
        batch = ds[:]
        unitary = batch.unitaries @ batch.unitaries.conj().swapaxes(1, 2)
        assert np.abs(unitary - np.eye(2)).max() < 1e-15
        sides = ds.split(test=0.3, by="unitary")
        assert sum(len(b) for side in sides for b in side.batches(64)) == 150


@pytest.mark.parametrize(("gate_set", "by"), [("clifford_t", "exact"), ("rotations", "tolerance")])
@pytest.mark.parametrize("arithmetic", ["float", "exact"])
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_the_key_is_that_of_the_circuit(
    gate_set: str, by: str, arithmetic: str, dtype: str, config: Config
) -> None:
    if by == "tolerance" and arithmetic == "exact":
        return
    with qframe.open(
        config(gate_set=gate_set, arithmetic=arithmetic, dtype=dtype, key=True)
    ) as keyed:
        assert keyed.recipe.key == {"bits": 128, "by": by}
        batch = keyed[4000:4200]
        circuits = qframe.Circuits(batch.codes, batch.lengths)
        if by == "exact":
            want = qframe.circuit_keys(keyed.recipe.instructions, circuits)
        else:  # from doubles, also where single precision is stored
            with qframe.open(config(gate_set=gate_set, name="wide.yaml")) as wide:
                want = qframe.unitary_keys(wide[4000:4200].unitaries)
        assert batch.extra["key"].tobytes() == want.tobytes()


@pytest.mark.parametrize(("key", "width"), [(True, 2), (128, 2), (64, 1)])
def test_a_key_of_each_width_is_a_column(key: Any, width: int, config: Config) -> None:
    with qframe.open(config(key=key)) as ds:
        assert ds.schema.columns[-1] == qframe.Column("key", "<u8", (width,), drawn=False)
        assert ds[5].extra["key"].shape == (width,)


def test_haar_unitaries_get_keys_by_tolerance_though_the_gates_have_a_ring(config: Config) -> None:
    with qframe.open(config(key=True, sampler="haar", records=50)) as ds:
        assert ds.recipe.key == {"bits": 128, "by": "tolerance"}
        assert len(np.unique(ds[:].extra["key"], axis=0)) == 50


@pytest.mark.parametrize("bad", [1, 32, "yes", "128"])
def test_no_other_width_is_taken(bad: Any, config: Config, qframe_main: Cli) -> None:
    done = qframe_main("check", config(key=bad))
    assert done.returncode == 2
    assert "key" in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(arithmetic="fuzzy"),
        lambda data: data.update(arithmetic="float"),
        lambda data: data.update(key={"bits": 32, "by": "exact"}),
        lambda data: data.update(key={"bits": 64, "by": "exact", "more": 1}),
        lambda data: data.update(key=None),
        lambda data: data.update(derived={"operation": "delete"}),
        lambda data: data["gate_set"]["gates"][0]["exact"].update(exponent=3),
        lambda data: data["gate_set"]["gates"][0]["exact"].update(ring="Z"),
    ],
)
def test_a_recipe_that_says_what_none_may_say_is_refused(change: Any, config: Config) -> None:
    import json

    with qframe.open(config(arithmetic="exact", key=64)) as ds:
        assert qframe.Recipe.from_text(ds.recipe.text).id == ds.recipe.id
        data = json.loads(ds.recipe.text)
    change(data)
    with pytest.raises(qframe.QframeError):
        qframe.Recipe.from_text(json.dumps(data, sort_keys=True, separators=(",", ":")))


KEYED_SAMPLER = """
import numpy as np
from qframe import Circuits, Column, PluginOptions, Sampler

class Keyed(Sampler[PluginOptions]):
    name = "keyed"
    max_length = 1
    columns = (Column("key", "<u8"),)

    def sample(self, draws):
        ones = np.ones(draws.size, dtype=np.uint8)
        return Circuits(ones[:, None], ones, {"key": ones.astype(np.uint64)})
"""


def test_a_sampler_with_a_column_of_that_name_is_refused(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "keyed.py").write_text(KEYED_SAMPLER)
    assert qframe_main("check", config(sampler="keyed.py")).returncode == 0
    done = qframe_main("check", config(sampler="keyed.py", key=True))
    assert done.returncode == 2
    assert "key: the sampler 'keyed' has a column `key` of its own" in done.stderr
