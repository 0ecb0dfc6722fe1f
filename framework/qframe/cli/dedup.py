"""`qframe dedup`: one record a unitary."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from qframe.cli.options import json_option


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--memory",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    metavar="MIB",
    help="Memory for the words at hand; the rest waits in files beside OUTPUT.",
)
@click.option("--storage", help="Storage plugin of OUTPUT; sqlite if left out.")
@json_option
def dedup(data: Path, output: Path, memory: int, storage: str | None, as_json: bool) -> None:
    """Keep one record a unitary (up to a global phase): the shortest word, then the first.

    DATA is a complete dataset, or a config. OUTPUT is a dataset like any other, with a column
    `source`: each record's place in DATA. It appears whole or not at all.

    \b
    qframe dedup data/clifford_t.db data/distinct.db
    qframe dedup data/clifford_t.db data/distinct.db --memory 4096
    """
    from qframe.cli.progress_bar import progress_bar
    from qframe.deduplication.dedup import dedup as deduplicate

    with progress_bar() as progress:
        found = deduplicate(data, output, memory << 20, storage, progress)
    if as_json:
        click.echo(json.dumps({**asdict(found), "output": str(found.output)}, indent=2))
        return
    if not found.done:
        click.echo(f"{output} is there already, and complete: {found.records:,} records.")
        return
    share = found.source_records / found.records
    click.echo(f"Done: {output}")
    click.echo(
        f"  records  {found.records:,} of {found.source_records:,}: {share:.1f} circuits a unitary"
    )
    click.echo(f"  by       {_BY[found.by]}")
    click.echo(f"  recipe   {found.recipe_id}")


_BY = {
    "exact": "exact keys: circuits that are equal in the gates' ring, up to a global phase",
    "tolerance": "keys with a tolerance of 1.5e-8, up to a global phase",
}
