"""`brickwork` by hand: layers of slots."""

from __future__ import annotations

from functools import cached_property
from itertools import cycle, islice

from tests.law.by_hand.basis import Basis, Row, law


class Brickwork(Basis):
    """One code per slot, the slots layer after layer."""

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

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        codes = []
        for place, slot in enumerate(self._slots):
            alike = [k for k, other in enumerate(self._slots) if len(other) == len(slot)]
            number = j * len(alike) + alike.index(place)
            codes.append(slot[law.integer(self.raw(block, len(slot)), number, len(slot))])
        return self.circuit(codes)
