"""What clients asked for and what they were told: written before a request goes out and after its answer came.

The soak test trusts nothing else: whatever is acknowledged here must be in the archive, once; whatever was asked and
never answered may be there once, or not at all.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from domain.event import stream_id

Kind = Literal["sign-off", "correct", "attach"]


@dataclass(eq=False)
class Upload:
    """A file whose sending was acknowledged. ``named`` is set when a record that names it was acknowledged."""

    name: str
    sha256: str
    size: int
    user: str
    word: str  # stands in this file and nowhere else; "" where the file has no text of its own
    named: bool = False


@dataclass(eq=False)
class Act:
    """Something done to a record. ``mark`` stands in the remark, reason or file name, and in no other act's."""

    kind: Kind
    mark: str
    acknowledged: bool = False


@dataclass(eq=False)
class Filing:
    """A record that was to be filed, under one idempotency key or from one folder (without a key).

    ``codes`` are those of all answers: there must be one of them.
    """

    key: str
    user: str
    title: str
    organisation: str
    year: int
    files: list[Upload]
    attempts: int = 0
    codes: set[str] = field(default_factory=set)
    record: str = ""  # its id, where it was not filed under a key and was acknowledged
    acts: list[Act] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return bool(self.codes)

    @property
    def stream(self) -> UUID | None:
        """The id of its record; None where a folder's was not told yet."""
        if self.key:
            return stream_id("idempotency", f"{self.user}/{self.key}")
        return UUID(self.record) if self.record else None

    @property
    def code(self) -> str:
        return min(self.codes)


class Journal:
    """Shared by all clients."""

    def __init__(self) -> None:
        self.filings: list[Filing] = []
        self.uploads: list[Upload] = []
        self.faults: list[str] = []  # answers that no fault of a process excuses
        self.counts: Counter[str] = Counter()
        self._guard = threading.Lock()  # owns all of them

    def filing(self, filing: Filing) -> None:
        with self._guard:
            self.filings.append(filing)

    def upload(self, upload: Upload) -> None:
        with self._guard:
            self.uploads.append(upload)

    def fault(self, what: str) -> None:
        with self._guard:
            self.faults.append(what)

    def count(self, what: str) -> None:
        with self._guard:
            self.counts[what] += 1

    def acknowledged(self) -> list[Filing]:
        with self._guard:
            return [filing for filing in self.filings if filing.acknowledged]
