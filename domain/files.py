"""The files that events name: what is told of each, and how long it has to be kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, NamedTuple


@dataclass(frozen=True)
class FileEntry:
    """One attached file: ``sha256`` is where its bytes are, ``name`` what the clerk called it."""

    name: str
    sha256: str
    size: int
    media_type: str
    role: str = "other"

    def as_json(self) -> dict[str, Any]:
        """As events hold it: every attribute by its name."""
        return asdict(self)


class Keeping(NamedTuple):
    """``until`` is the first day on which it need not be kept; that of what is ``permanent`` moves on every year."""

    until: date
    permanent: bool = False

    def joined(self, other: Keeping) -> Keeping:
        """For a file that two records name: the longer of both."""
        return Keeping(max(self.until, other.until), self.permanent or other.permanent)
