"""Mounts: the type of the file system that holds a path, whatever bytes its name has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import qframe
from qframe.machine.mounts import NETWORK_MAGIC, file_system_type, is_network, mount_point

Table = Callable[..., None]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Makes a table of mounts, from mount points and types."""

    def make(*mounts: tuple[bytes, str]) -> None:
        path = tmp_path / "table of mounts"
        lines = [b"source %s %s rw 0 0\n" % (where, kind.encode()) for where, kind in mounts]
        path.write_bytes(b"".join(lines))
        monkeypatch.setattr("qframe.machine.mounts.MOUNTS", path)

    return make


def written(path: bytes) -> bytes:
    """A mount point as the kernel writes it (fs/proc_namespace.c): octal for ` \\t\\n\\\\#`."""
    return b"".join(b"\\%03o" % c if c in b" \t\n\\#" else bytes([c]) for c in path)


@pytest.mark.parametrize(
    "name", ["plain", "with space", "é", "日本", "back\\slash", "a#b", os.fsdecode(b"bad\xff")]
)
def test_a_mount_point_may_have_any_name(name: str, tmp_path: Path, table: Table) -> None:
    share = tmp_path / name
    table((b"/", "ext4"), (written(os.fsencode(share)), "nfs4"), (b"/bad\xfe", "tmpfs"))
    assert file_system_type(share / "data" / "x.db") == "nfs4"
    assert file_system_type(share) == "nfs4"
    assert mount_point(share / "x.db") == os.fsencode(share)


def test_a_name_that_only_begins_alike_is_no_parent(tmp_path: Path, table: Table) -> None:
    base = os.fsencode(tmp_path)
    table((b"/", "ext4"), (base + b"/share", "nfs4"), (base + b"/share/local", "xfs"))
    assert file_system_type(tmp_path / "share2" / "x.db") == "ext4"
    assert file_system_type(tmp_path / "share" / "local" / "x.db") == "xfs"
    assert file_system_type(tmp_path / "share" / "localx") == "nfs4"


def test_of_mounts_at_one_place_the_last_counts_and_links_are_followed(
    tmp_path: Path, table: Table
) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to("share")
    share = os.fsencode(tmp_path / "share")
    table((b"/", "ext4"), (share, "autofs"), (share, "cifs"))
    assert file_system_type(tmp_path / "link" / "x.db") == "cifs"


REMOTE = (
    *("lustre", "gpfs", "beegfs", "wekafs", "panfs", "orangefs", "pvfs2", "ceph", "glusterfs"),
    *("afs", "ocfs2", "gfs2", "nfs", "cifs", "fuse.sshfs", "fuseblk", "9p", "vboxsf", "virtiofs"),
)


@pytest.mark.parametrize("kind", REMOTE)
def test_network_file_systems_are_known_by_name(kind: str, tmp_path: Path, table: Table) -> None:
    table((b"/", "ext4"), (written(os.fsencode(tmp_path)), kind))
    assert is_network(file_system_type(tmp_path / "x.db"))


def test_local_ones_are_not() -> None:
    for kind in ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "apfs", ""):
        assert not is_network(kind)


def test_statfs_names_what_the_table_does_not(
    tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table((b"/", "autofs"))
    monkeypatch.setattr("qframe.machine.mounts._by_magic", lambda _path: "lustre")
    assert qframe.file_system_type(tmp_path) == "lustre"
    assert all(map(is_network, NETWORK_MAGIC.values()))
