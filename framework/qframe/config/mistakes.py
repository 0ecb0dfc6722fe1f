"""The config of a run: read, overridden, checked, and its plugins found."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qframe.config.document import Document, Mark
from qframe.config.model import KINDS, Config, Section
from qframe.config.overrides import apply_overrides
from qframe.config.validation_errors import Mistake, explain
from qframe.config.yaml_file import read_yaml
from qframe.contracts.plugin import Plugin, PluginOptions, PluginSpec
from qframe.errors import ConfigError, PluginError
from qframe.plugins import resolve
from qframe.plugins.local_files import is_local


@dataclass(frozen=True)
class ResolvedPlugin:
    """A plugin that a section of the config names.

    Attributes:
        spec: plain data that describes it, for another process.
        cls: its class.
        options: its options, checked.
    """

    spec: PluginSpec
    cls: type[Plugin[Any]]
    options: PluginOptions

    def make(self, *arguments: Any) -> Any:
        """The plugin object, made with its options and `arguments`."""
        cls: Any = self.cls
        return cls(self.options, *arguments)


@dataclass(frozen=True)
class LoadedConfig:
    """A config without mistakes.

    Attributes:
        path: the file, as the user named it.
        config: the checked top level.
        document: the plain data after overrides, and the places of its parts.
        plugins: `gate_set`, `sampler`, `engine`, `storage` and `executor`.
        hooks: specs of kind `hooks`, not yet resolved.
        overrides: the `key.path=value` that were put in.
    """

    path: Path
    config: Config
    document: Document
    plugins: dict[str, ResolvedPlugin]
    hooks: list[PluginSpec]
    overrides: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The config as a command line names it: its path, and each override after `--set`."""
        return shlex.join([str(self.path), *(w for o in self.overrides for w in ("--set", o))])

    @property
    def local(self) -> list[PluginSpec]:
        """Plugins that are files beside the config: code that loading or running it executes."""
        specs = [*(found.spec for found in self.plugins.values()), *self.hooks]
        return [spec for spec in specs if is_local(spec.plugin)]


@dataclass(frozen=True)
class _Problem:
    mistake: Mistake
    plugin: bool = False


def load_config(path: Path, overrides: Sequence[str] = (), *, local: bool = True) -> LoadedConfig:
    """Reads a config and finds its plugins; `overrides` are `key.path=value`.

    A config is code where it names local files: finding them executes them. Without `local` such
    a config is refused before any of them is read.

    Raises:
        ConfigError: all mistakes that the config has, one a line with its place, those about
            plugins included.
        PluginError: if plugins that cannot be used are the only ones.
    """
    document = apply_overrides(read_yaml(path), overrides)
    problems: list[_Problem] = []
    base = path.parent.resolve()
    if not local:
        _refuse_local(document)

    config: Config | None = None
    try:
        config = Config.model_validate(document.data)
    except ValidationError as error:
        mistakes = explain(Config, error.errors(include_url=False), document.data)
        problems += [_Problem(_with_example(mistake)) for mistake in mistakes]

    plugins: dict[str, ResolvedPlugin] = {}
    for kind in KINDS:
        section = _section(document.data, kind)
        if section is not None:
            resolved = _resolve(kind, section, base)
            if isinstance(resolved, ResolvedPlugin):
                plugins[kind] = resolved
            else:
                problems += resolved

    if problems or config is None:
        raise _as_error(problems, document)
    hooks = [PluginSpec("hooks", h.plugin, h.options, str(base)) for h in config.hooks]
    return LoadedConfig(path, config, document, plugins, hooks, tuple(overrides))


def _refuse_local(document: Document) -> None:
    """Raises PluginError for each section that names a local file; executes none of them."""
    data = document.data if isinstance(document.data, dict) else {}
    hooks = data.get("hooks")
    named: list[tuple[tuple[str | int, ...], Any]] = [((kind,), data.get(kind)) for kind in KINDS]
    named += [(("hooks", n), h) for n, h in enumerate(hooks if isinstance(hooks, list) else [])]
    problems = [
        _Problem(
            Mistake(
                loc,
                f"{'.'.join(map(str, loc))}: {plugin!r} is a local file: code that would be run",
                hint="read it, then leave --no-local-plugins out; or install it as a package",
            ),
            plugin=True,
        )
        for loc, section in named
        for plugin in [section.get("plugin") if isinstance(section, dict) else section]
        if isinstance(plugin, str) and is_local(plugin)
    ]
    if problems:
        raise _as_error(problems, document)


def _section(data: dict[str, Any], kind: str) -> Section | None:
    """The section if it has the right shape; what is wrong with it `Config` has said already."""
    if kind not in data:
        default = Config.model_fields[kind].default
        return default if isinstance(default, Section) else None
    try:
        return Section.model_validate(data[kind])
    except ValidationError:
        return None


def _resolve(kind: str, section: Section, base: Path) -> ResolvedPlugin | list[_Problem]:
    """The plugin of a section, or what is wrong with its name or its options."""
    try:
        found = resolve.find_plugin(kind, section.plugin, base)
    except PluginError as error:
        mistake = Mistake((kind, "plugin"), f"{kind}: {error.message}", hint=error.hint)
        return [_Problem(mistake, plugin=True)]
    try:
        options = found.cls.Options.model_validate(section.options, context={"base": base})
    except ValidationError as error:
        mistakes = explain(found.cls.Options, error.errors(include_url=False), section.options)
        return [_Problem(_within(kind, mistake)) for mistake in mistakes]
    except Exception as cause:
        text = f"{kind}: plugin {section.plugin!r} is broken: its options raised"
        mistake = Mistake((kind, "plugin"), f"{text} {type(cause).__name__}: {cause}")
        return [_Problem(mistake, plugin=True)]
    spec = PluginSpec(kind, section.plugin, section.options, str(base), found.sha256)
    return ResolvedPlugin(spec, found.cls, options)


def _within(kind: str, mistake: Mistake) -> Mistake:
    """A mistake in a section's options, as seen from the top of the config."""
    message = mistake.message
    if message.startswith("missing key"):
        message = f"{kind}: {message}"
    elif message.startswith("the config: "):
        message = f"{kind}: {message.removeprefix('the config: ')}"
    else:
        message = f"{kind}.{message}"
    return Mistake((kind, *mistake.loc), message, mistake.key, mistake.hint)


_EXAMPLES = {
    "records": "add `records: 1000`",
    "gate_set": "add `gate_set: clifford_t`",
    "sampler": "add `sampler: {plugin: uniform, length: 20}`",
}


def _with_example(mistake: Mistake) -> Mistake:
    hint = mistake.hint
    if "missing key" in mistake.message:
        if mistake.loc[-1] == "plugin":
            hint = "a section is `NAME` or `{plugin: NAME, option: value}`"
        hint = _EXAMPLES.get(".".join(map(str, mistake.loc)), hint)
    return Mistake(mistake.loc, mistake.message, mistake.key, hint)


def _as_error(problems: list[_Problem], document: Document) -> ConfigError | PluginError:
    """All problems: those of the file in its order, then those of the command line."""
    origins = list(document.origins.values())

    def place(problem: _Problem) -> tuple[int, Mark]:
        loc, key = problem.mistake.loc, problem.mistake.key
        origin = document.origin(loc)
        return (
            (-1, document.mark(loc, key=key)) if origin is None else (origins.index(origin), (0, 0))
        )

    found = sorted(problems, key=place)
    kind = PluginError if all(p.plugin for p in found) else ConfigError
    lines = [
        f"{document.where(p.mistake.loc, key=p.mistake.key)}: {p.mistake.message}" for p in found
    ]
    if len(found) == 1:
        return kind(lines[0], hint=found[0].mistake.hint)
    return kind(
        "\n".join(
            line if p.mistake.hint is None else f"{line}\n  Hint: {p.mistake.hint}"
            for line, p in zip(lines, found, strict=True)
        )
    )


def output_of(loaded: LoadedConfig) -> Path:
    """`output:` of the config, from the working directory; else `data/<config name><suffix>`."""
    if loaded.config.output is not None:
        return Path(loaded.config.output)
    storage: Any = loaded.plugins["storage"].cls
    return Path("data") / f"{loaded.path.stem}{storage.suffix}"
