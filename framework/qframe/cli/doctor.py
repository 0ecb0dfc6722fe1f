"""`qframe doctor`: says whether a dataset can be written on this machine."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from qframe.cli.notes import show_notes
from qframe.cli.options import json_option
from qframe.cli.output import echo, echo_json


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=".")
@json_option
def doctor(directory: Path, as_json: bool) -> int:
    """Say what this machine offers and whether a dataset can be written in DIRECTORY.

    Exit codes: 0 everything is fine, 4 something is not.

    \b
    qframe doctor
    qframe doctor /scratch/data --json
    """
    from qframe.errors import StorageError
    from qframe.plugins.installed import unreadable

    if not directory.is_dir():
        raise StorageError(f"{directory} is not a directory", hint="name a directory that exists")
    show_notes(unreadable())
    rows = [*_machine(directory), *_storages(directory)]
    if as_json:
        facts = [{"name": name, "value": value, "ok": ok} for name, value, ok in rows]
        echo_json(facts)
    else:
        for name, value, ok in rows:
            echo(f"{'  ' if ok else '! '}{name:<28} {value}")
    return 0 if all(ok for _, _, ok in rows) else 4


def _machine(directory: Path) -> Iterator[tuple[str, str, bool]]:
    import apsw
    import numpy as np
    import pydantic

    from qframe.__about__ import __version__

    yield "qframe", __version__, True
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})", True
    packages = f"numpy {np.__version__}, apsw {apsw.apsw_version()}, pydantic {pydantic.VERSION}"
    yield "packages", packages, True
    yield "machine", f"{platform.system()} {platform.release()} {platform.machine()}", True
    yield "cores", f"{_cores()} of {os.cpu_count()}", True
    yield "memory", f"{_memory() / 2**30:.1f} GiB", True
    yield "directory", str(directory.absolute()), True
    writable = os.access(directory, os.W_OK | os.X_OK)
    yield "writable", "yes" if writable else "no", writable
    disk = os.statvfs(directory)
    inodes = f", {disk.f_favail:,} inodes" if disk.f_files else ""
    yield "free", f"{shutil.disk_usage(directory).free:,} bytes{inodes}", True


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _storages(directory: Path) -> Iterator[tuple[str, str, bool]]:
    from qframe.dataset.storages import installed_storages

    for storage in installed_storages():
        yield from storage.diagnose(directory)
