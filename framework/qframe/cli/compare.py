"""`qframe compare`: writes the same records into several storages and compares them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.local_code import announce, announce_storage
from qframe.cli.options import Seconds, config_argument, json_option, local_option, override_list
from qframe.cli.output import echo, echo_json
from qframe.cli.progress_bar import step_progress

if TYPE_CHECKING:
    from qframe.comparison.comparison import Comparison


@click.command()
@config_argument
@click.option(
    "--storage",
    "storages",
    multiple=True,
    metavar="NAME[:OPTION=VALUE,...]",
    help="A storage to compare. May be repeated. Without it, all installed storages.",
)
@click.option(
    "--grid",
    multiple=True,
    metavar="KEY=VALUE,VALUE,...",
    help="Try each value of a config key. Several grids make all combinations.",
)
@click.option(
    "--seconds",
    type=Seconds(0.01),
    default=2.0,
    show_default=True,
    help="Seconds of writing per storage.",
)
@click.option("--records", help="Write at most this many records per storage, e.g. 2e6.")
@click.option("--workers", help="Number of worker processes.")
@click.option("--output", help="Where the dataset would go. The temporary data goes beside it.")
@click.option(
    "--set",
    "set_",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set any key of the config, for all storages. May be repeated.",
)
@click.option(
    "--plot",
    "plots",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw a chart: .svg, .png or .pdf. May be repeated.",
)
@click.option("--keep", is_flag=True, help="Keep the data that was written.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@local_option
@json_option
def compare(
    config: Path,
    storages: tuple[str, ...],
    grid: tuple[str, ...],
    seconds: float,
    records: str | None,
    set_: tuple[str, ...],
    plots: tuple[Path, ...],
    keep: bool,
    quiet: bool,
    local: bool,
    as_json: bool,
    **shortcuts: str | None,
) -> None:
    """Write the same records into several storages and compare them.

    Writes into each storage for some seconds and reads the records back. Then it prints how fast
    each was, its size and number of files, who waited for locks, and what a crash may cost. The
    data is removed afterwards.

    \b
    qframe compare configs/clifford_t.yaml
    qframe compare configs/clifford_t.yaml --plot compare.svg --plot compare.png
    qframe compare configs/clifford_t.yaml --storage sqlite --storage sqlite-rollback:timeout=0.01
    qframe compare configs/clifford_t.yaml --storage sqlite --grid executor.workers=1,2
    """
    from qframe.cli.compare_table import print_table
    from qframe.comparison.comparison import compare as run_comparison
    from qframe.comparison.contenders import contenders

    if plots:
        from qframe.charts import require

        require(*plots)
    set_words = override_list(set_, shortcuts)
    if local:
        announce(config, set_words)
        for word in storages:
            announce_storage(word.partition(":")[0], config.parent.resolve())
    wanted = contenders(config, set_words, storages, grid, local=local)
    limit = None if records is None else _count(records)
    with step_progress(quiet) as progress:
        found = run_comparison(wanted, records=limit, seconds=seconds, keep=keep, progress=progress)
    if as_json:
        echo_json(_data(found, keep))
    else:
        print_table(found)
    if keep:
        echo(f"Kept: {found.directory}", err=True)
    if plots:
        from qframe.comparison.chart import draw

        for path in plots:
            draw(found, path)
            echo(f"Drawn: {path}", err=True)


def _count(text: str) -> int:
    """The number in `--records`, written as in a config: 2000000, 2e6, 2_000_000."""
    from qframe.config.model import integral
    from qframe.config.yaml_parser import YamlProblem, parse_value
    from qframe.errors import ConfigError

    try:
        value = integral(parse_value(text, "--records").data)
    except YamlProblem:
        value = None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"--records {text}: want a number such as 2000000 or 2e6")
    return value


def _data(found: Comparison, keep: bool) -> dict[str, Any]:
    data = asdict(found)
    directory = str(found.directory) if keep else None
    return {**data, "directory": directory, "outcomes": [o.data() for o in found.outcomes]}
