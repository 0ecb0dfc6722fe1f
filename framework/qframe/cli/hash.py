"""`qframe hash`: prints the content hash of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from qframe.cli.options import DataPath
from qframe.cli.output import echo


@click.command("hash")
@click.argument("data", type=DataPath())
def hash_(data: Path) -> None:
    """Print a hash of recipe and records: equal for equal data, however it is stored.

    \b
    qframe hash data/clifford_t.db
    qframe hash configs/clifford_t.yaml      computed, without a file
    """
    from qframe.dataset.open import open as open_dataset

    with open_dataset(data) as dataset:
        echo(dataset.content_hash())
