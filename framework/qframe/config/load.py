"""load_config: a config read, overridden and checked, with its plugins found (LoadedConfig)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qframe.config.document import Document, KeyPath
from qframe.config.mistakes import Mistake, as_error
from qframe.config.model import Config, Section
from qframe.config.overrides import apply_overrides
from qframe.config.validation_errors import explain
from qframe.config.yaml_file import read_yaml
from qframe.contracts.plugin import Plugin, PluginOptions, PluginSpec
from qframe.errors import PluginError
from qframe.machine.places import local_path, refuse_lost_directory
from qframe.plugins import resolve
from qframe.plugins.blame import in_one_line
from qframe.plugins.kinds import KINDS
from qframe.plugins.local_files import is_local
from qframe.printable import shell_words


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
        plugins: the plugin of each section: `gate_set`, `sampler`, `engine`, `storage`, `executor`.
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
    def command_line(self) -> str:
        """The config as a command line names it: its path, and each override after `--set`."""
        options = [word for override in self.overrides for word in ("--set", override)]
        return shell_words(self.path, *options)


def load_config(path: Path, overrides: Sequence[str] = (), *, local: bool = True) -> LoadedConfig:
    """Reads a config and finds its plugins.

    A config is code where it names local files: finding them executes them.

    Args:
        path: the YAML file.
        overrides: `key.path=value`, put in before anything is checked.
        local: whether local files may be named. If not, none of them is even read.

    Raises:
        ConfigError: all mistakes that the config has, one per line with its place, those about
            plugins included.
        PluginError: if plugins that cannot be used are the only mistakes.
        StorageError: the working directory does not exist any more.
    """
    refuse_lost_directory()
    document = apply_overrides(read_yaml(path), overrides)
    base = path.parent.resolve()
    if not local:
        _refuse_local(document)

    mistakes: list[Mistake] = []
    config = _check_top_level(document, mistakes)
    plugins = _find_plugins(document, base, mistakes)
    if mistakes or config is None:
        raise as_error(mistakes, document)
    hooks = [PluginSpec("hooks", hook.plugin, hook.options, str(base)) for hook in config.hooks]
    return LoadedConfig(path, config, document, plugins, hooks, tuple(overrides))


def local_plugins_of(path: Path, overrides: Sequence[str] = ()) -> list[tuple[str, str, Path]]:
    """The local files that a config names, of which none is executed: kind, name, and base.

    Args:
        path: the YAML file.
        overrides: `key.path=value`.

    Raises:
        ConfigError: the file is no YAML, or an override cannot be put in.
    """
    document, base = apply_overrides(read_yaml(path), overrides), path.parent.resolve()
    named = _named_plugins(document.data)
    return [(str(loc[0]), plugin, base) for loc, plugin in named if is_local(plugin)]


def output_of(loaded: LoadedConfig) -> Path:
    """`output:` of the config, from the working directory; else `data/<config name><suffix>`."""
    if loaded.config.output is not None:
        return local_path(loaded.config.output)
    storage: Any = loaded.plugins["storage"].cls
    return Path("data") / f"{loaded.path.stem}{storage.suffix}"


def refuse_local(kind: str, plugin: str) -> None:
    """Refuses a local file that is named outside a config.

    Raises:
        PluginError: it is one.
    """
    if is_local(plugin):
        raise PluginError(f"{kind} {plugin!r} {_IS_CODE}", hint=_READ_IT)


_IS_CODE = "is a local file: code that would be run"
_READ_IT = "read it, then leave --no-local-plugins out; or install it as a package"


def _refuse_local(document: Document) -> None:
    """Raises PluginError for each section that names a local file; executes none of them."""
    mistakes = [
        Mistake(
            (*loc, "plugin"),
            f"{plugin!r} {_IS_CODE}",
            "plugin",
            hint=_READ_IT,
        )
        for loc, plugin in _named_plugins(document.data)
        if is_local(plugin)
    ]
    if mistakes:
        raise as_error(mistakes, document)


def _named_plugins(data: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """The place of each section in an unchecked config, and the plugin that it names."""
    hooks = data.get("hooks")
    sections: dict[KeyPath, Any] = {(kind,): data.get(kind) for kind in KINDS}
    for number, hook in enumerate(hooks if isinstance(hooks, list) else []):
        sections["hooks", number] = hook
    for loc, section in sections.items():
        plugin = section.get("plugin") if isinstance(section, dict) else section
        if isinstance(plugin, str):
            yield loc, plugin


def _check_top_level(document: Document, mistakes: list[Mistake]) -> Config | None:
    """The config's own keys, checked; None if they have mistakes, which are added to the list."""
    try:
        return Config.model_validate(document.data)
    except ValidationError as error:
        found = explain(Config, error, document.data)
        mistakes += [_with_example(m) if m.kind == "missing key" else m for m in found]
        return None


def _find_plugins(
    document: Document, base: Path, mistakes: list[Mistake]
) -> dict[str, ResolvedPlugin]:
    """The plugins of all sections that can be used; mistakes of the others are added to the list.

    A section of the wrong shape is left out: the check of the top level has said what is wrong.
    """
    plugins = {}
    for kind in KINDS:
        section = _section(document.data, kind)
        if section is None:
            continue
        resolved = _resolve(kind, section, base)
        if isinstance(resolved, ResolvedPlugin):
            plugins[kind] = resolved
        else:
            mistakes += resolved
    return plugins


def _section(data: dict[str, Any], kind: str) -> Section | None:
    """The section of a kind, or its default; None if it has the wrong shape."""
    if kind not in data:
        default = Config.model_fields[kind].default
        return default if isinstance(default, Section) else None
    try:
        return Section.model_validate(data[kind])
    except ValidationError:
        return None


def _resolve(kind: str, section: Section, base: Path) -> ResolvedPlugin | list[Mistake]:
    """The plugin of a section, or what is wrong with its name or its options."""
    loc = (kind, "plugin")
    try:
        found = resolve.find_plugin(kind, section.plugin, base)
    except PluginError as error:
        return [Mistake(loc, error.message, "plugin", error.hint)]
    spec = PluginSpec(kind, section.plugin, section.options, str(base), found.sha256)
    try:
        options = found.cls.Options.model_validate(section.options, context={"base": base})
    except ValidationError as error:
        mistakes = explain(found.cls.Options, error, section.options)
        return [mistake.within(kind) for mistake in mistakes]
    except Exception as cause:
        what = f"plugin {section.plugin!r} is broken: its options raised"
        return [Mistake(loc, f"{what} {in_one_line(spec, cause)}", "plugin")]
    return ResolvedPlugin(spec, found.cls, options)


_EXAMPLES: dict[KeyPath, str] = {
    ("records",): "records: 1000",
    ("gate_set",): "gate_set: clifford_t",
    ("sampler",): "sampler: {plugin: uniform, length: 20}",
}


def _with_example(missing: Mistake) -> Mistake:
    """The mistake of a missing key, with a hint that shows how the key is written."""
    if missing.loc in _EXAMPLES:
        hint = f"add `{_EXAMPLES[missing.loc]}`"
    elif missing.loc[-1] == "plugin":
        hint = "a section is `NAME` or `{plugin: NAME, option: value}`"
    else:
        return missing
    return Mistake(missing.loc, missing.what, missing.kind, hint)
