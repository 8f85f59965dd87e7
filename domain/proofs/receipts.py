"""The use case of receipts: what somebody takes home that shows that an event is in the ledger.

A receipt is made from stored nodes and a published checkpoint, verbatim: the newest one that is witnessed, if it covers
the event, else the newest with whatever cosignatures it has by then. What is not published yet is waited for, a little:
nothing is promised that others cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain.access import Actor
from domain.errors import DatabaseDamaged, NotFound, Unavailable
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.completeness import Statement, encode_completeness
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidProof, LedgerInputAltered
from domain.ledger.note import parse_note
from domain.ledger.receipt import encode_receipt
from domain.ledger.tree import check_inclusion, inclusion_proof, leaf_hash
from domain.ports.events import EventStore
from domain.ports.ledger import Leaf, LedgerTables
from domain.records.erasure import RecordIsErased, named
from domain.records.filing import Archive
from domain.records.record import Record

PAUSES = (0.01, 0.02, 0.03, 0.05, *(0.1,) * 39)
"""Seconds between looks at the ledger: four altogether."""


class ReceiptNotReady(Unavailable):
    """The event is stored; it is not yet covered by a published checkpoint."""

    code = "receipt_not_ready"
    retry_after = 2
    zh = "{record} 已经存好，但还没有进入账本公布的检查点，回执现在开不出来。"
    en = "{record} is stored, but no published checkpoint covers it yet, so that there is no receipt of it now."
    next_zh = "请过几秒再取。仍然取不到时，请管理员运行 jianzheng check，看账本为什么停住。"
    next_en = "Ask again in a few seconds; if it stays so, have jianzheng check say why the ledger stands still."

    def __init__(self, record: str, **where: Any) -> None:
        super().__init__(record=record, **where)


RANGES = 8192
"""Hashes of ranges that are remembered: some hundred bytes each."""


@dataclass(frozen=True)
class Published:
    """A published checkpoint: what it says, and the note verbatim."""

    tree: Checkpoint
    note: str


class Receipts:
    """Makes receipts. ``published`` reads the checkpoint's bytes, ``witnessed`` the newest one that as many witnesses
    cosigned as the archive's policy asks for; ``sign_note`` signs with the log's key."""

    def __init__(
        self,
        *,
        archive: Archive,
        events: EventStore,
        ledger: LedgerTables,
        published: Callable[[], bytes],
        witnessed: Callable[[], str | None],
        sign_note: Callable[[str], str],
        pause: Callable[[float], None],
    ) -> None:
        self._archive, self._events, self._ledger = archive, events, ledger
        self._published, self._witnessed, self._sign_note, self._pause = published, witnessed, sign_note, pause
        # What a range of leaves hashes to is for ever the same, and receipts taken one after another share most of it.
        self._range_hash = lru_cache(RANGES)(lambda start, end: self._ledger.range_hash(start, end))

    def one(
        self,
        actor: Actor,
        reference: str,
        *,
        version: int | None = None,
        revision: int | None = None,
        pauses: Iterable[float] = PAUSES,
    ) -> str:
        """The receipt of one event of a record: of the newest, of the one that made ``version`` of its content, or of
        number ``revision`` of its history.

        Raises `NotAllowed`, `NotFound`, `ReceiptNotReady`, and the faults of a ledger that was altered.
        """
        record = self._archive.read(actor, reference)
        wanted = _revision(record, version, revision)
        if record.erased is not None and wanted in named(record.erased):
            raise RecordIsErased(record=record.code, revision=record.erased.originator_version)
        published, leaves = self._covered(record, wanted, pauses)
        return self._receipt(leaves[wanted - 1], published)

    def complete(self, actor: Actor, reference: str, *, pauses: Iterable[float] = PAUSES) -> str:
        """The completeness receipt of a record: all of its events, and the log's word that there are no more."""
        record = self._archive.read(actor, reference)
        if record.erased is not None:  # its events are no more; that there were no others was said while they were
            raise RecordIsErased(record=record.code, revision=record.erased.originator_version)
        published, leaves = self._covered(record, record.revision, pauses)
        tree = published.tree
        indices = tuple(leaf.index for leaf in leaves)
        statement = Statement(tree.origin, record.id, tree.size, tree.root, indices)
        receipts = [self._receipt(leaf, published) for leaf in leaves]
        return encode_completeness(self._sign_note(statement.text()), receipts)

    def name(self, actor: Actor, reference: str) -> str:
        """The archival code, which a receipt of the record is called by as a file."""
        return self._archive.read(actor, reference).code

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _covered(self, record: Record, revision: int, pauses: Iterable[float]) -> tuple[Published, list[Leaf]]:
        """The published checkpoint once it covers the record's event ``revision``, and the record's leaves below it."""
        waits = iter(pauses)
        while True:
            if (covered := self._look(record, revision)) is not None:
                return covered
            wait = next(waits, None)
            if wait is None:
                raise ReceiptNotReady(record.code)
            self._pause(wait)

    def _look(self, record: Record, revision: int) -> tuple[Published, list[Leaf]] | None:
        leaf = self._ledger.leaf_of(record.id, revision)
        if leaf is None:
            return None
        published = self._covering(leaf.index)
        if published is None:
            return None
        leaves = [each for each in self._ledger.leaves_of(record.id) if each.index < published.tree.size]
        if [each.version for each in leaves] != list(range(1, len(leaves) + 1)):
            raise DatabaseDamaged(why=f"the leaves of {record.code} do not follow one another")
        return published, leaves

    def _covering(self, index: int) -> Published | None:
        """A witnessed checkpoint where one covers the leaf, else the newest one, whoever has cosigned it by now."""
        if (note := self._witnessed()) is not None and (published := _read(note)).tree.size > index:
            return published
        try:
            published = _read(self._published().decode())
        except NotFound:
            return None
        return published if published.tree.size > index else None

    def _receipt(self, leaf: Leaf, published: Published) -> str:
        """Raises `LedgerInputAltered` where the stored event is not what was entered in the ledger, `DatabaseDamaged`
        where its nodes are not those that were published: nothing is handed out that would not hold."""
        rows = self._events.rows_at([leaf.position])
        altered = LedgerInputAltered(event=f"{leaf.id} v{leaf.version}", index=leaf.index)
        if not rows or (rows[0].id, rows[0].version) != (leaf.id, leaf.version):
            raise altered
        row, tree = rows[0], published.tree
        if leaf_hash(entry(row.id, row.version, row.topic, row.state)) != leaf.hash:
            raise altered
        hashes = inclusion_proof(leaf.index, tree.size, self._range_hash)
        try:
            check_inclusion(leaf.index, tree.size, leaf.hash, hashes, tree.root)
        except InvalidProof:
            self._range_hash.cache_clear()  # what was read from damaged tables is not kept until they are mended
            raise DatabaseDamaged(why="the ledger's nodes do not lead to the published root") from None
        return encode_receipt(
            row.id, row.version, row.topic, row.state, index=leaf.index, hashes=hashes, checkpoint=published.note
        )


def _read(note: str) -> Published:
    return Published(parse_checkpoint(parse_note(note).text), note)


def _revision(record: Record, version: int | None, revision: int | None) -> int:
    """Raises `NotFound` for a version or an event that the record does not have."""
    if version is not None:
        state = record.version(version)
        if state is None:
            raise NotFound("版本", "version", f"{record.code} v{version}", field="version")
        return state.revision
    if revision is not None and not 1 <= revision <= record.revision:
        raise NotFound("事件", "event", f"{record.code} #{revision}", field="revision")
    return revision or record.revision
