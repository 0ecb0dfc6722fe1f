"""build: a plugin object from its PluginSpec, in any process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qframe.contracts.plugin import PluginSpec
from qframe.plugins.resolve import find_plugin


def build(spec: PluginSpec, *arguments: Any) -> Any:
    """The plugin object that `spec` describes, made with its options and `arguments`.

    A local file that was loaded with the config is not loaded again in that process. Another
    process loads it as it is by then.

    Raises:
        PluginError: as `find_plugin`.
    """
    base = Path(spec.base)
    cls: Any = find_plugin(spec.kind, spec.plugin, base, spec.sha256).cls
    context = {"base": base}
    return cls(cls.Options.model_validate(dict(spec.options), context=context), *arguments)
