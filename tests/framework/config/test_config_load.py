"""Loading a config: all mistakes at once, in plain words, each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, model_validator

from qframe.config.load import LoadedConfig, load_config
from qframe.config.model import Integral
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.errors import ConfigError, PluginError
from qframe.plugins import resolve


class Range(PluginOptions):
    min: int = Field(ge=0)
    max: int

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class SamplerOptions(PluginOptions):
    length: Annotated[int, Field(ge=1)] | Range
    coupling: Literal["all", "line"] | list[Annotated[list[int], Field(min_length=2)]] = "all"
    weights: dict[str, float] | None = None
    count: Integral | None = None
    strict: bool = False


class Sampler(Plugin[SamplerOptions]):
    name = "uniform"
    Options = SamplerOptions


class BrokenOptions(PluginOptions):
    @model_validator(mode="before")
    @classmethod
    def _bug(cls, value: Any) -> Any:
        raise TypeError("a bug")


class FussyOptions(PluginOptions):
    @model_validator(mode="before")
    @classmethod
    def _fussy(cls, value: Any) -> Any:
        raise ConfigError("never right", hint="give up")


class Broken(Plugin[BrokenOptions]):
    name = "broken"
    Options = BrokenOptions


class Fussy(Plugin[FussyOptions]):
    name = "fussy"
    Options = FussyOptions


class Plain(Plugin[PluginOptions]):
    name = "plain"


CLASSES: dict[str, type[Plugin[Any]]] = {
    "uniform": Sampler,
    "broken": Broken,
    "fussy": Fussy,
    **dict.fromkeys(["gates", "numpy", "sqlite", "processes"], Plain),
}


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_plugin(kind: str, plugin: str, base: Path) -> resolve.FoundPlugin:
        if plugin not in CLASSES:
            raise PluginError(f"unknown {kind} {plugin!r}: installed are x", hint="list them")
        return resolve.FoundPlugin(CLASSES[plugin])

    monkeypatch.setattr(resolve, "find_plugin", find_plugin)


GOOD = """\
records: 1e3
gate_set: gates
sampler:
  plugin: uniform
  length: 20
"""


def loaded(tmp_path: Path, text: str, *overrides: str) -> LoadedConfig:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return load_config(path, overrides)


def complaints(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    """The lines of the error, without the directory and with hints indented."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text, *overrides)
    return str(error.value).replace(f"{tmp_path}/", "").splitlines()


def with_sampler(options: str) -> str:
    return f"records: 1\ngate_set: gates\nsampler: {{plugin: uniform, {options}}}\n"


def test_a_good_config(tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD + "hooks: [log, {plugin: ./h.py, every: 5}]\n", "seed=7")
    assert found.config.records == 1000
    assert type(found.config.records) is int
    assert (found.config.seed, found.config.dtype, found.config.output) == (7, "complex128", None)
    assert list(found.plugins) == ["gate_set", "sampler", "engine", "storage", "executor"]
    sampler = found.plugins["sampler"]
    assert sampler.cls is Sampler
    assert sampler.options == SamplerOptions(length=20)
    assert sampler.spec.options == {"length": 20}
    assert sampler.spec.base == str(tmp_path.resolve())
    assert found.plugins["storage"].spec.plugin == "sqlite"
    assert [(h.kind, h.plugin, h.options) for h in found.hooks] == [
        ("hooks", "log", {}),
        ("hooks", "./h.py", {"every": 5}),
    ]


def test_the_largest_seed_is_allowed_and_one_more_is_not(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD, f"seed={2**64 - 1}").config.seed == 2**64 - 1
    assert complaints(tmp_path, GOOD, f"seed={2**64}") == [
        f"--set seed={2**64}: seed: got {2**64}, want at most {2**64 - 1}"
    ]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
recods: 5
seed: many
gate_set: {plugin: nosuch}
sampler:
  plugin: uniform
  lenght: 4
engine: 3
storage: {plugn: sqlite}
dtype: complex12
"""
    known = (
        "records, seed, dtype, arithmetic, key, output, labels, gate_set, sampler, engine, "
        "storage, executor, hooks, task_blocks"
    )
    assert complaints(tmp_path, text) == [
        f"c.yaml:1:1: recods: unknown key, did you mean 'records'? (want one of: {known})",
        'c.yaml:2:7: seed: got "many" (a string), want an integer',
        "c.yaml:3:20: gate_set: unknown gate_set 'nosuch': installed are x",
        "  Hint: list them",
        "c.yaml:6:3: sampler.lenght: unknown key, did you mean 'length'? "
        "(want one of: length, coupling, weights, count, strict)",
        "c.yaml:7:9: engine: got 3 (a number), want a plugin's name or a mapping with `plugin`",
        "c.yaml:8:10: storage: missing key 'plugin'",
        "  Hint: a section is `NAME` or `{plugin: NAME, option: value}`",
        "c.yaml:9:8: dtype: got \"complex12\" (a string), want 'complex128' or 'complex64'",
        "  Hint: did you mean 'complex128'?",
    ]


def test_missing_sections(tmp_path: Path) -> None:
    assert complaints(tmp_path, "seed: 1\n") == [
        "c.yaml:1:1: missing key 'records'",
        "  Hint: add `records: 1000`",
        "c.yaml:1:1: missing key 'gate_set'",
        "  Hint: add `gate_set: clifford_t`",
        "c.yaml:1:1: missing key 'sampler'",
        "  Hint: add `sampler: {plugin: uniform, length: 20}`",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("records: true", "got true, want an integer"),
        ("records: '5'", 'got "5" (a string), want an integer'),
        ("records: 1.5", "got 1.5 (a number), want an integer"),
        ("records: .inf", "got inf (a number), want an integer"),
        ("records: 0", "got 0, want at least 1"),
        ("records:", "got nothing, want an integer"),
        ("records: [1]", "got a list, want an integer"),
        ("records: {a: 1}", "got a mapping, want an integer"),
    ],
)
def test_records_is_an_integer_above_0(tmp_path: Path, line: str, complaint: str) -> None:
    text = GOOD.replace("records: 1e3", line)
    column = len("records: ") if line == "records:" else len("records: ") + 1
    assert complaints(tmp_path, text) == [f"c.yaml:1:{column}: records: {complaint}"]


@pytest.mark.parametrize(
    ("options", "token", "complaint"),
    [
        ("length: many", "many", '.length: got "many" (a string), want an integer or a mapping'),
        ("length: 0", "0}", ".length: got 0, want at least 1"),
        ("length: {min: -1, max: 3}", "-1", ".length.min: got -1, want at least 0"),
        ("length: {min: 4, max: 3}", "{min", ".length: min 4 is above max 3"),
        ("length: {min: 4}", "{min", ".length: missing key 'max'"),
        (
            "length: {min: 4, mxa: 3}",
            "mxa: 3",
            ".length.mxa: unknown key, did you mean 'max'? (want one of: min, max)",
        ),
        (
            "length: 1, coupling: {}",
            "{}}",
            ".coupling: got a mapping, want 'all' or 'line' or a list",
        ),
        (
            "length: 1, coupling: [[1]]",
            "[1]]",
            ".coupling.0: got 1 entry, want at least 2 entries",
        ),
        (
            "length: 1, weights: {h: x}",
            "x}}",
            '.weights.h: got "x" (a string), want a number',
        ),
        ("length: 1, count: 1.5", "1.5", ".count: got 1.5 (a number), want an integer"),
        ("length: 1, strict: 1", "1}", ".strict: got 1 (a number), want true or false"),
        ("coupling: all", "{plugin", ": missing key 'length'"),
    ],
)
def test_options_are_explained(tmp_path: Path, options: str, token: str, complaint: str) -> None:
    text = with_sampler(options)
    (line,) = complaints(tmp_path, text)
    where, _, message = line.partition(": ")
    assert message == f"sampler{complaint}"
    assert where.startswith("c.yaml:3:")
    assert text.splitlines()[2][int(where.split(":")[2]) - 1 :].startswith(token)


def test_a_literal_nearly_right_gets_a_hint(tmp_path: Path) -> None:
    lines = complaints(tmp_path, with_sampler("length: 1, coupling: lin"))
    assert lines[1] == "  Hint: did you mean 'line'?"


def test_a_mistake_of_the_command_line_names_the_override(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD, "sampler.length=x", "sampler.foo=1") == [
        '--set sampler.length=x: sampler.length: got "x" (a string), want an integer or a mapping',
        "--set sampler.foo=1: sampler.foo: unknown key "
        "(want one of: length, coupling, weights, count, strict)",
    ]


def test_options_for_a_plugin_that_has_none(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD + "engine: {plugin: numpy, chunk: 3}\n") == [
        "c.yaml:6:25: engine.chunk: unknown key (want none here)"
    ]


def test_only_plugin_problems_are_a_plugin_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"c\.yaml:2:11: gate_set: unknown gate_set 'x'") as error:
        loaded(tmp_path, GOOD.replace("gates", "x"))
    assert error.value.exit_code == 3
    assert error.value.hint == "list them"


def test_plugin_and_config_problems_together_are_a_config_error(tmp_path: Path) -> None:
    assert len(complaints(tmp_path, GOOD.replace("gates", "x") + "seed: -1\n")) == 3


def test_a_bug_in_a_plugins_options_names_the_plugin(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"plugin 'broken' is broken: .* TypeError: a bug"):
        loaded(tmp_path, GOOD + "engine: broken\n")


def test_a_qframe_error_in_a_plugins_options_keeps_its_words_and_hint(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD + "engine: fussy\n") == [
        "c.yaml:6:9: engine: never right",
        "  Hint: give up",
    ]


def test_a_structural_error_stands_alone(tmp_path: Path) -> None:
    assert complaints(tmp_path, "recods: 1\nrecods: 2\n") == [
        "c.yaml:2:1: key 'recods' was given already at 1:1",
        "  Hint: remove one of the two",
    ]


@pytest.mark.parametrize("hooks", ["log", "{a: 1}", "[3]", "[{plugin: 3}]", "[{a: 1}]", "['']"])
def test_hooks_that_are_none(tmp_path: Path, hooks: str) -> None:
    lines = complaints(tmp_path, GOOD + f"hooks: {hooks}\n")
    assert lines[0].startswith("c.yaml:6:")
    assert "hooks" in lines[0]


def test_very_many_mistakes_and_very_long_keys_make_no_very_long_error(tmp_path: Path) -> None:
    text = GOOD + f"labels: [{'a, ' * 20_000}]\n{'k' * 1000}: 1\n"
    lines = complaints(tmp_path, text)
    assert len(lines) < 110
    assert lines[-1] == "and 19,951 more"
    assert max(map(len, lines)) < 400
