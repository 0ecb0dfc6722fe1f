"""`qframe run`: makes a dataset, or what is missing of it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qframe.cli.local_code import load
from qframe.cli.options import config_argument, json_option, local_option, override_list, overrides
from qframe.cli.output import echo, echo_json
from qframe.printable import shell_words

if TYPE_CHECKING:
    from qframe.contracts.plugin import PluginSpec
    from qframe.machine.signals import StopRequest
    from qframe.runs.summary import RunSummary

UNFINISHED = 75
"""Exit code of a run that ended early without a signal: run it again (`EX_TEMPFAIL`)."""


@click.command()
@config_argument
@overrides
@json_option
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@local_option
def run(
    config: Path,
    set_: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    local: bool,
    **shortcuts: str | None,
) -> int:
    """Make the dataset that CONFIG describes, or what is still missing of it.

    Run it again to finish after an interruption, or with more records to extend the dataset. The
    records do not depend on workers, storage or interruptions.

    \b
    qframe run configs/clifford_t.yaml
    qframe run configs/clifford_t.yaml --records 2000000
    qframe run configs/clifford_t.yaml --storage savetxt --records 10000
    """
    from qframe.cli.run_progress import Progress
    from qframe.machine.signals import noted_signals
    from qframe.runs.run import run_loaded

    loaded = load(config, override_list(set_, shortcuts), local)
    with Progress(enabled=not quiet) as progress:
        summary = run_loaded(loaded, [progress], partial(noted_signals, _end_at_once))
    if as_json:
        echo_json({**asdict(summary), "output": str(summary.output)})
    else:
        _print(summary, loaded.plugins["storage"].spec)
    if summary.signal is not None:
        return 128 + summary.signal
    return 0 if summary.complete else UNFINISHED


def _end_at_once(stop: StopRequest) -> None:
    """Ends the process at a second signal. The workers notice; the ledger says what is stored."""
    os._exit(128 + (stop.number or 0))


def _in_python(path: Path) -> str:
    """A path as Python reads it, in double quotes wherever they do."""
    text = str(path)
    plain = text.isprintable() and not set(text) & set('"\\')
    return f'"{text}"' if plain else repr(text)


def _print(summary: RunSummary, storage: PluginSpec) -> None:
    if summary.complete and not summary.stored:
        echo(f"{summary.output} is complete: {summary.records:,} records. Nothing to do.")
        echo(f"  recipe   {summary.recipe_id}")
        return
    rate = summary.stored / summary.seconds
    head = "Done" if summary.complete else "Stopped"
    echo(f"{head}: {summary.output}")
    echo(f"  records  {summary.records:,} ({summary.stored:,} stored now)")
    each = summary.bytes / max(1, summary.records)
    echo(f"  size     {summary.bytes:,} bytes, {each:.1f} per record")
    echo(f"  speed    {rate:,.0f} records/s, {summary.seconds:.2f} s in all")
    echo(f"  recipe   {summary.recipe_id}")
    if not summary.complete:
        echo(f"Run it again to finish: {shell_words('qframe', *sys.argv[1:])}")
        return
    echo("Read it in Python:")
    echo("  import qframe")
    echo(f"  ds = qframe.open({_in_python(summary.output)}{_named(storage)}); print(ds[0])")


def _named(storage: PluginSpec) -> str:
    """The argument of `qframe.open` that names a storage which is not an installed plugin."""
    from qframe.plugins.local_files import is_local

    plugin = storage.plugin
    if is_local(plugin):
        plugin = os.path.relpath(Path(storage.base, plugin))
        plugin = plugin if is_local(plugin) else f"./{plugin}"
    return f", storage={_in_python(Path(plugin))}" if is_local(plugin) or ":" in plugin else ""
