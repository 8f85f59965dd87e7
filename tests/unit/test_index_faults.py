"""What the search library says becomes damage, a lock that is taken, or a fault of the storage."""

from __future__ import annotations

import pytest

from adapters.search.faults import index_faults
from domain.errors import InvalidQuery, StorageFull, StorageNotWritable
from domain.search.errors import IndexDamaged, IndexLocked


class PanicException(BaseException):
    """As the binding raises it: no `Exception`."""


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ValueError("An IO error occurred: 'No space left on device (os error 28)'"), StorageFull),
        (ValueError("IoError: Permission denied (os error 13)"), StorageNotWritable),
        (OSError(28, "No space left on device"), StorageFull),
        (ValueError("IoError: No such file or directory (os error 2)"), IndexDamaged),
        (ValueError("Failed to acquire Lockfile: LockBusy. Some(…)"), IndexLocked),
        (ValueError("Data corrupted"), IndexDamaged),
        (KeyError("meta"), IndexDamaged),
        (PanicException("assertion failed: end <= orig_range.end"), IndexDamaged),
        (InvalidQuery("甲", "a"), InvalidQuery),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_each_fault_has_its_name(raised: BaseException, kind: type[BaseException]) -> None:
    """A panic of the library too; what is ours, and an interruption, goes through as it is."""
    with pytest.raises(kind), index_faults():
        raise raised
