"""`qframe plan`: what a long run would take, from a short one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qframe.cli.options import config_argument, json_option, override_list, overrides

if TYPE_CHECKING:
    from qframe.calibrating import Calibration
    from qframe.projecting import Projection


@click.command()
@config_argument
@overrides
@json_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=9.0,
    show_default=True,
    help="How long to calibrate, start of workers left out.",
)
def plan(
    config: Path, set_: tuple[str, ...], as_json: bool, seconds: float, **shortcuts: str | None
) -> None:
    """Project what a run of CONFIG would take: time, room, limits, duplicates.

    Runs the config for a few seconds on this machine, beside its output, and removes that again.
    All that is said about the whole dataset is a projection: the model is in docs/performance.md.

    \b
    qframe plan configs/clifford_t.yaml --records 300e9
    qframe plan configs/clifford_t.yaml --records 300e9 --seconds 30 --json
    """
    from qframe.calibrating import calibrate
    from qframe.config.load import load_config
    from qframe.duplicates import sample
    from qframe.limits import file_system
    from qframe.planning import look, writable_ancestor
    from qframe.projecting import Model

    planned = look(load_config(config, override_list(set_, shortcuts)))
    measured = calibrate(planned, seconds)
    seen = sample(planned, seconds / 6)
    disk = file_system(writable_ancestor(planned.output))
    projection = Model(planned, measured, disk).project(seen)
    if as_json:
        facts = {
            "output": str(planned.output),
            "recipe_id": planned.recipe.id,
            "calibration": asdict(measured),
            "sample": asdict(seen),
            "file_system": asdict(disk),
            "projection": asdict(projection),
        }
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(projection)
