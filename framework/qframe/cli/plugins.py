"""`qframe plugins`: lists the installed plugins, and says why a broken one is broken."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.notes import show_notes
from qframe.cli.options import json_option
from qframe.cli.output import TABLE_WIDTH, cell, console, echo_json

if TYPE_CHECKING:
    from qframe.plugins.installed import Installed


@dataclass(frozen=True)
class Listed:
    """One installed plugin, as a row of the table."""

    kind: str
    name: str
    distribution: str
    version: str
    description: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


@click.command()
@click.option("--kind", help="Only one kind: gate_set, sampler, engine, storage, executor.")
@json_option
def plugins(kind: str | None, as_json: bool) -> None:
    """List installed plugins: kind, name, distribution, version, description, options.

    \b
    qframe plugins
    qframe plugins --kind storage --json
    """
    from qframe.plugins.installed import installed, unreadable

    show_notes(f"left out: {problem}" for problem in unreadable())
    rows = [_listed(found) for found in installed(kind)]
    if as_json:
        echo_json([asdict(row) for row in rows])
    else:
        _print(rows)


def _listed(found: Installed) -> Listed:
    from qframe.errors import PluginError
    from qframe.plugins.kinds import KINDS
    from qframe.plugins.resolve import find_class

    place = (found.kind, found.name, found.distribution, found.version)
    if found.kind not in KINDS:
        return Listed(*place, description="life-cycle hooks")
    try:
        cls = find_class(found.kind, found.name, Path())
    except PluginError as error:
        return Listed(*place, error=str(error))
    options = {name: _option(f) for name, f in cls.Options.model_fields.items()}
    return Listed(*place, description=_first_line(cls), options=options)


def _option(found: Any) -> str:
    default = "required" if found.is_required() else f"default {found.get_default()!r}"
    return f"{found.description or ''} ({default})".strip()


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]


def _print(rows: list[Listed]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("kind", "name", "distribution", "version", "description", "options"):
        table.add_column(name, overflow="fold")
    for row in rows:
        last = (
            (f"[red]broken: {cell(row.error)}[/red]", "")
            if row.error
            else (cell(row.description), ", ".join(map(cell, row.options)))
        )
        place = (row.kind, row.name, row.distribution, row.version)
        table.add_row(*map(cell, place), *last)
    console(width=TABLE_WIDTH).print(table)
