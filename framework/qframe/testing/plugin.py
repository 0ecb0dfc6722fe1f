"""PluginContract: the tests that a plugin of any kind has to pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from qframe.contracts.plugin import CONTRACT_VERSION, Plugin


def require(truth: object, message: str) -> None:
    """Fails a test with a message, unless `truth` is true.

    It takes the place of `assert`, because pytest shows values of an `assert` in test files only.
    """
    __tracebackhide__ = True
    if not truth:
        raise AssertionError(message)


class PluginContract:
    """Tests of a plugin of any kind: name, version, docstring and options.

    It is the base of the other classes of the kit. Use the class of your plugin's kind.

    Attributes:
        plugin: the plugin class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
    """

    plugin: ClassVar[type[Plugin[Any]]]
    options: ClassVar[Mapping[str, Any]] = {}

    def read_options(self) -> Any:
        """The options, read by the plugin's own model."""
        return self.plugin.Options.model_validate(dict(self.options))

    def test_has_a_name_a_version_and_the_contract_of_this_qframe(self) -> None:
        require(isinstance(self.plugin.name, str) and self.plugin.name, "name is not a text")
        require(isinstance(self.plugin.version, int), f"version is {self.plugin.version!r}")
        require(
            self.plugin.contract == CONTRACT_VERSION,
            f"contract is {self.plugin.contract}, want {CONTRACT_VERSION}",
        )

    def test_has_a_description_for_the_list_of_plugins(self) -> None:
        require((self.plugin.__doc__ or "").strip(), f"{self.plugin.__name__} has no docstring")

    def test_options_are_a_model_that_refuses_unknown_keys(self) -> None:
        require(issubclass(self.plugin.Options, BaseModel), "Options is not a pydantic model")
        with pytest.raises(ValidationError):
            self.plugin.Options.model_validate({**self.options, "no_such_option": 1})

    def test_options_have_a_json_schema(self) -> None:
        json.dumps(self.plugin.Options.model_json_schema())
