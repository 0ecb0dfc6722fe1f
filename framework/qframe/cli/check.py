"""`qframe check`: says what a run would do, without writing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qframe.cli.local_code import load
from qframe.cli.notes import show_notes
from qframe.cli.options import config_argument, json_option, local_option, override_list, overrides
from qframe.cli.output import echo, echo_json


@click.command()
@config_argument
@overrides
@local_option
@json_option
def check(
    config: Path, set_: tuple[str, ...], local: bool, as_json: bool, **shortcuts: str | None
) -> None:
    """Say what `qframe run CONFIG` would do, without writing anything.

    \b
    qframe check configs/clifford_t.yaml
    qframe check configs/clifford_t.yaml --records 1e9 --json
    """
    loaded = load(config, override_list(set_, shortcuts), local)
    facts = _facts(loaded)
    show_notes(facts["notes"])
    if as_json:
        echo_json(facts)
        return
    facts.pop("notes")
    plugins = facts.pop("plugins")
    for kind, plugin in plugins.items():
        echo(f"{kind:<14} {plugin}")
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        echo(f"{name.replace('_', ' '):<14} {shown}")


def _facts(loaded: Any) -> dict[str, Any]:
    from qframe.runs.plan import plan

    planned = plan(loaded)
    return {
        "plugins": {kind: _described(found.spec.plugin) for kind, found in loaded.plugins.items()},
        "output": str(planned.output),
        "records": planned.header.records,
        "stored": planned.stored,
        "to_do": planned.to_do,
        "instructions": len(planned.recipe.instructions),
        "tasks": planned.task_count,
        "workers": planned.executor.workers,
        "bytes": planned.estimate.bytes,
        "files": planned.estimate.files,
        "free_bytes": planned.free,
        "recipe_id": planned.recipe.id,
        "notes": list(planned.notes),
    }


def _described(plugin: str) -> str:
    from qframe.plugins.local_files import is_local

    return f"{plugin} (local file: runs as code)" if is_local(plugin) else plugin
