"""`qframe hash`: prints the content hash of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from qframe.cli.local_code import open_data
from qframe.cli.options import DataPath, local_option, storage_option
from qframe.cli.output import echo


@click.command("hash")
@click.argument("data", type=DataPath())
@storage_option
@local_option
def hash_(data: Path, storage: str | None, local: bool) -> None:
    """Print a hash of recipe and records: equal for equal data, however it is stored.

    \b
    qframe hash data/clifford_t.db
    qframe hash configs/clifford_t.yaml      computed, without a file
    """
    with open_data(data, local=local, storage=storage) as dataset:
        echo(dataset.content_hash())
