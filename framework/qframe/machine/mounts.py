"""The file system that holds a path: its type, by the kernel's table of mounts and by `statfs`."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""The kernel's table of mounted file systems."""

# fmt: off
NETWORK = (
    "9p", "acfs", "afs", "beegfs", "beegfs_nodev", "ceph", "cifs", "coda", "cvfs", "davfs",
    "drvfs", "dvs", "fhgfs", "gfs", "gfs2", "glusterfs", "gpfs", "ibrix", "kafs", "lustre",
    "lustre_lite", "mmfs", "moosefs", "ncp", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2",
    "orangefs", "panfs", "panfs_gw", "prl_fs", "pvfs2", "quobyte", "smb", "smb2", "smb3",
    "smbfs", "snfs", "vboxsf", "virtiofs", "vmhgfs", "wekafs",
)
# fmt: on
"""Types of file systems that several hosts may write to; so is each that begins with `fuse`."""

NETWORK_MAGIC = {
    0x00006969: "nfs",
    0x0000517B: "smbfs",
    0x0000564C: "ncpfs",
    0x00C36400: "ceph",
    0x01021997: "9p",
    0x01161970: "gfs2",
    0x013111A8: "ibrix",
    0x0BD00BD0: "lustre",
    0x19830326: "beegfs",
    0x20030528: "orangefs",
    0x47504653: "gpfs",
    0x5346414F: "afs",
    0x61636673: "acfs",
    0x65735546: "fuse",
    0x6B414653: "kafs",
    0x73757245: "coda",
    0x7461636F: "ocfs2",
    0x786F4256: "vboxsf",
    0x7C7C6673: "prl_fs",
    0xAAD7AAEA: "panfs",
    0xBACBACBC: "vmhgfs",
    0xBEEFDEAD: "snfs",
    0xFE534D42: "smb3",
    0xFF534D42: "cifs",
}
"""Types of network file systems by the `f_type` of `statfs` (linux/magic.h, coreutils' stat.c)."""


def file_system_type(path: Path) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`), or an empty string.

    The path need not exist. The answer is the empty string where there is no `/proc/mounts`, as on
    all systems but Linux. A network file system that only `statfs` knows is named too.
    """
    kind = _mount(path)[1]
    if is_network(kind):
        return kind
    return _by_magic(path) or kind


def is_network(kind: str) -> bool:
    """Whether other hosts may write to a file system of this type.

    Memory that is shared through a file of it, as SQLite's write-ahead log needs, is not shared
    between hosts.
    """
    return kind in NETWORK or kind.startswith("fuse")


def mount_point(path: Path) -> bytes:
    """Where the file system that holds `path` is mounted; empty if that is not known."""
    return _mount(path)[0]


def _mount(path: Path) -> tuple[bytes, str]:
    """Mount point and type of the file system that holds `path`. Names are any bytes."""
    try:
        table = MOUNTS.read_bytes().splitlines()
    except OSError:
        return b"", ""
    resolved, best = os.fsencode(os.path.realpath(path)), (b"", "")
    for line in table:
        fields = line.split(b" ")
        if len(fields) < 3:
            continue
        # Spaces and the like are written as \040.
        where = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8) & 255]), fields[1])
        # The longest mount point holds the path; of equal ones, the one that was mounted last.
        if _holds(where, resolved) and len(where) >= len(best[0]):
            best = (where, fields[2].decode(errors="replace"))
    return best


def _holds(where: bytes, path: bytes) -> bool:
    return path == where or path.startswith(where.rstrip(b"/") + b"/")


def _by_magic(path: Path) -> str | None:
    """The network file system that the kernel says holds `path`; None for others, or not known."""
    try:
        import ctypes
    except ImportError:  # a Python without it
        return None
    existing = Path(os.path.realpath(path))
    while not os.path.lexists(existing) and existing != existing.parent:
        existing = existing.parent
    try:
        statfs = ctypes.CDLL(None, use_errno=True).statfs
    except (OSError, AttributeError):
        return None
    answer = (ctypes.c_long * 64)()  # Linux's struct statfs begins with f_type; it is far smaller
    if os.uname().sysname != "Linux" or statfs(os.fsencode(existing), answer):
        return None
    return NETWORK_MAGIC.get(answer[0] & 0xFFFFFFFF)
