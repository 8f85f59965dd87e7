"""The rollback guard: what was signed last, kept apart from every database, and asked before signing again.

Owner of ``last-signed``: whoever holds the ledger's lock. It is durable before a checkpoint is published, so that after
a crash it is never older than what anyone outside may have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from adapters.disk.durable import replace, storage_errors
from adapters.keys.signing import verifier_of
from domain.ledger.checkpoint import Checkpoint, open_checkpoint
from domain.ledger.errors import InvalidNote, LastSignedDamaged, LedgerRolledBack
from domain.ledger.note import VerifierKey

Seen = Callable[[], Iterable[Checkpoint]]
"""Checkpoints of this ledger that others, such as its witnesses, are known to have seen."""


class NoteSigner(Protocol):
    """One key, or a ring of them."""

    name: str

    def known(self) -> tuple[VerifierKey, ...]:
        """The keys whose signatures are taken for this log's own."""
        ...

    def sign_note(self, text: str, size: int | None = None) -> str:
        """The signed note of a text: with the keys that sign a checkpoint of that size."""
        ...


class GuardedSigner:
    """Signs checkpoints of one log, each a continuation of the one before, and of all that others have seen."""

    def __init__(
        self, signer: NoteSigner, last_signed: Path, seen: Seen = tuple, announce: Callable[[int], None] | None = None
    ) -> None:
        """``announce`` is told the tree size before each checkpoint: its keys are public no later than it is."""
        self.signer = signer
        self.path = last_signed
        self.seen = seen
        self._announce = announce

    @property
    def origin(self) -> str:
        return self.signer.name

    def last(self) -> tuple[Checkpoint, str] | None:
        """The checkpoint signed last and its note; None where none ever was. Raises `LastSignedDamaged`."""
        with storage_errors():
            if not self.path.exists():
                return None
            data = self.path.read_bytes()
        try:
            return open_checkpoint(data, self.origin, map(verifier_of, self.signer.known())), data.decode()
        except InvalidNote:
            raise LastSignedDamaged(file=str(self.path)) from None

    def check(self, size: int, published: int, root_at: Callable[[int], bytes]) -> str | None:
        """The note signed for exactly this tree before, if there is one.

        ``root_at`` computes the root at an earlier size from the present tree: that is what makes "consistent" a fact.
        ``published`` is the largest size known to be published. Raises `LedgerRolledBack`, `LastSignedDamaged`.
        """
        signed = self.last()
        for other in (*self.seen(), *filter(None, [self._witnessed()])):
            _require_continued(other, size, root_at)
        if signed is None:
            if published:
                raise LastSignedDamaged(file=str(self.path))
            return None
        last, note = signed
        _require_continued(last, size, root_at)
        return note if last.size == size else None

    def opened(self, data: bytes) -> Checkpoint | None:
        """A checkpoint that somebody shows; None where it is not one of ours."""
        try:
            return open_checkpoint(data, self.origin, map(verifier_of, self.signer.known()))
        except InvalidNote:
            return None

    def heed(self, note: str) -> None:
        """Remember a checkpoint of ours that a witness holds against the present tree: nothing that does not continue
        it is signed any more. It must be `opened`: a witness's word alone does not stop a ledger."""
        replace(self._heeded, note.encode(), mode=0o600)

    @property
    def _heeded(self) -> Path:
        return self.path.with_name("witness-saw")

    def _witnessed(self) -> Checkpoint | None:
        with storage_errors():
            return self.opened(self._heeded.read_bytes()) if self._heeded.exists() else None

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of a checkpoint. Call `check` before and `remember` after."""
        note = self.signer.sign_note(Checkpoint(self.origin, size, root).text(), size)
        if self._announce is not None:
            self._announce(size)
        return note

    def remember(self, note: str) -> None:
        replace(self.path, note.encode(), mode=0o600)


def _require_continued(earlier: Checkpoint, size: int, root_at: Callable[[int], bytes]) -> None:
    if earlier.size > size or root_at(earlier.size) != earlier.root:
        raise LedgerRolledBack(earlier.size, size)
