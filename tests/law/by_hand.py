"""Every built-in sampler as docs/law.md describes it: plain Python, row by row, without qframe.

It takes Philox, the integers, the matrices and the two samplers of `examples/law.py` from there.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache, cached_property, reduce
from hashlib import sha256
from itertools import combinations, cycle, islice
from math import comb, sqrt
from pathlib import Path
from typing import Any, NamedTuple

EXAMPLE = Path(__file__).parents[2] / "examples" / "law.py"

Matrix = list[list[complex]]
RawWords = Callable[[int], int]
State = frozenset[int]
R = sqrt(0.5)


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("law_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


law: Any = _example()


class Row(NamedTuple):
    """One record.

    Attributes:
        codes: the circuit.
        unitary: real and imaginary parts, row by row; None with `arithmetic: exact`.
        more: the further columns that are drawn, each with its format for `struct`.
    """

    codes: Sequence[int]
    unitary: tuple[float, ...] | None
    more: dict[str, tuple[str, int]]


class Records:
    """The records of a recipe.

    Args:
        text: the recipe.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.recipe = json.loads(text)
        self.block: int = self.recipe["block"]
        self.sampler = self.recipe["sampler"]
        self.options = self.sampler["options"]
        self.placed = self.recipe["gate_set"]["instructions"]
        self.codes = range(len(self.placed))
        self.dim = 2 ** self.recipe["gate_set"]["qubits"]
        gates = {gate["name"]: gate["matrix"] for gate in self.recipe["gate_set"]["gates"]}
        self.names = [name for name, *_ in self.placed]
        self.qubits = [tuple(on) for _, *on in self.placed]
        self.matrices = [law.placed(gates[name], on, self.dim) for name, *on in self.placed]
        decides = {"instructions": self.placed, "sampler": self.sampler}
        form = json.dumps(decides, sort_keys=True, separators=(",", ":"))
        self.namespace = sha256(form.encode()).digest()
        self.raw = cache(self._raw)
        self.draw = getattr(self, "_" + self.sampler["name"])

    def _raw(self, block: int, stream: int) -> RawWords:
        digest = sha256(self.namespace + struct.pack("<2Q", self.recipe["seed"], stream)).digest()
        key = struct.unpack("<2Q", digest[:16])
        output = cache(lambda n: law.philox(1 + n, block, 0, 0, *key))
        return lambda k: int(output(k // 4)[k % 4])

    def row(self, i: int) -> Row:
        row: Row = self.draw(i)
        return row

    def circuit(self, codes: Sequence[int], more: dict[str, tuple[str, int]] | None = None) -> Row:
        if "arithmetic" in self.recipe:
            return Row(codes, None, more or {})
        fold, one = self.recipe["fold"], [[complex(r == c) for c in self.dims] for r in self.dims]
        words = [codes[start : start + fold] for start in range(0, len(codes), fold)]
        products = [reduce(law.after, [self.matrices[c] for c in word]) for word in words]
        return Row(codes, self.stored(reduce(law.after, products, one)), more or {})

    @property
    def dims(self) -> range:
        return range(self.dim)

    def stored(self, unitary: Matrix) -> tuple[float, ...]:
        parts = [part + 0.0 for row in unitary for z in row for part in (z.real, z.imag)]
        form = f"<{len(parts)}{self.float_format}"
        return struct.unpack(form, struct.pack(form, *parts))

    @property
    def float_format(self) -> str:
        return "f" if self.recipe["dtype"] == "complex64" else "d"

    # uniform, non_backtracking: the example

    @cached_property
    def _example(self) -> Any:
        recipe = {key: value for key, value in self.recipe.items() if key != "arithmetic"}
        return law.law(json.dumps(recipe))

    def _uniform(self, i: int) -> Row:
        codes, unitary = self._example(i)
        return Row(codes, None if "arithmetic" in self.recipe else unitary, {})

    def _non_backtracking(self, i: int) -> Row:
        return self._uniform(i)

    # enumerate

    @cached_property
    def _inverse(self) -> list[set[int]]:
        phase = self.options["phase"]
        return [
            {b for b in self.codes if _is_one(law.after(a, self.matrices[b]), phase)}
            for a in self.matrices
        ]

    def _allowed(self, state: State) -> Iterator[tuple[int, State]]:
        for c in self.codes:
            if c not in state:
                apart = {b for b in self.codes if not {*self.qubits[b]} & {*self.qubits[c]}}
                if not self.options["canonical_order"]:
                    apart = set()
                after = {b for b in apart if b in state or b < c} | self._inverse[c]
                yield c, frozenset(after if self.options["reduced"] else ())

    @cached_property
    def _arrows(self) -> Callable[[State], list[tuple[int, State]]]:
        return cache(lambda state: list(self._allowed(state)))

    @cached_property
    def _count(self) -> Callable[[int, State], int]:
        @cache
        def count(length: int, state: State) -> int:
            if not length:
                return 1
            return sum(count(length - 1, after) for _, after in self._arrows(state))

        return count

    def _enumerate(self, i: int) -> Row:
        state: State = frozenset()
        length, rank = self.options["min_length"], i
        while rank >= self._count(length, state):
            rank -= self._count(length, state)
            length += 1
        codes: list[int] = []
        while length:
            length -= 1
            for code, after in self._arrows(state):
                if rank < self._count(length, after):
                    break
                rank -= self._count(length, after)
            codes.append(code)
            state = after
        return self.circuit(codes)

    # clifford_uniform, matsumoto_amano

    @cached_property
    def _actions(self) -> dict[int, list[int]]:
        found = {c: _action(self.matrices[c]) for c in self.codes}
        return {c: action for c, action in found.items() if action is not None}

    def _clifford_words(self, on: set[int], of: Sequence[int]) -> list[tuple[int, ...]]:
        seeds = tuple(2 ** (1 + 2 * q + z) for q in of for z in (0, 1))
        words: dict[tuple[int, ...], tuple[int, ...]] = {seeds: ()}
        last = [seeds]
        while last:
            new = []
            for images in last:
                for code, action in self._actions.items():
                    after = tuple(action[p] for p in images)
                    if on.issuperset(self.qubits[code]) and after not in words:
                        words[after] = (*words[images], code)
                        new.append(after)
            last = new
        return list(words.values())

    @cached_property
    def _tables(self) -> list[list[tuple[int, ...]]]:
        on, noted = set(range(self.recipe["gate_set"]["qubits"])), []
        while len(on) > 2:
            last = next((q for q in sorted(on, reverse=True) if self._connected(on - {q})), None)
            if last is None:
                break
            noted.append(self._clifford_words(on, [last]))
            on = on - {last}
        return [self._clifford_words(on, sorted(on)), *reversed(noted)]

    def _connected(self, on: set[int]) -> bool:
        reached = {min(on)}
        for _ in on:
            for edge in self.qubits:
                if on.issuperset(edge) and reached & {*edge}:
                    reached |= {*edge}
        return reached == on

    def _clifford_uniform(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        chosen = [
            table[self.raw(block, stream)(j) * len(table) >> 64]
            for stream, table in enumerate(self._tables)
        ]
        return self.circuit([code for word in chosen for code in word])

    def _matsumoto_amano(self, i: int) -> Row:
        [cliffords] = self._tables
        h, s, t = (self._code_of(name) for name in ("h", "s", "t"))
        count = self.options["t_count"]
        block, j = divmod(i, self.block)
        if self.options["mode"] == "uniform":
            e = law.integer(self.raw(block, 0), j, 72)
            clifford, leads = e % 24, e < 24 and count > 0
            rest = count - leads
            bits = [self._byte(block, k // 8 * self.block + j) >> k % 8 & 1 for k in range(rest)]
        else:
            core, clifford = divmod(i, 24)
            rest, leads, bits = 0, False, []
            if core:
                n = max(n for n in range(1, count + 1) if core >= 3 * 2 ** (n - 1) - 2)
                v = core - (3 * 2 ** (n - 1) - 2)
                leads = v < 2 ** (n - 1)
                rest, v = (n - 1, v) if leads else (n, v - 2 ** (n - 1))
                bits = [v >> k & 1 for k in range(rest)]
        codes = list(cliffords[clifford])
        for bit in bits:
            codes += [t, h, s] if bit else [t, h]
        return self.circuit(codes + [t] * leads)

    def _byte(self, block: int, place: int) -> int:
        return self.raw(block, 1)(place // 8) >> 8 * (place % 8) & 255

    def _code_of(self, name: str) -> int:
        found = [c for c in self.codes if _equal_up_to_phase(self.matrices[c], STANDARD[name])]
        return min(found, key=lambda c: (self.names[c] != name, c))

    # t_count

    def _t_count(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        length, count = self.options["length"], self.options["t_count"]
        ts = [c for c in self.codes if any(self._acts_as(c, name) for name in ("t", "tdg"))]
        cliffords = list(self._actions)
        subsets = comb(length, count)
        if length * subsets <= 2**20:
            which = law.integer(self.raw(block, 2), j, subsets)
            places = {*next(islice(combinations(range(length), count), which, None))}
        else:
            places, left = set(), count
            for k in range(length):
                if self._half(block, 2, k * self.block + j) * (length - k) >> 32 < left:
                    places.add(k)
                    left -= 1
        codes = []
        for k in range(length):
            chosen, stream = (ts, 1) if k in places else (cliffords, 0)
            place = law.integer(self.raw(block, stream), j * length + k, len(chosen))
            codes.append(chosen[place])
        return self.circuit(codes)

    def _half(self, block: int, stream: int, place: int) -> int:
        return self.raw(block, stream)(place // 2) >> 32 * (place % 2) & 2**32 - 1

    def _acts_as(self, code: int, name: str) -> bool:
        # Of the gate sets here, no gate on several qubits leaves one of them alone.
        [[a, b], [c, d]] = STANDARD[name]
        pairs = [[[z.real, z.imag] for z in row] for row in ((a, b), (c, d))]
        on = self.qubits[code]
        want = law.placed(pairs, on, self.dim) if len(on) == 1 else None
        return want is not None and _equal_up_to_phase(self.matrices[code], want)

    # brickwork

    @cached_property
    def _slots(self) -> list[list[int]]:
        on: dict[tuple[int, ...], list[int]] = {}
        for code in self.codes:
            on.setdefault(tuple(sorted(self.qubits[code])), []).append(code)
        singles = [on[key] for key in sorted(on) if len(key) == 1]
        matchings: list[list[tuple[int, ...]]] = []
        for pair in sorted(key for key in on if len(key) == 2):
            free = (m for m in matchings if not any({*pair} & {*other} for other in m))
            found = next(free, None)
            if found is None:
                matchings.append([pair])
            else:
                found.append(pair)
        layers = []
        for matching in matchings:
            layers += [singles, [on[pair] for pair in matching]]
        chosen = [layer for layer in layers or [singles] if layer]
        return [slot for layer in islice(cycle(chosen), self.options["depth"]) for slot in layer]

    def _brickwork(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        codes = []
        for place, slot in enumerate(self._slots):
            alike = [k for k, other in enumerate(self._slots) if len(other) == len(slot)]
            number = j * len(alike) + alike.index(place)
            codes.append(slot[law.integer(self.raw(block, len(slot)), number, len(slot))])
        return self.circuit(codes)

    # walk

    @cached_property
    def _walks_words(self) -> Any:
        options = {"phase": self.options["phase"], "canonical_order": False}
        length = self.options["length"]
        return law.reduced_words(self.matrices, self.placed, length, length, options)

    def _walk(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        length = self.options["length"]
        walk, step = divmod(j, length)
        if self.options["non_backtracking"]:
            walks, raw = -(-self.block // length), self.raw(block, 0)
            codes = list(self._walks_words(lambda k: raw(k * walks + walk), length))
        else:
            codes = [self._weighted(block, walk * length + k) for k in range(length)]
        code_format = "B" if len(self.codes) <= 256 else "H"
        more = {"parent": ("q", i - 1 if step else -1), "gate": (code_format, codes[step])}
        return self.circuit(codes[: step + 1], more)

    def _weighted(self, block: int, place: int) -> int:
        weights = self.options["weights"]
        if not weights:
            return int(law.integer(self.raw(block, 0), place, len(self.codes)))
        shares = [Fraction(weights.get(name, 1)) for name in self.names]
        ends = [round(2**32 * sum(shares[: c + 1]) / sum(shares)) for c in self.codes]
        half = self._half(block, 0, place)
        return sum(end <= half for end in ends[:-1])

    # haar

    @cached_property
    def _phases(self) -> Callable[[int], dict[int, tuple[float, float]]]:
        def phases(block: int) -> dict[int, tuple[float, float]]:
            found: dict[int, tuple[float, float]] = {}
            pending = list(range(self.dim**2 * self.block))
            stream = 1
            while pending:
                raw, count, still = self.raw(block, stream), len(pending), []
                for k, number in enumerate(pending):
                    a, b = ((raw(n) >> 11) * 2.0**-52 - 1 for n in (k, count + k))
                    square = a * a + b * b
                    if 2.0**-60 < square <= 1:
                        found[number] = (a / sqrt(square), b / sqrt(square))
                    else:
                        still.append(number)
                pending, stream = still, stream + 1
            return found

        return cache(phases)

    def _haar(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        raw, d = self.raw(block, 0), self.dim
        done: list[tuple[list[float], list[float]]] = []
        for c in range(d):
            numbers = [(c * (d - 1) + m) * self.block + j for m in range(d - 1)]
            cuts = [0.0, *sorted((raw(number) >> 11) * 2.0**-53 for number in numbers), 1.0]
            sizes = [sqrt(cuts[e + 1] - cuts[e]) for e in range(d)]
            phases = [self._phases(block)[(c * d + e) * self.block + j] for e in range(d)]
            re = [size * phase[0] for size, phase in zip(sizes, phases, strict=True)]
            im = [size * phase[1] for size, phase in zip(sizes, phases, strict=True)]
            for _ in range(2):
                for o_re, o_im in done:
                    dot_re = _dot(o_re, re) + _dot(o_im, im)
                    dot_im = _dot(o_re, im) - _dot(o_im, re)
                    pairs = list(zip(o_re, o_im, re, im, strict=True))
                    re = [x - (a * dot_re - b * dot_im) for a, b, x, _ in pairs]
                    im = [y - (a * dot_im + b * dot_re) for a, b, _, y in pairs]
                norm = sqrt(_dot(re, re) + _dot(im, im))
                re, im = [x / norm for x in re], [y / norm for y in im]
            done.append((re, im))
        unitary = [[complex(done[c][0][r], done[c][1][r]) for c in self.dims] for r in self.dims]
        return Row([], self.stored(unitary), {})

    # digests

    def drawn(self, numbers: range, max_length: int) -> bytes:
        """The bytes of the drawn columns of some records."""
        rows = [self.row(i) for i in numbers]
        length_format = "B" if max_length < 256 else "H"
        code_format = "B" if len(self.codes) <= 256 else "H"
        columns = [struct.pack(f"<{len(rows)}{length_format}", *(len(row.codes) for row in rows))]
        for row in rows:
            codes = [*row.codes, *[0] * (max_length - len(row.codes))]
            columns.append(struct.pack(f"<{max_length}{code_format}", *codes))
        if self.sampler["name"] == "haar":
            for row in rows:
                assert row.unitary is not None
                columns.append(struct.pack(f"<{len(row.unitary)}{self.float_format}", *row.unitary))
        for name in rows[0].more:
            columns += [struct.pack("<" + row.more[name][0], row.more[name][1]) for row in rows]
        return b"".join(columns)


STANDARD: dict[str, Matrix] = {
    "h": [[R, R], [R, -R]],
    "s": [[1, 0], [0, 1j]],
    "t": [[1, 0], [0, complex(R, R)]],
    "tdg": [[1, 0], [0, complex(R, -R)]],
}


def _is_one(matrix: Matrix, phase: str) -> bool:
    one = 1 if phase == "exact" else matrix[0][0]
    entries = [z - one * (r == c) for r, row in enumerate(matrix) for c, z in enumerate(row)]
    return max(map(abs, entries)) <= 1e-12


def _equal_up_to_phase(a: Matrix, b: Matrix) -> bool:
    if len(a) != len(b):
        return False
    pairs = [(x, complex(y)) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)]
    overlap = sum(x * y.conjugate() for x, y in pairs)
    turn = overlap / abs(overlap) if overlap else 1
    return max(abs(x - turn * y) for x, y in pairs) <= 1e-9


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return total


def _pauli(number: int, dim: int) -> Matrix:
    """The matrix of a signed Pauli: on each qubit `X**x Z**z`, times i where both are set."""
    made = [[0j] * dim for _ in range(dim)]
    xs = zs = 0
    for q in range(dim.bit_length() - 1):
        xs |= (number >> (1 + 2 * q) & 1) << q
        zs |= (number >> (2 + 2 * q) & 1) << q
    phase = (1j) ** (xs & zs).bit_count() * (-1) ** (number & 1)
    for column in range(dim):
        made[column ^ xs][column] = phase * (-1) ** (column & zs).bit_count()
    return made


def _action(gate: Matrix) -> list[int] | None:
    """The image of each signed Pauli under a gate; None if it is no Clifford gate."""
    dim = len(gate)
    dagger = [[z.conjugate() for z in column] for column in zip(*gate, strict=True)]
    paulis = {number: _pauli(number, dim) for number in range(2 * dim * dim)}
    images = []
    for pauli in paulis.values():
        image = law.after(law.after(dagger, pauli), gate)
        x = max(range(dim), key=lambda row: abs(image[row][0]))
        alike = (n for n, other in paulis.items() if other[x][0] and _close(image, other))
        found = next(alike, None)
        if found is None:
            return None
        images.append(found)
    return images


def _close(a: Matrix, b: Matrix) -> bool:
    return all(
        abs(x - y) <= 1e-9 for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)
    )
