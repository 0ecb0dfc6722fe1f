"""A plugin object from its plain description, in any process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qframe.contracts.plugin import PluginSpec
from qframe.plugins.resolve import find_class


def build(spec: PluginSpec, *arguments: Any) -> Any:
    """The plugin object that `spec` describes, made with its options and `arguments`."""
    cls: Any = find_class(spec.kind, spec.plugin, Path(spec.base))
    context = {"base": Path(spec.base)}
    return cls(cls.Options.model_validate(dict(spec.options), context=context), *arguments)
