"""Regular files: nothing else is opened, read, written or replaced."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qframe.machine.files import (
    forget_half_moved,
    irregular,
    move_new,
    open_regular,
    read_regular,
)


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """What may bear a name in place of a file, by what it is called."""
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        before = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket has at most 108 bytes
        try:
            listener.bind("socket")
        finally:
            os.chdir(before)
        kinds = {"directory": "directory", "pipe": "pipe", "socket": "socket", "zero": "device"}
        yield {kind: tmp_path / name for name, kind in kinds.items()}


@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
def test_what_is_no_file_is_neither_opened_nor_waited_for(
    kind: str, strange: dict[str, Path]
) -> None:
    for call in (read_regular, lambda path: open_regular(path, os.O_RDWR, follow=True)):
        with pytest.raises(OSError, match=f"is a {kind}, want a regular file"):
            call(strange[kind])
    assert irregular(strange[kind], follow=True) == f"a {kind}"


def test_a_link_is_followed_only_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("precious")
    link = tmp_path / "link"
    link.symlink_to("secret")
    assert read_regular(link) == b"precious"
    assert irregular(link) == "a symbolic link"
    assert irregular(link, follow=True) is None
    for call in (
        lambda: read_regular(link, follow=False),
        lambda: open_regular(link, os.O_RDWR | os.O_CREAT),
    ):
        with pytest.raises(OSError, match="is a symbolic link") as caught:
            call()
        assert "precious" not in str(caught.value)


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(1000))
    assert read_regular(path, 1000) == bytes(1000)
    with pytest.raises(OSError, match="has 1,000 bytes, want at most 999"):
        read_regular(path, 999)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("there", ["file", "directory", "dangling link"])
def test_a_move_replaces_nothing(
    there: str, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a file system without hard links."""
    if not links:

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refused)
    new, to = tmp_path / ".x.new", tmp_path / "x"
    new.write_text("new")
    make: dict[str, Callable[[], object]] = {
        "file": lambda: to.write_text("mine"),
        "directory": to.mkdir,
        "dangling link": lambda: to.symlink_to("nowhere"),
    }
    make[there]()
    before = to.lstat()
    with pytest.raises(FileExistsError):
        move_new(new, to)
    assert os.path.samestat(to.lstat(), before)
    assert new.read_text() == "new"
    (to.rmdir if there == "directory" else to.unlink)()
    move_new(new, to)
    assert to.read_text() == "new"
    assert not new.exists()
    assert to.stat().st_nlink == 1


def test_a_directory_and_companions_move_under_the_new_name(tmp_path: Path) -> None:
    new = tmp_path / ".x.new"
    new.mkdir()
    (new / "inside").write_text("1")
    part = tmp_path / ".x.new.shards"
    part.mkdir()
    (part / "00").write_text("2")
    move_new(new, tmp_path / "y", [part])
    assert (tmp_path / "y" / "inside").read_text() == "1"
    assert (tmp_path / "y.shards" / "00").read_text() == "2"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["y", "y.shards"]


def test_the_second_name_that_a_killed_move_left_is_forgotten(tmp_path: Path) -> None:
    path, former, other = tmp_path / "x", tmp_path / ".x.new", tmp_path / "other"
    path.write_text("data")
    os.link(path, former)
    other.write_text("mine")
    forget_half_moved(path, (former, other, tmp_path / "none"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "x"]
    assert path.stat().st_nlink == 1
