"""The signer's memory: what was signed last holds, also before anything is public."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.keys.signing import create_key, load_key
from adapters.ledger.guard import GuardedSigner
from domain.ledger.errors import LastSignedDamaged, LedgerRolledBack

ROOTS = {size: bytes([size]) * 32 for size in range(9)}


@pytest.fixture
def guard(tmp_path: Path) -> GuardedSigner:
    """It has signed a tree of 5 leaves, of which nobody outside knows yet."""
    create_key(tmp_path / "ledger.key", "archive.example/log")
    guard = GuardedSigner(load_key(tmp_path / "ledger.key"), tmp_path / "last-signed")
    guard.remember(guard.sign(5, ROOTS[5]))
    return guard


def test_the_same_tree_has_the_same_note(guard: GuardedSigner) -> None:
    """Signed once, it is not signed again; a larger one is signed anew, a smaller or other one is refused."""
    assert guard.check(5, 0, ROOTS.__getitem__) == guard.path.read_text()
    assert guard.check(6, 0, ROOTS.__getitem__) is None
    with pytest.raises(LedgerRolledBack):
        guard.check(4, 0, ROOTS.__getitem__)
    with pytest.raises(LedgerRolledBack):
        guard.check(6, 0, lambda size: ROOTS[0])


@pytest.mark.parametrize("damaged", [b"", b"archive.example/log\n6\n", b"\xff"])
def test_a_memory_that_cannot_be_read_is_no_empty_one(guard: GuardedSigner, damaged: bytes) -> None:
    """Although nothing is public: what was signed may be on its way to somebody."""
    guard.path.write_bytes(damaged)
    with pytest.raises(LastSignedDamaged):
        guard.check(5, 0, ROOTS.__getitem__)
