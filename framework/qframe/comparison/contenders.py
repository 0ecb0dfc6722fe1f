"""Contender: a storage with its options. `contenders` makes them from words of the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig, load_config
from qframe.config.yaml_parser import YamlProblem, parse_value
from qframe.errors import ConfigError, PluginError
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class


@dataclass(frozen=True)
class Contender:
    """A storage that is compared, with its options.

    Attributes:
        label: name in tables and charts.
        storage: the storage plugin's name in the YAML.
        set: config keys that are set for it, with their values: `{"storage.layout": "rows"}`.
        loaded: the config with this storage; None if the plugin cannot be used.
        error: why it cannot be used, in one line.
    """

    label: str
    storage: str
    set: dict[str, Any]
    loaded: LoadedConfig | None
    error: str | None = None


def contenders(
    config: Path,
    overrides: Sequence[str],
    storages: Sequence[str],
    grid: Sequence[str],
    *,
    local: bool = True,
) -> list[Contender]:
    """The storages to compare, in the order in which they are named.

    Args:
        config: path of the YAML file.
        overrides: `key=value` for all storages, as for `qframe run --set`.
        storages: `NAME`, `NAME:option=value,...` or `{plugin: NAME, option: value}`. If there are
            none: every installed storage with its defaults, and once more with each set of options
            in `compared` of its class.
        grid: `key=value,value,...`. Several make a contender of each combination.
        local: whether local files may be named.

    Raises:
        ConfigError: a storage or grid cannot be read, or a storage does not take an option.
        PluginError: a storage that is named cannot be used.
    """
    named = [_section(word) for word in storages]
    result = []
    for section in named or _installed():
        if isinstance(section, Contender):
            result.append(section)
            continue
        name, options = section
        for cell in _cells(grid):
            set_ = {**{f"storage.{key}": value for key, value in options.items()}, **cell}
            words = [f"storage={json.dumps(name)}", *(_override(k, v) for k, v in set_.items())]
            loaded = load_config(config, [*overrides, *words], local=local)
            result.append(Contender(_label(name, set_), name, set_, loaded))
    return result


def _section(word: str) -> tuple[str, dict[str, Any]]:
    """Plugin name and options of one `--storage`."""
    if word.lstrip().startswith("{"):
        section = _value(word, f"--storage {word}")
        if not isinstance(section, dict) or not isinstance(section.get("plugin"), str):
            raise ConfigError(f"--storage {word}: want {{plugin: NAME, option: value}}")
        return section.pop("plugin"), section
    # The plugin's name may have a colon too: `my_package.storages:Mine`.
    before, equals, _ = word.partition("=")
    name, colon, _ = before.rpartition(":")
    if not equals:
        return word, {}
    if not colon:
        raise ConfigError(
            f"--storage {word}: no plugin is named", hint="want NAME:option=value,option=value"
        )
    options = {}
    for part in word[len(name) + 1 :].split(","):
        key, equals, text = part.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"--storage {word}: want option=value, got {part!r}",
                hint="a value with a comma: --storage '{plugin: NAME, option: [1, 2]}'",
            )
        options[key.strip()] = _value(text, f"--storage {word}")
    return name, options


def _installed() -> Iterator[tuple[str, dict[str, Any]] | Contender]:
    """Plugin name and options of every installed storage; a Contender if it cannot be used."""
    for name in dict.fromkeys(found.name for found in installed("storage")):
        try:
            cls: Any = find_class("storage", name, Path())
        except PluginError as error:
            yield Contender(name, name, {}, None, error.message)
            continue
        yield name, {}
        for options in cls.compared:
            yield name, dict(options)


def _cells(grid: Sequence[str]) -> list[dict[str, Any]]:
    """All combinations of values, each as `{key: value}`. Without a grid, one that is empty."""
    axes = []
    for word in grid:
        key, equals, text = word.partition("=")
        values = [_value(part, f"--grid {word}") for part in text.split(",")]
        if not equals or not key.strip():
            raise ConfigError(
                f"--grid {word}: want key=value,value,...", hint="such as --grid task_blocks=1,16"
            )
        axes.append([(key.strip(), value) for value in values])
    return [dict(cell) for cell in product(*axes)]


def _value(text: str, name: str) -> Any:
    try:
        return parse_value(text, name).data
    except YamlProblem as problem:
        raise ConfigError(f"{name}: {problem.message}", hint=problem.hint) from None


def _override(key: str, value: Any) -> str:
    return f"{key}={json.dumps(value)}"


def _label(name: str, set_: dict[str, Any]) -> str:
    """`sqlite layout=rows workers=2`: the plugin's name, and of each key the last part."""
    parts = [f"{key.rpartition('.')[2]}={json.dumps(v).strip(chr(34))}" for key, v in set_.items()]
    return " ".join([name, *parts])
