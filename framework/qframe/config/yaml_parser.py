"""YAML as plain data with positions; everything that is more than that is refused.

PyYAML's parser is used and its constructors are not: nothing in a text can name a Python object,
win by being written twice, or grow beyond a bound (aliases are counted as often as they are used).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from qframe.config.document import Document, Mark, Path
from qframe.config.yaml_scalars import scalar

MAX_NODES = 100_000
MAX_DEPTH = 64

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}
_HINTS = {
    "mapping values are not allowed": "check the indentation, and quote a text that holds ': '",
    "cannot start any token": "indent with spaces, never with tabs, and quote texts with @ ` or %",
    "could not find expected ':'": "a line in a mapping is `key: value`",
    "unexpected end of stream": "a quote is not closed",
    "flow": "a bracket or a comma is missing",
    "did not find expected key": "keys of one mapping begin in the same column",
    "did not find expected '-' indicator": "entries of one list begin in the same column",
}


class YamlProblem(Exception):  # noqa: N818 - never leaves the package
    """What is wrong with a YAML text, and where; the caller knows what the text is called."""

    def __init__(self, message: str, mark: Mark, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark
        self.hint = hint


def parse_value(text: str, name: str) -> Document:
    """Any YAML value; an empty text is None.

    Raises:
        YamlProblem: without the text's name in it.
    """
    if bad := yaml.reader.Reader.NON_PRINTABLE.search(text):
        before = text[: bad.start()]
        mark = before.count("\n") + 1, bad.start() - before.rfind("\n")
        raise YamlProblem(f"character {bad[0]!a} is not allowed", mark, "remove it")
    try:
        root = _Composer(text).root()
    except yaml.MarkedYAMLError as cause:
        raise _not_yaml(cause) from None
    if root is None:
        return Document(name, None, {(): (1, 1)})
    found = Document(name, None, {})
    return Document(name, _Expander(found).expand(root, (), 0), found.marks, found.key_marks)


@dataclass(frozen=True, slots=True)
class _Node:
    """A value with its place: a scalar, a list of nodes, or a dict of key to (mark, node)."""

    mark: Mark
    value: Any


class _Composer:
    """Events to nodes. Aliases share the node that they name, so that nothing grows here."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0

    def root(self) -> _Node | None:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events), 0)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise YamlProblem(
                "a second document begins here, want one", _mark(event), "remove the line `---`"
            )
        return node

    def _node(self, event: Any, depth: int) -> _Node:
        mark = _mark(event)
        self._nodes += 1
        _check_bounds(self._nodes, depth, mark)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise YamlProblem(
                    f"alias *{event.anchor} names nothing that ends above it",
                    mark,
                    f"mark a value with &{event.anchor} first, or quote the text",
                )
            return _Node(mark, self._anchors[event.anchor].value)
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(mark, _scalar(event, mark))
        elif isinstance(event, yaml.SequenceStartEvent):
            _check_tag(event, "seq", mark)
            node = _Node(mark, self._list(depth))
        else:
            _check_tag(event, "map", mark)
            node = _Node(mark, self._mapping(depth))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _list(self, depth: int) -> list[_Node]:
        nodes = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            nodes.append(self._node(event, depth + 1))
        return nodes

    def _mapping(self, depth: int) -> dict[str, tuple[Mark, _Node]]:
        nodes: dict[str, tuple[Mark, _Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key.value, str):
                raise YamlProblem("a key must be a text", key.mark, "put it in quotes")
            if key.value in nodes:
                line, column = nodes[key.value][0]
                raise YamlProblem(
                    f"key {key.value!r} was given already at {line}:{column}",
                    key.mark,
                    "remove one of the two",
                )
            nodes[key.value] = key.mark, self._node(next(self._events), depth + 1)
        return nodes


class _Expander:
    """Nodes to plain data, with a bound on what aliases make of them."""

    def __init__(self, into: Document) -> None:
        self._into = into
        self._nodes = 0

    def expand(self, node: _Node, path: Path, depth: int) -> Any:
        self._nodes += 1
        _check_bounds(self._nodes, depth, node.mark)
        self._into.marks[path] = node.mark
        if isinstance(node.value, list):
            return [self.expand(n, (*path, i), depth + 1) for i, n in enumerate(node.value)]
        if isinstance(node.value, dict):
            data = {}
            for key, (mark, child) in node.value.items():
                self._into.key_marks[*path, key] = mark
                data[key] = self.expand(child, (*path, key), depth + 1)
            return data
        return node.value


def _scalar(event: Any, mark: Mark) -> Any:
    tag = event.tag
    if tag == "!" or tag == f"{_CORE}str" or (tag is None and not event.implicit[0]):
        return event.value
    try:
        value = scalar(event.value)
    except ValueError as cause:
        raise YamlProblem(str(cause), mark, "quote it if it is a text") from None
    if tag is not None:
        name = tag.removeprefix(_CORE)
        if not tag.startswith(_CORE) or name not in _TYPES:
            raise _tag_problem(tag, mark)
        if type(value) not in _TYPES[name]:
            raise YamlProblem(f"{event.value[:40]!r} is no !!{name}", mark, "remove the tag")
        return float(event.value) if name == "float" and isinstance(value, int) else value
    return value


def _check_tag(event: Any, kind: str, mark: Mark) -> None:
    if event.tag not in (None, "!", _CORE + kind):
        raise _tag_problem(event.tag, mark)


def _tag_problem(tag: str, mark: Mark) -> YamlProblem:
    short = tag.replace(_CORE, "!!")[:60]
    return YamlProblem(f"tag {short!r} is refused, want plain data", mark, "remove the tag")


def _check_bounds(nodes: int, depth: int, mark: Mark) -> None:
    if nodes > MAX_NODES:
        raise YamlProblem(
            f"more than {MAX_NODES:,} values, aliases counted as often as they are used",
            mark,
            "this is not a config; put large data into a plugin",
        )
    if depth > MAX_DEPTH:
        raise YamlProblem(f"nested more than {MAX_DEPTH} deep", mark, "flatten it")


def _mark(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _not_yaml(cause: yaml.MarkedYAMLError) -> YamlProblem:
    at = cause.problem_mark or cause.context_mark
    mark = (at.line + 1, at.column + 1) if at else (1, 1)
    words = f"{cause.problem or 'unreadable'} {cause.context or ''}".strip().replace("\n", " ")
    hint = next((hint for part, hint in _HINTS.items() if part in words), None)
    return YamlProblem(f"not valid YAML: {words}", mark, hint)
