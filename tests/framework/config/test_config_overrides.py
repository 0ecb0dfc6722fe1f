"""`--set key.path=value`."""

from __future__ import annotations

import re
from time import process_time
from typing import Any

import pytest

from qframe.config.overrides import apply_overrides
from qframe.config.yaml_file import parse_yaml
from qframe.errors import ConfigError

TEXT = """\
records: 10
storage: {plugin: sqlite, layout: rows}
sampler:
  plugin: uniform
  length: {min: 5, max: 30}
gates: [h, t]
hooks: [log]
"""


def after(*overrides: str, text: str = TEXT) -> Any:
    return apply_overrides(parse_yaml(text, "x.yaml"), overrides).data


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("records=1e6", "records", 1e6),
        ("seed=7", "seed", 7),
        ("output=data/x.db", "output", "data/x.db"),
        ("output=", "output", None),
        ("output=a=b", "output", "a=b"),
        ("storage=savetxt", "storage", "savetxt"),
        ("storage={plugin: savetxt, flat: true}", "storage", {"plugin": "savetxt", "flat": True}),
        ("storage.layout=blocks", "storage", {"plugin": "sqlite", "layout": "blocks"}),
        (
            "sampler.length.max=40",
            "sampler",
            {"plugin": "uniform", "length": {"min": 5, "max": 40}},
        ),
        ("executor.workers=2", "executor", {"plugin": "processes", "workers": 2}),
        ("gate_set.qubits=2", "gate_set", {"qubits": 2}),
        ("gates.1=s", "gates", ["h", "s"]),
        ("gates.2=s", "gates", ["h", "t", "s"]),
        ("hooks.0.every=5", "hooks", [{"plugin": "log", "every": 5}]),
        ("hooks.1.plugin=x", "hooks", ["log", {"plugin": "x"}]),
        ("new.deep.key=1", "new", {"deep": {"key": 1}}),
    ],
)
def test_a_value_is_put_in(override: str, key: str, value: object) -> None:
    assert after(override)[key] == value


def test_setting_an_option_opens_a_section_given_as_a_word() -> None:
    text = "executor: serial\nengine:\n"
    assert after("executor.workers=2", text=text)["executor"] == {"plugin": "serial", "workers": 2}
    assert after("engine.chunk=2", text=text)["engine"] == {"plugin": "numpy", "chunk": 2}


def test_overrides_apply_in_order() -> None:
    assert after("storage=savetxt", "storage.flat=true")["storage"] == {
        "plugin": "savetxt",
        "flat": True,
    }
    assert after("storage.flat=true", "storage=savetxt")["storage"] == "savetxt"


def test_the_document_given_stays_as_it_was() -> None:
    document = parse_yaml(TEXT, "x.yaml")
    before = repr(document)
    apply_overrides(document, ["sampler.length.max=3", "storage=x", "gates.0=s"])
    assert repr(document) == before


def test_places_say_what_the_command_line_set() -> None:
    document = apply_overrides(
        parse_yaml(TEXT, "x.yaml"), ["sampler.length.max=3", "executor.workers=x", "storage=y"]
    )
    assert document.where(("sampler", "length", "max")) == "--set sampler.length.max=3"
    assert document.where(("sampler", "length", "min")) == "x.yaml:5:17"
    assert document.where(("executor", "workers"), key=True) == "--set executor.workers=x"
    assert document.where(("storage", "layout")) == "--set storage=y"
    assert document.where(("records",)) == "x.yaml:1:10"


def test_a_word_that_was_opened_keeps_its_place() -> None:
    document = apply_overrides(parse_yaml("executor: serial", "x.yaml"), ["executor.workers=2"])
    assert document.where(("executor", "plugin")) == "x.yaml:1:11"
    assert document.where(("executor", "workers")) == "--set executor.workers=2"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("records", "--set records: want key.path=value, such as sampler.length=20"),
        ("=1", "--set =1: want key.path=value"),
        ("a..b=1", "--set a..b=1: want key.path=value"),
        ("a=[", "--set a=[: not valid YAML: "),
        ("a=!!python/name:os.system x", "refused, want plain data"),
        ("records.x=1", "--set records.x=1: records is a single value, so it has no 'x'"),
        ("gates.x=1", "--set gates.x=1: gates is a list, want a number up to 2, got 'x'"),
        ("gates.9=1", "--set gates.9=1: gates is a list, want a number up to 2, got '9'"),
        ("gates.2.x=1", "--set gates.2.x=1: gates has 2 entries, so none numbered 2"),
        ("gates.-1=1", "gates is a list, want a number up to 2"),
        ("gates.²=1", "gates is a list, want a number up to 2"),
        ("a=1\nb: 2", "--set a=1\\nb: 2: not valid YAML"),
        ("a=" + "x" * 300 + ": [", "x...: "),
    ],
)
def test_what_cannot_be_put_in_is_said_in_one_line(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        after(override)
    assert "\n" not in str(error.value)


def test_all_bad_overrides_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        after("records", "records=1", "records.x=1")
    assert len(error.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("a." * 20_000 + "b=1", "more than 20 keys"),
        ("a." * 20 + "b=1", "more than 20 keys"),
        ("." * 100_000 + "=1", "more than 20 keys"),
        ("seed=" + "[" * 50_000, "not valid YAML"),
        ("seed=" + "[" * 66 + "]" * 66, "nested more than 64 deep"),
        ("seed=" + "9" * 100_000, "a number of 100000 digits"),
    ],
)
def test_what_is_far_too_large_is_refused_at_once(override: str, said: str) -> None:
    start = process_time()
    with pytest.raises(ConfigError, match=said) as caught:
        after(override)
    assert process_time() - start < 20, "one of them took 700 s"
    assert len(str(caught.value)) < 300


def test_as_many_keys_as_allowed_are_put_in() -> None:
    value = after("new." + "a." * 18 + "b=1")["new"]
    for _ in range(18):
        value = value["a"]
    assert value == {"b": 1}
