"""savetxt: files that anyone can read, laid out so that a directory stays small."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np
import pytest

import qframe
from qframe import (
    Column,
    Gate,
    Header,
    Instruction,
    InstructionSet,
    NotADataset,
    Recipe,
    StorageError,
)
from qframe.testing.examples import EXTRA, example_block, example_header
from qframe_plugins.storages.savetxt import SaveTxt, SaveTxtOptions

SMALL = example_header(70)


def storage(path: Path, *, flat: bool = False) -> SaveTxt:
    return SaveTxt(SaveTxtOptions(flat=flat), path)


def filled(path: Path, header: Header = SMALL, *, flat: bool = False) -> SaveTxt:
    made = storage(path, flat=flat)
    made.create(header)
    with made.writer(header) as writer:
        for block in range(header.blocks):
            writer.write([example_block(header, block)])
    made.finish()
    return made


def matrices(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*.txt") if "ledger" not in p.parts)


@pytest.mark.parametrize("flat", [False, True])
def test_plain_numpy_reads_every_matrix(tmp_path: Path, flat: bool) -> None:
    filled(tmp_path / "d", flat=flat)
    files = matrices(tmp_path / "d")
    assert len(files) == 70
    for record, path in enumerate(files):
        block, i = divmod(record, 16)
        want = example_block(SMALL, block).arrays["unitaries"][i]
        assert np.loadtxt(path, dtype=complex).tobytes() == want.tobytes()


def test_a_file_is_what_savetxt_writes(tmp_path: Path) -> None:
    filled(tmp_path / "d")
    [path] = [p for p in matrices(tmp_path / "d") if p.stem.endswith("001")]
    block = example_block(SMALL, 0)
    instructions = SMALL.recipe.instructions
    circuit = instructions.circuit(block.arrays["codes"][1, : block.arrays["lengths"][1]].tolist())
    plain = tmp_path / "plain.txt"
    np.savetxt(plain, block.arrays["unitaries"][1], header=", ".join(map(str, circuit)))
    assert path.read_bytes() == plain.read_bytes()


def test_the_first_line_is_the_circuit_in_words(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    path = config(
        records=50,
        gate_set={"plugin": "clifford_t", "qubits": 2},
        sampler={"plugin": "uniform", "length": {"min": 0, "max": 3}},
        storage="savetxt",
        output=tmp_path / "d",
    )
    qframe.run(path)
    with qframe.open(tmp_path / "d") as data:
        records = list(data)
    assert any(not record.circuit for record in records)
    assert any(len(record.circuit) == 3 for record in records)
    for record, file in zip(records, matrices(tmp_path / "d"), strict=True):
        first = file.read_text().split("\n")[0]
        words = ", ".join(f"{gate} {' '.join(map(str, on))}" for gate, on in record.circuit)
        assert first == f"# {words}" if words else first.startswith(" (")


def test_further_columns_stand_in_further_lines(tmp_path: Path) -> None:
    header = example_header(3, extra=EXTRA)
    filled(tmp_path / "d", header)
    block = example_block(header, 0)
    lines = matrices(tmp_path / "d")[1].read_text().split("\n")
    assert lines[1] == f"# count: {block.arrays['count'][1]}"
    assert lines[2] == f"# cost: {float(block.arrays['cost'][1])!r}"
    assert json.loads(lines[3].removeprefix("# point: ")) == block.arrays["point"][1].tolist()
    z = complex(block.arrays["amplitude"][1])
    assert json.loads(lines[4].removeprefix("# amplitude: ")) == [z.real, z.imag]


def test_qframe_json_says_what_it_is_and_how_to_read_it(tmp_path: Path) -> None:
    filled(tmp_path / "d")
    facts = json.loads((tmp_path / "d" / "qframe.json").read_text())
    assert facts["records"] == 70
    assert "np.loadtxt" in facts["how_to_read"]
    assert Recipe.from_text(facts["recipe"]).id == facts["recipe_id"] == SMALL.recipe.id


def test_no_directory_holds_more_than_a_thousand_entries(tmp_path: Path) -> None:
    header = example_header(2100, block=4)
    made = filled(tmp_path / "d", header)
    entries = {root: len(dirs) + len(files) for root, dirs, files in os.walk(made.path)}
    assert max(entries.values()) == 1000
    assert len(matrices(made.path)) == 2100


def test_any_record_up_to_a_million_million_has_a_place(tmp_path: Path) -> None:
    header = example_header(10**12, block=4)
    made = storage(tmp_path / "d")
    made.create(header)
    last = header.blocks - 1
    with made.writer(header) as writer:
        writer.write([example_block(header, last)])
    [*_, path] = matrices(made.path)
    relative = path.relative_to(made.path)
    assert "".join(relative.parts[1:])[-16:].endswith("999999999999.txt")
    with made.reader() as reader:
        assert [(run.first, run.last) for run in reader.stored()] == [(last, last)]


def test_flat_puts_all_matrices_in_one_directory(tmp_path: Path) -> None:
    filled(tmp_path / "d", example_header(1100), flat=True)
    files = matrices(tmp_path / "d")
    assert len(files) == 1100
    assert len({p.parent for p in files}) == 1


@pytest.mark.parametrize("flat", [False, True])
def test_the_dataset_s_own_layout_decides_not_the_option_s(tmp_path: Path, flat: bool) -> None:
    short = example_header(16)
    filled(tmp_path / "d", short, flat=flat)
    other = storage(tmp_path / "d", flat=not flat)
    other.resume(SMALL)
    with other.writer(SMALL) as writer:
        writer.write([example_block(SMALL, b) for b in range(1, 5)])
    files = matrices(tmp_path / "d")
    assert len(files) == 70
    assert (len({p.parent for p in files}) == 1) or not flat
    with other.reader() as reader:
        assert sum(run.records for run in reader.stored()) == 70


def test_a_block_counts_only_once_its_ledger_file_is_there(tmp_path: Path) -> None:
    made = filled(tmp_path / "d")
    for row in (made.path / "ledger").rglob("*"):
        if row.is_file() and row.stem.endswith("2"):
            row.unlink()
    with made.reader() as reader:
        assert [(run.first, run.last) for run in reader.stored()] == [(0, 1), (3, 3), (4, 4)]
        with pytest.raises(qframe.RecordMissing):
            reader.read(2)


def test_writing_again_never_cuts_a_file_that_the_ledger_vouches_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filled(tmp_path / "d")
    before = {p: p.read_bytes() for p in matrices(made.path)}

    def half(file: BinaryIO, *_: Any, **__: Any) -> None:
        file.write(b"# half a fi")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savetxt", half)
    writer = made.writer(SMALL)
    with pytest.raises(StorageError, match="No space left"):
        writer.write([example_block(SMALL, 0)])
    assert {p: p.read_bytes() for p in matrices(made.path)} == before
    made.finish()  # as after kill -9: the writer never closed
    assert made.finished()
    assert sorted(p.name for p in made.path.iterdir()) == ["ledger", "matrices", "qframe.json"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "inodes"), (errno.EMFILE, "ulimit"), (errno.EROFS, "read-only")],
)
def test_errors_of_the_disk_name_the_path_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    made = storage(tmp_path / "d")
    made.create(SMALL)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(np, "savetxt", fail)
    with made.writer(SMALL) as writer, pytest.raises(StorageError) as caught:
        writer.write([example_block(SMALL, 0)])
    assert str(tmp_path / "d") in caught.value.message
    assert caught.value.hint is not None
    assert advice in caught.value.hint
    with made.reader() as reader:
        assert list(reader.stored()) == []


def inodes(monkeypatch: pytest.MonkeyPatch, *, total: int, free: int) -> None:
    disk = SimpleNamespace(f_files=total, f_favail=free)
    monkeypatch.setattr(os, "statvfs", lambda path: disk)


def test_too_few_inodes_are_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes(monkeypatch, total=10**6, free=1000)
    with pytest.raises(StorageError, match=r"about 1,0\d\d,\d\d\d files, 1,000 inodes are free"):
        storage(tmp_path / "d").check(example_header(10**6))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_a_single_inode_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes(monkeypatch, total=10**6, free=0)
    with pytest.raises(StorageError, match="0 inodes"):
        storage(tmp_path / "d").check(SMALL)


def test_a_disk_that_does_not_count_inodes_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes(monkeypatch, total=0, free=0)
    storage(tmp_path / "d").check(example_header(10**6))


def test_what_is_stored_needs_no_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = example_header(1000, block=100)
    made = filled(tmp_path / "d", header)
    inodes(monkeypatch, total=10**6, free=100)
    made.check(header)
    with pytest.raises(StorageError, match="inodes"):
        made.check(example_header(2000, block=100))


@pytest.mark.parametrize("name", ["a,b", "a, b"])
def test_gate_names_that_cannot_be_read_back_are_refused(tmp_path: Path, name: str) -> None:
    gate = Gate(name, [[0, 1], [1, 0]])
    recipe = SMALL.recipe
    odd = InstructionSet(1, (gate,), (Instruction(name, (0,)),))
    header = Header(
        Recipe(odd, recipe.sampler, 1, recipe.dtype, 1, 16), SMALL.schema, 70, SMALL.about
    )
    with pytest.raises(StorageError, match="cannot hold an instruction"):
        storage(tmp_path / "d").check(header)


def test_columns_that_text_cannot_hold_are_refused(tmp_path: Path) -> None:
    header = example_header(70, extra=[Column("raw", "|S8")])
    with pytest.raises(StorageError, match="column 'raw'"):
        storage(tmp_path / "d").check(header)


def test_gate_names_in_any_script(tmp_path: Path) -> None:
    gate = Gate("σ₁", [[0, 1], [1, 0]])
    instructions = InstructionSet(1, (gate,), (Instruction("σ₁", (0,)),))
    recipe = Recipe(instructions, {"name": "x"}, 1, "complex128", 1, 4)
    header = Header(recipe, SMALL.schema, 4, {})
    made = storage(tmp_path / "d")
    made.check(header)
    filled(tmp_path / "d", header)
    with made.reader() as reader:
        assert reader.read(0)["lengths"].tolist() == [0, 12, *reader.read(0)["lengths"][2:]]


def test_a_directory_that_is_there_and_empty_is_taken(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    filled(tmp_path / "d")
    assert SaveTxt.recognises(tmp_path / "d")


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="exists already"):
        storage(tmp_path / "d").create(SMALL)


@pytest.mark.parametrize("damage", ["", "# h 0\n1 2\n", "# zz 0\n", "garbage", "# h 0\n"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    made = filled(tmp_path / "d")
    path = matrices(made.path)[20]
    path.write_text(damage)
    with made.reader() as reader, pytest.raises(StorageError) as caught:
        reader.read(1)
    assert f"{path} is damaged" in caught.value.message
    with made.reader() as reader:
        reader.read(0)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    made = filled(tmp_path / "d")
    path = matrices(made.path)[20]
    path.unlink()
    with made.reader() as reader, pytest.raises(StorageError, match="is damaged"):
        reader.read(1)


def test_a_header_that_cannot_be_read_is_no_dataset(tmp_path: Path) -> None:
    made = filled(tmp_path / "d")
    facts = json.loads((made.path / "qframe.json").read_text())
    (made.path / "qframe.json").write_text(json.dumps({**facts, "recipe": "{}"}))
    with pytest.raises(NotADataset):
        made.reader()


def test_one_block_makes_a_task(config: Callable[..., Path], tmp_path: Path) -> None:
    path = config(records=4096 + 1, storage="savetxt", output=tmp_path / "d", dtype="complex64")
    tasks: list[int] = []
    watch = SimpleNamespace(
        qframe_task_stored=qframe.hookimpl(lambda plan, done, stored: tasks.append(done.records))
    )
    qframe.run(path, (), [watch])
    assert sorted(tasks) == [1, 4096]
    with qframe.open(tmp_path / "d") as stored, qframe.open(path) as computed:
        assert stored.content_hash() == computed.content_hash()
