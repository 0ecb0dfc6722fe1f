"""`examples/law.py` makes the records that qframe makes, from the recipe's text alone."""

from __future__ import annotations

import ast
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import qframe
from tests.law.by_hand.basis import EXAMPLE, law

ROOT = Path(__file__).parents[2]
KNOWN = ("uniform", "non_backtracking")

ONE = {"plugin": "clifford_t", "qubits": 1}
TWO = {"plugin": "clifford_t", "qubits": 2}
THREE = {"plugin": "clifford_t", "qubits": 3, "coupling": "line"}
SHORT = {"min": 0, "max": 3}
LONG = {"min": 17, "max": 40}


def covered() -> list[Path]:
    """The shipped configs whose sampler the example knows, with products of doubles."""
    found = []
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        config = yaml.safe_load(path.read_text())
        sampler = config["sampler"]
        name = sampler if isinstance(sampler, str) else sampler["plugin"]
        if name in KNOWN and config.get("arithmetic", "float") == "float":
            found.append(path)
    return found


def uniform(gate_set: dict[str, Any], length: object, **options: Any) -> dict[str, Any]:
    return {
        "gate_set": gate_set,
        "sampler": {"plugin": "uniform", "length": length, **options},
    }


def reduced(gate_set: dict[str, Any], length: object, **options: Any) -> dict[str, Any]:
    return {
        "gate_set": gate_set,
        "sampler": {"plugin": "non_backtracking", "length": length, **options},
    }


IBM = {"plugin": "ibm", "qubits": 2, "steps": 8, "entangler": "ecr"}
IONS = {"plugin": "ion_trap", "qubits": 3, "coupling": "line"}

FURTHER = [
    uniform(ONE, 20, weights={"t": 2, "tdg": 2}),
    uniform(TWO, SHORT, weights={"cx": 0.1, "h": 0}),
    uniform(THREE, LONG, weights={"cx": 1 / 3}),
    uniform(ONE, 20, weights={}),
    uniform(TWO, {"min": 5, "max": 5}),
    uniform(THREE, SHORT),
    uniform({"plugin": "ibm", "qubits": 1, "steps": 300}, LONG),  # codes of 16 bits
    uniform({"plugin": "hrc"}, {"min": 254, "max": 257}),  # lengths of 16 bits
    reduced(ONE, SHORT),
    reduced(ONE, LONG, phase="exact"),
    reduced(TWO, LONG),
    reduced(TWO, 20, canonical_order=False),
    reduced(THREE, SHORT),
    reduced(THREE, 12, phase="exact"),
    reduced(IBM, 13),
    reduced(IBM, LONG, phase="exact"),
    reduced(IONS, SHORT),
    reduced(IONS, 7, phase="exact", canonical_order=False),
]


def chosen(dataset: qframe.Dataset, count: int) -> list[int]:
    """Random records of the first block, of the last one, and of two between them."""
    size, blocks = dataset.recipe.block, dataset.header.blocks
    draw = random.Random(dataset.recipe.id)
    some = (0, blocks - 1, draw.randrange(blocks), draw.randrange(blocks))
    places = [(b, draw.randrange(dataset.header.records_in(b))) for b in some * (count // 4)]
    return sorted(block * size + row for block, row in places)


def check(path: Path, count: int, *overrides: str) -> None:
    with qframe.open(path, overrides) as dataset:
        record = law.law(dataset.recipe.text)
        letter = {"complex64": "f", "complex128": "d"}[dataset.recipe.dtype]
        for i in chosen(dataset, count):
            codes, unitary = record(i)
            want = dataset[i]
            assert list(codes) == want.codes.tolist(), i
            assert struct.pack(f"<{len(unitary)}{letter}", *unitary) == want.unitary.tobytes(), i


@pytest.mark.parametrize("path", covered(), ids=lambda path: path.stem)
def test_a_hundred_records_of_each_shipped_config_are_equal_to_the_last_bit(path: Path) -> None:
    check(path, 100)


@pytest.mark.parametrize("config", FURTHER, ids=str)
def test_records_are_equal_whatever_the_options(config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    dtype = ("complex128", "complex64")[FURTHER.index(config) % 2]
    path.write_text(yaml.safe_dump({**config, "records": 10**9, "seed": 11, "dtype": dtype}))
    check(path, 12)


def example(text: str, *numbers: int) -> subprocess.CompletedProcess[str]:
    """The example as a user runs it, without site packages."""
    return subprocess.run(
        [sys.executable, "-S", "-E", str(EXAMPLE), *map(str, numbers)],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_prints_codes_and_hexadecimal_floats(
    config: Callable[..., Path], qframe_main: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = config(sampler={"plugin": "uniform", "length": {"min": 0, "max": 2}})
    done = example(qframe_main("info", path, "--recipe").stdout, 3, 4999)
    assert done.returncode == 0, done.stderr
    want = []
    with qframe.open(path) as dataset:
        for i in (3, 4999):
            entries = [z for row in dataset[i].unitary.tolist() for z in row]
            floats = [part.hex() for z in entries for part in (z.real, z.imag)]
            want.append(" ".join(["record", str(i), "codes", *map(str, dataset[i].codes)]))
            want.append(" ".join(["unitary", *floats]))
    assert done.stdout.splitlines() == want


@pytest.mark.parametrize(
    "keys", [{"sampler": "haar"}, {"arithmetic": "exact"}], ids=["sampler", "arithmetic"]
)
def test_what_it_does_not_know_it_refuses_in_one_line(
    keys: dict[str, Any], config: Callable[..., Path]
) -> None:
    with qframe.open(config(**keys)) as dataset:
        done = example(dataset.recipe.text, 0)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("law.py knows uniform and non_backtracking of format 2")
    assert len(done.stderr.splitlines()) == 1


def test_it_is_short_and_imports_the_standard_library_alone() -> None:
    text = EXAMPLE.read_text()
    assert len(text.splitlines()) <= 150
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.module in sys.stdlib_module_names
