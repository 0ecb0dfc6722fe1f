"""A plugin object from its plain description, in any process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qframe.contracts.plugin import PluginSpec
from qframe.plugins.resolve import find_plugin


def build(spec: PluginSpec, *arguments: Any) -> Any:
    """The plugin object that `spec` describes, made with its options and `arguments`."""
    base = Path(spec.base)
    cls: Any = find_plugin(spec.kind, spec.plugin, base, spec.sha256).cls
    context = {"base": base}
    return cls(cls.Options.model_validate(dict(spec.options), context=context), *arguments)
