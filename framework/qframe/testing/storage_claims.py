"""StorageClaims: tests that what a storage says of itself can be true."""

from __future__ import annotations

from typing import Any, get_args

from qframe.contracts.storage import Loss, Storage
from qframe.testing.examples import example_block
from qframe.testing.plugin import require
from qframe.testing.storage_tests import SMALL, StorageTests


class StorageClaims(StorageTests):
    """Part of `StorageContract`: what a crash may cost, counters, and options to compare."""

    def test_it_says_what_a_crash_may_cost_or_nothing(self, storage: Storage[Any]) -> None:
        known = (None, *get_args(Loss))
        for name in ("kill_may_cost", "power_cut_may_cost"):
            word = getattr(storage, name)
            require(word in known, f"{name} is {word!r}, want one of {known}")

    def test_counters_only_grow(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as writer:
            before = dict(writer.counters)
            for number in range(SMALL.blocks):
                writer.write([example_block(SMALL, number)])
                now = dict(writer.counters)
                for name, value in before.items():
                    require(now[name] >= value >= 0, f"{name} went from {value} to {now[name]}")
                before = now

    def test_options_to_compare_are_options(self) -> None:
        for options in self.plugin.compared:
            self.plugin.Options.model_validate(dict(options))
