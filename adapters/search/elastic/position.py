"""How far an index has come: one document in it, by which its one writer holds on to it.

Whoever writes a batch claims the index first: the position is written once more, on condition that nobody wrote it
since it was read (the server's sequence number). The version that the server gives to that is the version of
everything in the batch. So

* two that both believe to be the only writer cannot both go on: the later claim refuses the earlier writer's position,
  and that one learns it (`IndexLocked`);
* what a deposed writer sent, and the server takes up late, has a lower version than what was written since, and the
  server refuses it by itself, whichever tree size either was made at.

A position that none of us wrote (its *seal* is not right) is told as such (`IndexPositionAltered`). The seal keeps
mistakes and strangers apart from us, not somebody who imitates it: whatever is wrong with an index, it is a view, and
`jianzheng verify` holds all of it against the events.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import IndexMissing
from adapters.search.elastic.mapping import POSITION, POSITION_FIELD, SEAL_FIELD
from domain.search.errors import IndexLocked, IndexPositionAltered

MOST = 2**63 - 2
"""The highest version that another one can follow."""

_NONCE = 16  # hexadecimal digits
_CONFLICT = 409


@dataclass(frozen=True)
class Position:
    """The document as somebody read or wrote it. ``version`` 0: it is not there."""

    index: str
    value: int
    sound: bool
    version: int = 0
    sequence: int = -1
    term: int = 0
    seal: str = ""
    fresh: bool = False  # written by whoever has it, and not used for a batch since

    def same_as(self, other: Position) -> bool:
        """Whether nobody wrote between the two: the same words again are another writing, and so is another index."""
        ours, theirs = (self.sequence, self.term, self.seal), (other.sequence, other.term, other.seal)
        return bool(self.version) and ours == theirs


def read(connection: Connection, index: str) -> Position:
    """Of an index or its alias: known as soon as it is written. Raises `IndexMissing`."""
    with connection.glancing() as client:
        answer = client.options(ignore_status=404).get(index=index, id=POSITION)
    if "_index" not in answer:
        raise IndexMissing(detail="index_not_found_exception")
    name, source = str(answer["_index"]), answer.get("_source")
    if source is None:
        return Position(name, 0, sound=True)
    sound = is_sealed(name, source)
    return Position(
        name,
        source[POSITION_FIELD] if sound else 0,
        sound,
        int(answer.get("_version", 1)),
        int(answer.get("_seq_no", 0)),
        int(answer.get("_primary_term", 1)),
        str(source.get(SEAL_FIELD, "")),
    )


def sealed(index: str, position: int) -> dict[str, Any]:
    """What the document holds."""
    nonce = secrets.token_hex(_NONCE // 2)
    return {POSITION_FIELD: position, SEAL_FIELD: nonce + _digest(index, position, nonce)}


def is_sealed(index: str, source: Mapping[str, Any]) -> bool:
    """Whether a program of ours wrote this position into this index."""
    position, seal = source.get(POSITION_FIELD), source.get(SEAL_FIELD)
    if type(position) is not int or position < 0 or not isinstance(seal, str):
        return False
    return set(source) == {POSITION_FIELD, SEAL_FIELD} and seal[_NONCE:] == _digest(index, position, seal[:_NONCE])


def _digest(index: str, position: int, nonce: str) -> str:
    return hashlib.sha256(f"{index}\n{position}\n{nonce}".encode()).hexdigest()


class Hold:
    """On the position of one index, for each thread by itself: what one has read says nothing about another's batch."""

    def __init__(self, connection: Connection, index: str, into: str) -> None:
        self._connection, self._index, self._into = connection, index, into
        self._local = threading.local()

    def begin(self) -> None:
        """Write that nothing is in yet, where no position is there."""
        with suppress(IndexLocked, IndexPositionAltered):
            self._write(Position(self._index, 0, sound=True), 0)

    def saw(self, position: Position) -> None:
        """What this thread's next batch builds on. What it wrote itself, nobody having written since, stays so."""
        held = self._held()
        if held is None or not held.same_as(position):
            self._local.held = position

    def claim(self) -> Position:
        """For one batch. Raises `IndexLocked` where somebody else wrote since the position was read, and
        `IndexPositionAltered` where none of us did."""
        held = self._held() or read(self._connection, self._index)
        if not held.fresh:
            held = self._write(held, held.value)
        self._local.held = replace(held, fresh=False)
        return held

    def outbid(self, version: int) -> Position:
        """The same once more for the same batch, above a version that none of us gave: ours would be refused for ever.
        Raises as `claim` does where somebody of us gave it."""
        held = self._held()
        assert held is not None
        now = read(self._connection, self._index)
        if not held.same_as(now):
            raise _overtaken(now)
        document = sealed(self._index, held.value)
        with self._connection.working() as client:
            answer = client.index(
                index=self._into,
                id=POSITION,
                document=document,
                require_alias=True,
                version=version + 1,
                version_type="external",
            )
        self._local.held = _written(held, document, answer)
        return self.claim()

    def note(self, value: int) -> None:
        """The batch is in. Raises as `claim` does."""
        held = self._held()
        assert held is not None
        self._local.held = self._write(held, value)

    def _held(self) -> Position | None:
        return getattr(self._local, "held", None)

    def _write(self, held: Position, value: int) -> Position:
        """In the place of the position that is held, and of no other."""
        document = sealed(self._index, value)
        place: dict[str, Any] = {"if_seq_no": held.sequence, "if_primary_term": held.term}
        if not held.version:
            place = {"op_type": "create"}
        with self._connection.working() as client:
            answer = client.options(ignore_status=_CONFLICT).index(
                index=self._into, id=POSITION, document=document, require_alias=True, **place
            )
        if "error" not in answer:
            return _written(held, document, answer)
        now = read(self._connection, self._index)
        if now.seal == document[SEAL_FIELD]:  # it was ours: the answer was lost, and the client asked again
            return replace(now, fresh=True)
        raise _overtaken(now)


def _written(held: Position, document: Mapping[str, Any], answer: Any) -> Position:
    return Position(
        held.index,
        document[POSITION_FIELD],
        sound=True,
        version=int(answer["_version"]),
        sequence=int(answer["_seq_no"]),
        term=int(answer["_primary_term"]),
        seal=document[SEAL_FIELD],
        fresh=True,
    )


def _overtaken(now: Position) -> IndexLocked | IndexPositionAltered:
    return IndexLocked() if now.sound else IndexPositionAltered()
