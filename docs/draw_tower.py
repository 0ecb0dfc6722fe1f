"""Draws the tower of docs/architecture.md from the imports: `python docs/draw_tower.py`.

It writes docs/tower.svg and the parts of docs/architecture.md between its markers. With `--check`
it writes nothing, and exits with 1 if they are not what the imports say.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp
from importlinter import configuration
from importlinter.api import read_configuration

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGE, PICTURE = DOCS / "architecture.md", DOCS / "tower.svg"
PACKAGE = "qframe"

BOX_WIDTH, BOX_HEIGHT, GAP, ROW_HEIGHT, MARGIN = 190, 46, 26, 84, 24
STYLE = """
    .page { fill: #ffffff } .box { fill: #eef4fb; stroke: #0072b2 }
    .room { fill: #222222; font: bold 15px sans-serif }
    .size { fill: #5a5a5a; font: 12px sans-serif }
    .ground { fill: #f4f4f4; stroke: #8a8a8a }
    .import { fill: none; stroke: #0072b2; stroke-opacity: 0.4; stroke-width: 1.4 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } .box { fill: #14273b; stroke: #56b4e9 }
      .room { fill: #f0f0f0 } .size { fill: #b5b5b5 }
      .ground { fill: #1c2129; stroke: #8a8a8a }
      .import { stroke: #56b4e9 }
    }
"""

Imports = Mapping[str, set[str]]
"""For each room or module: what it imports."""


@dataclass(frozen=True)
class Tower:
    """The rooms of the package and what they import.

    Attributes:
        rooms: for each room (a folder, or a module on the ground) the rooms that it imports.
        modules: for each room the number of its modules.
        levels: rooms by level, the lowest first. A room stands above all that it imports.
        circles: groups of modules that import each other.
        upward: imports against the layers that pyproject.toml declares, as `above -> below`.
    """

    rooms: Imports
    modules: Mapping[str, int]
    levels: list[list[str]]
    circles: list[set[str]]
    upward: list[str]


def tower() -> Tower:
    """Reads the tower from the imports, those inside functions included."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=False)
    inside = {name for name in graph.modules if name.startswith(f"{PACKAGE}.")}
    inside -= {f"{PACKAGE}.__main__"}  # starts the command line, as a terminal does
    imports = {name: graph.find_modules_directly_imported_by(name) & inside for name in inside}
    rooms: dict[str, set[str]] = {}
    modules: dict[str, int] = {}
    for name, imported in imports.items():
        room = _room(name)
        rooms.setdefault(room, set()).update({_room(other) for other in imported} - {room})
        modules[room] = modules.get(room, 0) + 1
    return Tower(rooms, modules, levels_of(rooms), circles_of(imports), upward_of(rooms))


def _room(module: str) -> str:
    return module.split(".")[1]


def levels_of(rooms: Imports) -> list[list[str]]:
    """The rooms by the longest chain of imports below them, the lowest level first."""
    level: dict[str, int] = {}

    def level_of(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise SystemExit(f"a circle of rooms: {' -> '.join([*above, room])}")
        if room not in level:
            below = [level_of(other, (*above, room)) for other in rooms[room]]
            level[room] = max(below, default=-1) + 1
        return level[room]

    for room in sorted(rooms):
        level_of(room)
    return [sorted(r for r in rooms if level[r] == k) for k in range(max(level.values()) + 1)]


def _reached(start: str, imports: Imports) -> set[str]:
    """All that is imported from `start`, directly or through others."""
    found: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports[name]
    return found


def circles_of(imports: Imports) -> list[set[str]]:
    """Groups of modules that import each other, directly or through others."""
    reached = {name: _reached(name, imports) for name in imports}
    circles: list[set[str]] = []
    for name in sorted(imports):
        if name in reached[name] and not any(name in circle for circle in circles):
            circles.append({other for other in reached[name] if name in reached[other]})
    return circles


def upward_of(rooms: Imports) -> list[str]:
    """Imports of rooms that stand higher, or beside, in the layers of pyproject.toml."""
    declared = _declared_layers()
    place = {room: k for k, layer in enumerate(declared) for room in layer}
    return [
        f"{room} -> {other}"
        for room, imported in sorted(rooms.items())
        for other in sorted(imported)
        if place[other] <= place[room]
    ]


def _declared_layers() -> list[list[str]]:
    """The layers of the contract `tower`, the highest first."""
    configuration.configure()
    contracts = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    [contract] = [c for c in contracts if c["id"] == "tower"]
    return [re.split(r"\s*[|:]\s*", layer) for layer in contract["layers"]]


def svg(found: Tower) -> str:
    """The picture: a row per level, a line per import that no longer chain of imports implies.

    Single modules are the ground, which every room may import: no lines are drawn to them.
    """
    ground = [room for room in sorted(found.rooms) if not _folder(room).is_dir()]
    rows = [[r for r in level if r not in ground] for level in reversed(found.levels)]
    rows = [*filter(None, rows), ground]
    widest = max(map(len, rows))
    width = 2 * MARGIN + widest * (BOX_WIDTH + GAP) - GAP
    height = 2 * MARGIN + len(rows) * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT)
    corner: dict[str, tuple[float, float]] = {}
    for k, row in enumerate(rows):
        left = (width - len(row) * (BOX_WIDTH + GAP) + GAP) / 2
        for n, room in enumerate(row):
            corner[room] = (left + n * (BOX_WIDTH + GAP), MARGIN + k * ROW_HEIGHT)
    rooms = {room: found.rooms[room] - set(ground) for room in found.rooms if room not in ground}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img">',
        f"  <title>The rooms of {PACKAGE}: each imports only rooms below it</title>",
        f"  <style>{STYLE}  </style>",
        f'  <rect class="page" width="{width:g}" height="{height:g}"/>',
        *(_arrow(corner[a], corner[b]) for a, b in _shown(rooms)),
    ]
    for room in sorted(corner):
        kind = "ground" if room in ground else "box"
        lines += _box(kind, room, found.modules[room], *corner[room])
    return "\n".join([*lines, "</svg>", ""])


def _shown(rooms: Imports) -> list[tuple[str, str]]:
    """Imports that are not implied by a longer chain of imports."""
    return [
        (room, other)
        for room in sorted(rooms)
        for other in sorted(rooms[room])
        if not any(other in _reached(between, rooms) for between in rooms[room] - {other})
    ]


def _arrow(above: tuple[float, float], below: tuple[float, float]) -> str:
    x1, y1 = above[0] + BOX_WIDTH / 2, above[1] + BOX_HEIGHT
    x2, y2 = below[0] + BOX_WIDTH / 2, below[1]
    bend = (y2 - y1) / 2
    path = f"M{x1:g},{y1:g} C{x1:g},{y1 + bend:g} {x2:g},{y2 - bend:g} {x2:g},{y2:g}"
    return f'  <path class="import" d="{path}"/>'


def _box(kind: str, room: str, modules: int, left: float, top: float) -> list[str]:
    middle = left + BOX_WIDTH / 2
    size = f"{modules} modules" if modules > 1 else "1 module"
    text = f'text-anchor="middle" x="{middle:g}"'
    return [
        f'  <rect class="{kind}" x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="6"/>',
        f'  <text class="room" {text} y="{top + 20:g}">{escape(room)}</text>',
        f'  <text class="size" {text} y="{top + 37:g}">{size}</text>',
    ]


def figures(found: Tower) -> str:
    """The numbers that the tower is held to."""
    imports = sum(map(len, found.rooms.values()))
    return textwrap.fill(
        f"{len(found.rooms)} rooms with {sum(found.modules.values())} modules stand on "
        f"{len(found.levels)} levels and import each other {imports} times. Circles of modules: "
        f"{len(found.circles)}. Imports upward: {len(found.upward)}.",
        width=10_000,
    )


def table(found: Tower) -> str:
    """The rooms, the highest first: what each holds and what it imports."""
    lines = ["| room | what is in it | imports |", "|---|---|---|"]
    for level in reversed(found.levels):
        for room in level:
            imported = ", ".join(sorted(found.rooms[room])) or "-"
            lines.append(f"| `{room}` | {_first_line(room)} | {imported} |")
    return "\n".join(lines)


def _folder(room: str) -> Path:
    return ROOT / "framework" / PACKAGE / room


def _first_line(room: str) -> str:
    folder = _folder(room)
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text())) or "").splitlines()[0]


def page(text: str, parts: Iterable[tuple[str, str]]) -> str:
    """The page with the parts between its markers replaced."""
    for name, part in parts:
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE.name} lacks the part {name!r}")
        text = f"{before}{begin}{part}\n{end}{after}"
    return text


def main() -> int:
    """Writes picture and page, or checks them."""
    found = tower()
    written = page(PAGE.read_text(), [("figures", figures(found)), ("rooms", table(found))])
    wanted = {PAGE: written, PICTURE: svg(found)}
    old = [path.name for path, text in wanted.items() if path.read_text() != text]
    if "--check" not in sys.argv[1:]:
        for path, text in wanted.items():
            path.write_text(text)
        print(figures(found))
    elif old:
        print(f"{' and '.join(old)} differ from the imports: run python docs/draw_tower.py")
        return 1
    return 1 if found.circles or found.upward else 0


if __name__ == "__main__":
    sys.exit(main())
