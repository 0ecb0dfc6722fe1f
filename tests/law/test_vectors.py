"""The records of known recipes stay as they are, or the recipe gets another version."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qframe import Circuits, Draws
from qframe.plugins.installed import installed
from qframe_plugins.samplers.uniform import Uniform
from tests.law import make_vectors, vectors
from tests.law.vectors import CONFIGS, RecordsChanged, Vector

KEPT = {vector["name"]: vector for vector in vectors.read()}
AGAIN = "If that is meant: python -m tests.law.make_vectors"


def changed_sample(self: Uniform, draws: Draws) -> Circuits:
    """Uniform circuits, each from its end to its beginning."""
    made = SAMPLE(self, draws)
    return Circuits(made.codes[:, ::-1].copy(), made.lengths)


SAMPLE = Uniform.sample
FIXED = "uniform, weights, complex64"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the kept vectors, which the generator then reads and writes; one config alone."""
    path = tmp_path / "vectors.json"
    shutil.copy(vectors.PATH, path)
    one = {FIXED: CONFIGS[FIXED]}
    monkeypatch.setattr(make_vectors, "CONFIGS", one)
    monkeypatch.setattr(make_vectors, "read", lambda: vectors.read(path))
    monkeypatch.setattr(make_vectors, "write", lambda made: vectors.write(made, path))
    return path


def test_each_config_has_its_vector() -> None:
    assert {name: vector["config"] for name, vector in KEPT.items()} == CONFIGS, AGAIN


@pytest.mark.parametrize("name", CONFIGS)
def test_qframe_makes_the_records_of_the_vector(name: str) -> None:
    kept, made = KEPT[name], vectors.vector_of(name, CONFIGS[name])
    changes = vectors.recipe_changes(kept, made)
    assert kept["recipe"] == made["recipe"], f"the recipe of {name!r} changed: {changes}. {AGAIN}"
    vectors.check_records(kept, made)


@pytest.mark.parametrize("name", KEPT)
def test_the_recipe_of_a_vector_is_canonical_and_its_hash_is_the_id(name: str) -> None:
    text = KEPT[name]["recipe"]
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text
    assert hashlib.sha256(text.encode()).hexdigest() == KEPT[name]["recipe_id"]


@pytest.mark.parametrize("kind", ["sampler", "gate_set"])
def test_each_built_in_sampler_and_gate_set_has_a_vector(kind: str) -> None:
    named = [config[kind] for config in CONFIGS.values()]
    covered = {entry if isinstance(entry, str) else entry["plugin"] for entry in named}
    built_in = {p.name for p in installed(kind) if p.entry.value.startswith("qframe_plugins.")}
    assert covered == built_in


def test_the_vectors_are_small() -> None:
    assert vectors.PATH.stat().st_size < 200_000


def test_other_records_of_one_recipe_name_the_versions_that_have_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Uniform, "sample", changed_sample)
    made = vectors.vector_of(FIXED, CONFIGS[FIXED])
    with pytest.raises(RecordsChanged) as error:
        vectors.check_records(KEPT[FIXED], made)
    said = str(error.value)
    assert "record 0 (codes, unitary)" in said
    assert "the content hash" in said
    assert "Raise `version` of the sampler 'uniform' (now 1), or FORMAT" in said


def test_other_records_of_another_version_of_the_sampler_are_another_recipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Uniform, "sample", changed_sample)
    monkeypatch.setattr(Uniform, "version", 2)
    made = vectors.vector_of(FIXED, CONFIGS[FIXED])
    assert made["recipe_id"] != KEPT[FIXED]["recipe_id"]
    [change] = vectors.recipe_changes(KEPT[FIXED], made)
    assert change.startswith("sampler.version: stored has 1, the config says 2")


def test_the_generator_refuses_other_records_of_one_recipe_and_writes_nothing(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = copy.read_bytes()
    monkeypatch.setattr(Uniform, "sample", changed_sample)
    assert make_vectors.main() == 1
    assert copy.read_bytes() == before
    assert "Raise `version` of the sampler 'uniform'" in capsys.readouterr().err


def test_the_generator_takes_other_records_of_another_version(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Uniform, "sample", changed_sample)
    monkeypatch.setattr(Uniform, "version", 2)
    assert make_vectors.main() == 0
    [vector] = vectors.read(copy)
    assert json.loads(vector["recipe"])["sampler"]["version"] == 2


def test_the_generator_changes_no_byte_if_nothing_changed(copy: Path) -> None:
    kept = [KEPT[FIXED]]
    vectors.write(kept, copy)
    before = copy.read_bytes()
    assert make_vectors.main() == 0
    assert copy.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"records": [{"record": 0, "codes": [1], "unitary": "0x0.0p+0"}]},
        {"records": [{"record": 0, "codes": [0], "unitary": "-0x0.0p+0"}]},
        {"records": [{"record": 0, "codes": [0], "unitary": "0x0.0p+0", "key": [1]}]},
        {"content_hash": {"records": 1, "blake3": "other"}},
    ],
)
def test_each_part_of_a_record_counts(change: dict[str, Any]) -> None:
    recipe = json.dumps({"format": 2, "sampler": {"name": "mine", "version": 7}})
    kept: Vector = {
        "name": "x",
        "recipe": recipe,
        "recipe_id": "1",
        "records": [{"record": 0, "codes": [0], "unitary": "0x0.0p+0"}],
        "content_hash": {"records": 1, "blake3": "same"},
    }
    vectors.check_records(kept, dict(kept))
    with pytest.raises(RecordsChanged, match="sampler 'mine' \\(now 7\\)"):
        vectors.check_records(kept, {**kept, **change})
