"""`qframe schema`: prints the JSON Schema of a config, for editors."""

from __future__ import annotations

import click

from qframe.cli.output import echo, echo_json


@click.command()
def schema() -> None:
    """Print the JSON Schema of a config, with the options of all installed plugins.

    \b
    qframe schema > qframe.schema.json
    Then, as the first line of a config, for completion in your editor:
    # yaml-language-server: $schema=qframe.schema.json
    """
    from pathlib import Path

    from qframe.config.schema import json_schema
    from qframe.errors import PluginError
    from qframe.plugins.installed import installed
    from qframe.plugins.kinds import KINDS
    from qframe.plugins.resolve import find_class

    classes: dict[str, dict[str, type]] = {}
    for kind in KINDS:
        classes[kind] = {}
        for found in installed(kind):
            try:
                classes[kind][found.name] = find_class(kind, found.name, Path())
            except PluginError as error:
                echo(f"left out: {error}", err=True)
    echo_json(json_schema(classes))
