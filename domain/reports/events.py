"""What happens to annual reports: one is issued, and the archive remembers its digest and what it was made from."""

from __future__ import annotations

from domain.event import Event, event


@event("jianzheng:report.issued")
class ReportIssued(Event):
    """``digests`` maps a file ending (``json``, ``html``, ``pdf``) to the SHA-256 of the issued file."""

    organisation: str
    year: int
    tree_size: int
    root: str
    fold_version: int
    digests: dict[str, str]
