"""`qframe dedup`: keeps one record per unitary."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from qframe.cli.local_code import announce, announce_storage
from qframe.cli.options import DataPath, json_option, local_option
from qframe.cli.output import echo, echo_json


@click.command()
@click.argument("data", type=DataPath())
@click.argument("output", type=DataPath(new=True))
@click.option(
    "--memory",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    metavar="MIB",
    help="Memory for keys, in MiB. What does not fit waits in files beside OUTPUT.",
)
@click.option("--storage", help="Storage plugin of OUTPUT. Without it, sqlite.")
@click.option(
    "--source-storage", "source_storage", metavar="PLUGIN", help="Storage plugin of DATA."
)
@local_option
@json_option
def dedup(
    data: Path,
    output: Path,
    memory: int,
    storage: str | None,
    source_storage: str | None,
    local: bool,
    as_json: bool,
) -> None:
    """Keep one record per unitary (up to a global phase): the shortest circuit, then the first.

    DATA is a complete dataset, or a config. OUTPUT is a dataset like any other. It has one more
    column, `source`: the index of each record in DATA. It appears whole or not at all.

    \b
    qframe dedup data/clifford_t.db data/distinct.db
    qframe dedup data/clifford_t.db data/distinct.db --memory 4096
    """
    from qframe.cli.progress_bar import progress_bar
    from qframe.deduplication.dedup import dedup as deduplicate
    from qframe.machine.places import CONFIG_SUFFIXES

    if local:
        if data.suffix in CONFIG_SUFFIXES:
            announce(data)
        for name in filter(None, (storage, source_storage)):
            announce_storage(name)
    with progress_bar() as progress:
        found = deduplicate(
            data,
            output,
            memory << 20,
            storage,
            progress,
            source_storage=source_storage,
            local_plugins=local,
        )
    if as_json:
        echo_json({**asdict(found), "output": str(found.output)})
        return
    if not found.done:
        echo(f"{output} exists already and is complete: {found.records:,} records.")
        return
    share = found.source_records / found.records
    echo(f"Done: {output}")
    counts = f"{found.records:,} of {found.source_records:,}"
    echo(f"  records  {counts}: {share:.1f} circuits per unitary")
    echo(f"  by       {_BY[found.by]}")
    echo(f"  recipe   {found.recipe_id}")


_BY = {
    "exact": "exact keys: equal in the ring of the gates, up to a global phase",
    "tolerance": "keys with a tolerance of 1.5e-8, up to a global phase",
}
