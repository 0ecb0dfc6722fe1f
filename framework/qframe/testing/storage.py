"""StorageContract: the tests that every storage has to pass."""

from __future__ import annotations

from qframe.testing.storage_claims import StorageClaims
from qframe.testing.storage_content import StorageContent
from qframe.testing.storage_growth import StorageGrowth
from qframe.testing.storage_place import StoragePlace


class StorageContract(StorageContent, StorageGrowth, StoragePlace, StorageClaims):
    """Tests of a storage: what goes in comes out, and the ledger tells the truth.

    Subclass it in a test file, and pytest collects the tests::

        class TestMine(StorageContract):
            plugin = Mine
            options = {"compression": 3}

    Each test makes storages in a directory of its own, at a path that ends in `plugin.suffix`.

    Attributes:
        plugin: the storage class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
    """
