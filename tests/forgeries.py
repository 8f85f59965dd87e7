"""Events that the domain's rules could not have produced: each forgery as the rows that somebody appends.

They are made of the rows of an archive that has records signed off, returned and withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

Row = tuple[str, int, str, bytes]
"""stream (hex), version, topic, state"""

NEW, OTHER = "0" * 12 + "4" + "0" * 19, "0" * 12 + "4" + "1" * 19


class Stored(Protocol):
    """The events that are there."""

    def rows(self, topic: str) -> list[Row]:
        """Those of a topic, one of each stream, in the order in which they came."""
        ...

    def end(self, stream: str) -> int:
        """The last version of a stream."""
        ...


def changed(row: Row, *, stream: str | None = None, version: int | None = None, **attributes: Any) -> Row:
    state = json.dumps({**json.loads(row[3]), **attributes}).encode()
    return stream or row[0], version or row[1], row[2], state


def without(row: Row, name: str) -> Row:
    return *row[:3], json.dumps({k: v for k, v in json.loads(row[3]).items() if k != name}).encode()


def _next(stored: Stored, stream: str, row: Row) -> Row:
    """The row as the next of a stream."""
    return stream, stored.end(stream) + 1, *row[2:]


def _again(stored: Stored, row: Row) -> Row:
    return changed(row, version=stored.end(row[0]) + 1)


FORGERIES: dict[str, Callable[[Stored], list[Row]]] = {
    "an act after the withdrawal": lambda s: [_again(s, s.rows("record.withdrawn")[0])],
    "the same act twice": lambda s: [_again(s, row) for row in s.rows("record.signed-off")],
    "a record that begins with an act": lambda s: [changed(s.rows("record.signed-off")[0], stream=NEW, version=1)],
    "a record that begins late": lambda s: [changed(s.rows("record.filed")[0], stream=NEW, version=2)],
    "a hole": lambda s: [changed(s.rows("register.entered")[0], version=900)],
    "a code of another year": lambda s: [changed(s.rows("record.filed")[0], stream=NEW, code="school-0001-1999-0001")],
    "an entry in another register": lambda s: [changed(s.rows("register.entered")[0], stream=NEW, version=1)],
    "a record in a register": lambda s: [
        changed(s.rows("record.filed")[0], stream=entry[0], version=entry[1] + 1)
        for entry in s.rows("register.entered")[:1]
    ],
    "an entry in a record": lambda s: [_next(s, s.rows("record.filed")[1][0], s.rows("register.entered")[0])],
    "a person in a record": lambda s: [_next(s, s.rows("record.filed")[0][0], s.rows("directory.person-added")[0])],
    "no event at all": lambda s: [(NEW, 1, "jianzheng:record.filed", b"\xff"), (OTHER, 1, "os:system", b"{}")],
    "no object": lambda s: [(NEW, 1, "jianzheng:record.filed", b"[1]")],
    "an attribute too few": lambda s: [without(changed(s.rows("record.filed")[0], stream=NEW), "code")],
    "an attribute too many": lambda s: [changed(s.rows("record.filed")[0], stream=NEW, more=1)],
    "an attribute of another type": lambda s: [changed(s.rows("record.filed")[0], stream=NEW, content=[])],
    "files that are none": lambda s: [changed(s.rows("record.filed")[0], stream=NEW, files=[{"sha256": "x"}])],
}
