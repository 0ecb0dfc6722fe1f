"""Records by the law of docs/law.md, from a recipe's text alone: without qframe, without NumPy.

qframe info data/clifford_t.db --recipe | python examples/law.py 0 4096 999999
"""

import json
import sys
from fractions import Fraction
from functools import cache, reduce
from hashlib import sha256
from struct import pack, unpack, unpack_from


def philox(a, b, c, d, k, m):
    """Philox4x64-10: four words of 64 bits, from a counter of four words and a key of two."""
    for _ in range(10):
        p, q = a * 0xD2E7470EE14C6C93, c * 0xCA5A826395121157
        a, b, c, d = (q >> 64) ^ b ^ k, q % 2**64, (p >> 64) ^ d ^ m, p % 2**64
        k, m = (k + 0x9E3779B97F4A7C15) % 2**64, (m + 0xBB67AE8584CAA73B) % 2**64
    return a, b, c, d


def integer(word, place, base):
    """Number `place` of a stream's integers below `base`; `word(k)` is the stream's raw word k."""
    width = max(t for t in range(1, 17) if base**t <= 2**16)
    halves = divmod(word(place // (2 * width)) * base ** (2 * width) >> 64, base**width)
    return halves[place // width % 2] // base ** (width - 1 - place % width) % base


def placed(matrix, on, dim):
    """A gate's matrix on the register; the gate's first qubit is its least significant bit."""
    rest = dim - 1 - sum(1 << q for q in on)
    local = [sum((index >> q & 1) << bit for bit, q in enumerate(on)) for index in range(dim)]
    wide = [[complex(*matrix[r][c]) for c in local] for r in local]
    return [[wide[r][c] * (r & rest == c & rest) for c in range(dim)] for r in range(dim)]


def after(before, matrix):
    """The product `matrix before`. Each entry is a sum in index order; Python rounds each step."""
    made = [[0j] * len(matrix) for _ in matrix]
    for r, row in enumerate(matrix):
        for x, line in zip(row, before):
            if x:  # a product with zero changes nothing but the sign of a zero
                re = [z.real + x.real * y.real - x.imag * y.imag for y, z in zip(line, made[r])]
                im = [z.imag + x.real * y.imag + x.imag * y.real for y, z in zip(line, made[r])]
                made[r] = list(map(complex, re, im))
    return made


def reduced_words(matrices, placements, low, high, options):
    """A function that draws words without a code after its inverse, with Walker's alias tables."""
    codes, ordered = range(len(matrices)), options["canonical_order"]

    def away(made):  # how far a matrix is from 1, or from a multiple of 1
        one = 1 if options["phase"] == "exact" else made[0][0]
        return max(abs(z - one * (r == c)) for r, row in enumerate(made) for c, z in enumerate(row))

    inverse = [{b for b in codes if away(after(first, matrices[b])) <= 1e-12} for first in matrices]
    qubits = [set(on) for _, *on in placements]
    apart = [{b for b in codes if ordered and not on & qubits[b]} for on in qubits]
    arrows, states = {}, [frozenset()]  # a state is the set of codes that are forbidden next
    for state in states:
        kept = {c: {b for b in apart[c] if b in state or b < c} for c in codes if c not in state}
        arrows[state] = [(c, frozenset(forbidden | inverse[c])) for c, forbidden in kept.items()]
        states += {end for _, end in arrows[state]} - {*states}
    counts = [dict.fromkeys(states, 1)]  # [l][s]: words of l codes from state s
    for _ in range(high):
        counts.append({s: sum(counts[-1][end] for _, end in arrows[s]) for s in states})
    even = len({len(arrows[s]) for s in states[1:]}) <= 1
    tables = [1 if even else high // k + 1 if low == high else high for k in range(1, 9)]
    fits = [sum(counts[k].values()) * tables[k - 1] <= 2**14 for k in range(2, min(8, high) + 1)]
    step = [*fits, False].index(False) + 1  # codes per raw word

    @cache
    def table(state, left):
        words, later = [((), state)], counts[max(0, left - step)]
        for _ in range(min(step, left)):
            words = [((*word, c), end) for word, s in words for c, end in arrows[s]]
        words = [(word, end) for word, end in words if later[end]]
        n, total = len(words), sum(later[end] for _, end in words)
        share, limits, aliases = [later[end] * n for _, end in words], [2**32] * n, [*range(n)]
        small, large = ([i for i in aliases if sign * (share[i] - total) > 0] for sign in (-1, 1))
        while small:
            i, j = small.pop(), large[-1]
            limits[i], aliases[i] = (share[i] << 32) // total, j
            share[j] -= total - share[i]
            if share[j] <= total:
                small += [large.pop()] * (share[j] < total)
        return words, limits, aliases

    def draw(word, length):
        found, state = (), states[0]
        while len(found) < length:
            words, limits, aliases = table(state, length - len(found))
            column, fraction = divmod(word(len(found) // step) * len(words) >> 32, 2**32)
            more, state = words[column if fraction < limits[column] else aliases[column]]
            found += more
        return found

    return draw


def law(text):
    """A function that makes record i: its codes, and its unitary row by row: re, im, re, im, ..."""
    recipe = json.loads(text)
    gate_set, sampler, size, fold = (recipe[k] for k in ("gate_set", "sampler", "block", "fold"))
    known = recipe["format"] == 2 and sampler["name"] in ("uniform", "non_backtracking")
    if not known or {"arithmetic", "derived"} & recipe.keys():
        sys.exit("law.py knows uniform and non_backtracking of format 2, and products of doubles")
    placements, dim, options = gate_set["instructions"], 2 ** gate_set["qubits"], sampler["options"]
    decides = {"instructions": placements, "sampler": sampler}
    namespace = sha256(json.dumps(decides, sort_keys=True, separators=(",", ":")).encode()).digest()
    gates = {gate["name"]: gate["matrix"] for gate in gate_set["gates"]}
    matrices = [placed(gates[name], on, dim) for name, *on in placements]
    length, weights = options["length"], options.get("weights") or {}
    low, high = (length["min"], length["max"]) if isinstance(length, dict) else (length, length)
    shares = [Fraction(weights.get(name, 1)) for name, *_ in placements]
    ends = [round(sum(shares[:c]) / sum(shares) * 2**32) for c in range(1, len(shares))]
    draw = "phase" in options and reduced_words(matrices, placements, low, high, options)

    def words(block, stream):
        key = sha256(namespace + pack("<2Q", recipe["seed"], stream)).digest()
        return cache(lambda k: philox(1 + k // 4, block, 0, 0, *unpack_from("<2Q", key))[k % 4])

    def record(i):
        block, row = divmod(i, size)
        word, length = words(block, 0), low + integer(words(block, 1), row, high - low + 1)
        places = range(row * high, row * high + length)
        if draw:
            codes = draw(lambda k: word(k * size + row), length)
        elif weights:
            codes = [sum(e <= word(k // 2) >> k % 2 * 32 & 2**32 - 1 for e in ends) for k in places]
        else:
            codes = [integer(word, k, len(placements)) for k in places]
        gates = [matrices[c] for c in codes]
        parts = [reduce(after, gates[k : k + fold]) for k in range(0, length, fold)]
        unitary = reduce(after, parts, [[1.0 * (r == c) for c in range(dim)] for r in range(dim)])
        floats = [part + 0.0 for row in unitary for z in row for part in (z.real, z.imag)]
        form = f"<{len(floats)}{'f' if recipe['dtype'] == 'complex64' else 'd'}"
        return codes, unpack(form, pack(form, *floats))

    return record


if __name__ == "__main__":
    record = law(sys.stdin.read())
    for i in map(int, sys.argv[1:]):
        codes, unitary = record(i)
        print("record", i, "codes", *codes)
        print("unitary", *map(float.hex, unitary))
