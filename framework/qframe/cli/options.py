"""Options that several verbs share, and how they become overrides of the config."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

SHORTCUTS = {
    "records": "records",
    "workers": "executor.workers",
    "seed": "seed",
    "output": "output",
    "gate_set": "gate_set",
    "sampler": "sampler",
    "engine": "engine",
    "storage": "storage",
    "executor": "executor",
}
"""The config key that each short option sets, as `--set KEY=value` does."""

NUMBERS = ("records", "workers", "seed")


class DataPath(click.Path):
    """The path of a dataset. A URL, and a special name of SQLite, are none.

    Args:
        new: whether the dataset is to be made.
    """

    def __init__(self, *, new: bool = False) -> None:
        super().__init__()
        self._new = new

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path that a word of the command line names."""
        from qframe.errors import StorageError
        from qframe.machine.places import local_path, output_problem

        problem = output_problem(value) if self._new else None
        if problem is not None:
            self.fail(problem, param, ctx)
        try:
            return local_path(value)
        except StorageError as cause:
            self.fail(cause.message, param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds, which NaN and infinity are not."""

    def __init__(self, least: float) -> None:
        super().__init__(least, 1e6)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that a word of the command line names."""
        seconds = super().convert(value, param, ctx)
        return self.fail(f"{value} is no number", param, ctx) if seconds != seconds else seconds


config_argument = click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG")


@dataclass
class Invocation:
    """What is known of one call of the command, for its end.

    Attributes:
        verb: the verb; None until it is known.
        traceback: whether the traceback of an error is wanted.
    """

    verb: str | None = None
    traceback: bool = False


def traceback_option() -> click.Option:
    """The option `--traceback`, which each verb has."""

    def note(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
        if isinstance(context.obj, Invocation):
            context.obj.traceback = wanted

    return click.Option(
        ["--traceback"],
        is_flag=True,
        expose_value=False,
        callback=note,
        help="Show the whole traceback of an error.",
    )


local_option = click.option(
    "--no-local-plugins",
    "local",
    flag_value=False,
    default=True,
    type=bool,
    help="Refuse to run code of local files.",
)
"""The option `--no-local-plugins`, for each verb that takes a config: argument `local`."""

storage_option = click.option(
    "--storage",
    metavar="PLUGIN",
    help="Storage plugin of DATA, such as ./mine.py, if no installed one knows DATA.",
)
"""The option `--storage` of the verbs that read a dataset."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def overrides(command: F) -> F:
    """Adds `--set` and the short options to a verb: argument `set_`, and one per option."""
    for option in reversed(
        [
            click.option("--records", help="Number of records, e.g. 2000000 or 1e9."),
            click.option("--workers", help="Number of worker processes."),
            click.option("--seed", help="Seed of the random circuits."),
            click.option("--output", help="Where the dataset is written."),
            click.option("--storage", help="Storage plugin, e.g. savetxt."),
            click.option("--engine", help="Engine plugin."),
            click.option("--executor", help="Executor plugin, e.g. serial."),
            click.option(
                "--set",
                "set_",
                multiple=True,
                metavar="KEY=VALUE",
                help="Set any key of the config, e.g. --set sampler.length=20. May be repeated.",
            ),
        ]
    ):
        command = option(command)
    return command


def override_list(set_: tuple[str, ...], shortcuts: dict[str, str | None]) -> list[str]:
    """All overrides in the order in which they apply: sections, keys in them, then `--set`."""
    keys = sorted(
        (key for key, value in shortcuts.items() if value is not None),
        key=lambda key: "." in SHORTCUTS[key],
    )
    # Quoted where the value is a name: values are YAML, and a path may look like a number.
    for word in (*set_, *(v for v in shortcuts.values() if v is not None)):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise click.UsageError(f"{word!r} is not UTF-8, as all words of a config are") from None
    values = {
        k: json.dumps(v, ensure_ascii=False) if k not in NUMBERS else v
        for k, v in shortcuts.items()
    }
    return [f"{SHORTCUTS[key]}={values[key]}" for key in keys] + list(set_)
