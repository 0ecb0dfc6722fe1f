"""parse_value: YAML text as plain data with the position of each value, safe on hostile text.

PyYAML's parser is used, its composer and its constructors are not. So tags cannot name Python
objects, a key that stands twice is refused instead of the last one winning, the position of an
alias is known, and size and depth are bounded (each use of an alias counts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from qframe.config.document import Document, KeyPath, Mark
from qframe.config.yaml_scalars import scalar

MAX_NODES = 100_000
"""Most values that a text may hold."""

MAX_DEPTH = 64
"""Most lists and mappings that may stand within each other."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG_PREFIX = "tag:yaml.org,2002:"
_TYPES_OF_TAG: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}
_HINTS = {  # by a part of PyYAML's message
    "mapping values are not allowed": "check the indentation, and quote a text that holds ': '",
    "cannot start any token": "indent with spaces, never with tabs, and quote texts with @ ` or %",
    "could not find expected ':'": "a line in a mapping is `key: value`",
    "unexpected end of stream": "a quote is not closed",
    "flow": "a bracket or a comma is missing",
    "did not find expected key": "keys of one mapping begin in the same column",
    "did not find expected '-' indicator": "entries of one list begin in the same column",
}


class YamlProblem(Exception):  # noqa: N818 - never leaves the package
    """A mistake in a YAML text: message, position and hint. The caller knows the text's name."""

    def __init__(self, message: str, mark: Mark, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark
        self.hint = hint


def parse_value(text: str, name: str) -> Document:
    """The one YAML value that a text holds, with positions; an empty text is None.

    Args:
        text: the YAML.
        name: what the document is called.

    Raises:
        YamlProblem: the first mistake in the text.
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
    expander = _Expander()
    data = expander.expand(root, (), 0)
    return Document(name, data, expander.marks, expander.key_marks)


@dataclass(frozen=True, slots=True)
class _Node:
    """A value and its position.

    Attributes:
        mark: where the value begins.
        value: a scalar, a list of nodes, or a dict from key to (position of the key, node).
    """

    mark: Mark
    value: Any


class _Composer:
    """Makes nodes of PyYAML's events. An alias shares the value of its anchor: nothing grows."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0

    def root(self) -> _Node | None:
        """The node of the whole text; None if the text is empty."""
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
    """Makes plain data of nodes and notes the positions. Here aliases grow, within the bounds."""

    def __init__(self) -> None:
        self.marks: dict[KeyPath, Mark] = {}
        self.key_marks: dict[KeyPath, Mark] = {}
        self._nodes = 0

    def expand(self, node: _Node, loc: KeyPath, depth: int) -> Any:
        """The plain data of a node that stands at `loc`."""
        self._nodes += 1
        _check_bounds(self._nodes, depth, node.mark)
        self.marks[loc] = node.mark
        if isinstance(node.value, list):
            return [self.expand(n, (*loc, i), depth + 1) for i, n in enumerate(node.value)]
        if isinstance(node.value, dict):
            data = {}
            for key, (mark, child) in node.value.items():
                self.key_marks[*loc, key] = mark
                data[key] = self.expand(child, (*loc, key), depth + 1)
            return data
        return node.value


def _scalar(event: Any, mark: Mark) -> Any:
    """The value of a scalar: a text if it is quoted, else what its tag or its letters say."""
    tag = event.tag
    if tag == "!" or tag == f"{_TAG_PREFIX}str" or (tag is None and not event.implicit[0]):
        return event.value
    try:
        value = scalar(event.value)
    except ValueError as cause:
        raise YamlProblem(str(cause), mark, "quote it if it is a text") from None
    if tag is not None:
        name = tag.removeprefix(_TAG_PREFIX)
        if not tag.startswith(_TAG_PREFIX) or name not in _TYPES_OF_TAG:
            raise _tag_problem(tag, mark)
        if type(value) not in _TYPES_OF_TAG[name]:
            raise YamlProblem(f"{event.value[:40]!r} is no !!{name}", mark, "remove the tag")
        return float(event.value) if name == "float" and isinstance(value, int) else value
    return value


def _check_tag(event: Any, kind: str, mark: Mark) -> None:
    if event.tag not in (None, "!", _TAG_PREFIX + kind):
        raise _tag_problem(event.tag, mark)


def _tag_problem(tag: str, mark: Mark) -> YamlProblem:
    short = tag.replace(_TAG_PREFIX, "!!")[:60]
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
    reason = f"{cause.problem or 'unreadable'} {cause.context or ''}".strip().replace("\n", " ")
    hint = next((hint for part, hint in _HINTS.items() if part in reason), None)
    return YamlProblem(f"not valid YAML: {reason}", mark, hint)
