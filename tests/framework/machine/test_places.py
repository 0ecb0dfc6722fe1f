"""Places: which texts name a local file, and which file a path names in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

import qframe
from qframe.machine.places import local_path, local_problem, output_problem, real_file

URLS = (
    *("s3://bucket/x.db", "gs://b/x", "az://c/x", "https://h/x.db", "file:///x", "memory://x"),
    *("s3:/bucket/x.db", "hf://datasets/a/b", "host:/export/x.db", "me@host:x.db", "abfss://a/b"),
    *(":memory:", "file:x?mode=memory", "memory:", "sqlite:///x.db", "", "  ", "a\0b", "a\nb"),
    *("C:\\data\\x.db", "C:/data/x.db", "\\\\server\\share\\x.db"),
    *("~/x.db", "~", "~me/x.db", "$HOME/x.db", "${DATA}/x.db"),
)
NAMES = ("x.db", "a:b.db", "2024-05-01T10:00.db", "x?y#z%41.db", "~x.db", "a/~/b", "🙂.db", "x$.db")


@pytest.mark.parametrize("text", URLS)
def test_what_names_no_local_file_is_refused_at_every_door(text: str, tmp_path: Path) -> None:
    assert local_problem(text)
    assert output_problem(text)
    with pytest.raises(qframe.StorageError):
        qframe.open(text)
    with pytest.raises(qframe.StorageError):
        qframe.dedup(tmp_path / "x.db", text)


@pytest.mark.parametrize("text", NAMES)
def test_names_of_local_files_are_taken(text: str) -> None:
    assert local_problem(text) is None
    assert output_problem(text) is None
    assert local_path(text) == Path(text)


@pytest.mark.parametrize("name", [":memory:", "file:x", "s3:/x", "~"])
def test_a_dot_and_a_slash_say_that_a_local_file_is_meant(name: str) -> None:
    path = local_path(f"./{name}")
    assert path == Path.cwd() / name  # absolute, since a Path has lost the dot
    assert local_path(path) == path


@pytest.mark.parametrize("text", [".", "..", "a/..", "/", "a/.", "x.yaml", "x.yml"])
def test_an_output_that_could_not_be_opened_is_refused(text: str) -> None:
    assert output_problem(text)


def test_a_link_leads_to_its_file_and_one_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    real = tmp_path / "b" / "x.db"
    real.touch()
    (tmp_path / "one").symlink_to("b/x.db")
    (tmp_path / "two").symlink_to("one")
    assert real_file(tmp_path / "two") == real.resolve()
    assert real_file(real) == real
    assert real_file(tmp_path / "none") == tmp_path / "none"
    real.unlink()
    (tmp_path / "circle").symlink_to("circle")
    for lost in ("two", "circle"):
        with pytest.raises(qframe.NotADataset, match="is a symbolic link, and what it leads to"):
            real_file(tmp_path / lost)


def test_a_working_directory_that_is_gone_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(qframe.StorageError, match="working directory is gone"):
        qframe.open("x.db")
