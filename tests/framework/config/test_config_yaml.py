"""Reading YAML: what scalars mean, where things stand, and what is refused."""

from __future__ import annotations

import json
import math
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qframe.config.yaml_file import MAX_BYTES, parse_yaml, read_yaml
from qframe.config.yaml_scalars import scalar
from qframe.errors import ConfigError


@contextmanager
def bounded(megabytes: float = 100.0) -> Iterator[None]:
    """Fails if the body takes much memory, or as long as only a bomb that went off would take."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        assert time.process_time() - start < 60
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E6", 1e6),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e+3", -1500.0),
        ("1:30", "1:30"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("007", 7),
        ("1_000_000", 1_000_000),
        ("0xff", 255),
        ("0o17", 15),
        ("-12", -12),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("2001-01-01", "2001-01-01"),
        ("1__0", "1__0"),
        ("<<", "<<"),
        ("=", "="),
        ("+", "+"),
        (".", "."),
        ("1e", "1e"),
        ("١", "١"),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)
    assert parse_yaml(f"a: {text}", "x").data["a"] == value


def test_nan_is_a_float() -> None:
    value = scalar(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_quoted_and_tagged_scalars_are_texts() -> None:
    data = parse_yaml("a: '12'\nb: \"no\"\nc: !!str 12\nd: ! 12\ne: !!float 3", "x").data
    assert data == {"a": "12", "b": "no", "c": "12", "d": "12", "e": 3.0}
    assert type(data["e"]) is float


def test_aliases_are_expanded_and_point_to_where_they_stand() -> None:
    document = parse_yaml("a: &m {k: 1}\nb: *m\n", "x.yaml")
    assert document.data == {"a": {"k": 1}, "b": {"k": 1}}
    assert document.where(("b",)) == "x.yaml:2:4"
    assert document.where(("b", "k")) == "x.yaml:1:11"


def test_where_of_values_keys_entries_and_missing_things() -> None:
    document = parse_yaml("a: 1\nlist:\n  - x\n  - k: v\nempty:\n", "d/x.yaml")
    assert document.where(("list", 1, "k")) == "d/x.yaml:4:8"
    assert document.where(("list", 1, "k"), key=True) == "d/x.yaml:4:5"
    assert document.where(("list", 0)) == "d/x.yaml:3:5"
    assert document.where(("list", 1, "nothing", "here")) == "d/x.yaml:4:5"
    assert document.where(("nothing",)) == "d/x.yaml:1:1"
    assert document.where(("empty",), key=True) == "d/x.yaml:5:1"


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
values = st.recursive(
    st.integers(-(10**20), 10**20) | st.booleans() | words | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def written(value: Any) -> str:
    """A value in YAML, in flow style."""
    if isinstance(value, float):
        return repr(value).replace("inf", ".inf")
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{word(k)}: {written(v)}" for k, v in value.items()) + "}"
    return word(value) if isinstance(value, str) else json.dumps(value)


def word(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def every(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    if isinstance(value, dict | list):
        pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from every(inner, (*path, key))


@given(st.dictionaries(words, values, min_size=1, max_size=5), st.integers(1, 6))
def test_each_position_points_at_its_token(data: dict[str, Any], indent: int) -> None:
    """Block style at the top and one level below, flow style further down."""
    lines = ["# a comment"]
    for key, value in data.items():
        if isinstance(value, dict) and value:
            lines.append(f"{word(key)}:")
            lines += [" " * indent + f"{word(k)}: {written(v)}" for k, v in value.items()]
        elif isinstance(value, list) and value:
            lines.append(f"{word(key)}:")
            lines += [" " * indent + f"- {written(v)}" for v in value]
        else:
            lines.append(f"{word(key)}: {written(value)}")
    document = parse_yaml("\n".join(lines), "x")
    assert document.data == data
    for path, value in every(data):
        line, column = document.marks[path]
        here = lines[line - 1][column - 1 :]
        block = len(path) < 2 and isinstance(value, dict | list) and value
        if block:
            first = word(next(iter(value))) if isinstance(value, dict) else "- "
            assert here.startswith(first)
        else:
            assert here.startswith(written(value))
        if path and isinstance(path[-1], str):
            line, column = document.key_marks[path]
            assert lines[line - 1][column - 1 :].startswith(word(path[-1]))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_plain_words(text: str) -> None:
    message = refusal(text)
    assert message is None or (message.startswith("x.yaml:") and "\n" not in message)


def refusal(text: str) -> str | None:
    try:
        parse_yaml(text, "x.yaml")
    except ConfigError as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1:1: the file is empty"),
        ("# only words\n", "x:1:1: the file is empty"),
        ("- 1\n", "x:1:1: got a list, want a mapping"),
        ("hello", "x:1:1: got a single value, want a mapping"),
        ("a: 1\nb: 2\na: 3\n", "x:3:1: key 'a' was given already at 1:1"),
        ("a: {b: 1, 'b': 2}\n", "x:1:11: key 'b' was given already at 1:5"),
        ("a: 1\n---\nb: 2\n", "x:2:1: a second document begins here, want one"),
        ("a: 1\n2: 1\n", "x:2:1: a key must be a text"),
        ("? [1, 2]\n: 3\n", "x:1:3: a key must be a text"),
        ("a: *b\n", "x:1:4: alias *b names nothing that ends above it"),
        ("a: &b [*b]\n", "x:1:8: alias *b names nothing that ends above it"),
        ("a: !!int x\n", "x:1:4: 'x' is no !!int"),
        ("a: !!int true\n", "x:1:4: 'true' is no !!int"),
        ("a: 1e999\n", "x:1:4: 1e999 is more than a double can hold (write .inf if meant)"),
        ("a: " + "9" * 2000, "x:1:4: a number of 2000 digits, want at most 1000"),
        ("a: 1\nb: \x07", "x:2:4: character '\\x07' is not allowed"),
        ("a: \ud800", "x:1:4: character '\\ud800' is not allowed"),
    ],
)
def test_what_is_not_one_mapping_of_plain_data_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_yaml(text, "x")
    assert error.value.message == message
    assert error.value.hint or "digits" in message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\t- b\n", "tabs"),
        ("a: b: c\n", "quote"),
        ("a: [1, 2\n", "bracket"),
        ("a: 'x\n", "quote"),
        ("a: 1\n b: 2\n", "indentation"),
        ("a:\n  - 1\n  b: 2\n", "entries"),
        ("a: 1\nb\n", "key: value"),
    ],
)
def test_broken_yaml_gets_a_place_and_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=r"^x:\d+:\d+: not valid YAML: ") as error:
        parse_yaml(text, "x")
    assert hint in str(error.value.hint)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/name:os.system ''",
        "!!python/tuple [1]",
        "!!set {{a}}",
        "!!binary aGk=",
        "!!timestamp 2001-01-01",
        "!mine 3",
        "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch {}']",
    ],
)
def test_tags_are_refused_and_run_nothing(tag: str, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    with pytest.raises(ConfigError, match=r"^x:1:4: tag .* is refused, want plain data"):
        parse_yaml(f"a: {tag.format(witness)}", "x")
    assert not witness.exists()


def lol(levels: int, width: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["lol"] * width) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines)


DEEP_CHAIN = "\n".join(
    ["a0: &a0 1"] + [f"a{n}: &a{n} {'[' * 60}*a{n - 1}{']' * 60}" for n in range(1, 60)]
)

HOSTILE = {
    "alias bomb": lol(9, 9),
    "wide alias bomb": lol(3, 300),
    "deep alias chain": DEEP_CHAIN,
    "deep flow": "a: " + "[" * 1_000_000,
    "deep mapping": "a: " + "{a: " * 200_000,
    "deep block": "\n".join(" " * n + f"k{n}:" for n in range(1_400)),
    "deep dashes": "- " * 500_000,
    "deep question marks": "? " * 500_000,
    "many entries": "a: [" + "1," * 500_000 + "]",
    "many keys": "\n".join(f"k{n}: 1" for n in range(80_000)),
    "many anchors": "a: [" + ", ".join(f"&a{n}" for n in range(110_000)) + "]",
    "long word": "a: " + "x" * 1_000_000 + "\n\tb",
    "long open quote": "a: '" + "x\n" * 500_000,
    "many colons": "a" + ":" * 1_000_000 + " b: [",
    "many open brackets of both kinds": "a: " + "[{" * 500_000,
    "many documents": "--- a\n" * 170_000,
    "many comments": "#\n" * 500_000,
    "long digits": "a: 0x" + "f" * 1_000_000,
    "underscores": "a: 1" + "_1" * 500_000,
    "deep in a list": "\n".join("a: &b" + " " * n + "[" for n in range(1_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_quickly_and_small(name: str) -> None:
    with bounded(), pytest.raises(ConfigError, match=r"^x:\d+:\d+: ") as error:
        parse_yaml(HOSTILE[name], "x")
    assert len(str(error.value)) < 500


def test_the_largest_text_allowed_is_read_within_the_bounds() -> None:
    text = "a:\n" + "".join(f"- [{n}, 1.5]\n" for n in range(33_000))
    with bounded():
        assert len(parse_yaml(text, "x").data["a"]) == 33_000


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa4\r\nb: 2\r\n")
    document = read_yaml(path)
    assert document.data == {"a": "ä", "b": 2}
    assert document.where(("b",)) == f"{path}:2:4"


def test_a_file_of_100_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with (
        bounded(1),
        pytest.raises(ConfigError, match=r"big.yaml: has 100,000,000 bytes, want"),
    ):
        read_yaml(path)


def test_a_file_just_within_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: 1 #".ljust(MAX_BYTES, "x"))
    assert read_yaml(path).data == {"a": 1}
    path.write_text("a: 1 #".ljust(MAX_BYTES + 1, "x"))
    with pytest.raises(ConfigError, match="want at most"):
        read_yaml(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "clifford_t.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match="no such file") as error:
        read_yaml(tmp_path / "cliford_t.yaml")
    assert error.value.hint == f"did you mean {tmp_path / 'clifford_t.yaml'}?"
    with pytest.raises(ConfigError, match="is a directory, want a YAML file"):
        read_yaml(tmp_path)
    with pytest.raises(ConfigError, match="want a regular file"):
        read_yaml(Path("/dev/zero"))
    for odd in ("a\0b", "x" * 5_000, "clifford_t.yaml/x"):
        with pytest.raises(ConfigError, match=r"cannot be read|no such file"):
            read_yaml(tmp_path / odd)


def test_bytes_that_are_not_utf_8_are_refused_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError) as error:
        read_yaml(path)
    assert error.value.message == f"{path}:2:4: byte 0xff is not UTF-8"
