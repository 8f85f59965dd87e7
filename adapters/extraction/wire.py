"""The form in which a text travels between processes and lies in the cache: plain JSON, checked on the way in."""

from __future__ import annotations

import json
from typing import get_args

from domain.ports.texts import ExtractedText, TextStatus

READY = b"\x00JZ1"
"""What a worker says when it has fenced itself in: whoever dies before that did not die of a file."""

STARVED = 77
"""The exit code of a worker whose reader crashed with half of its memory in use."""

_STATUSES = frozenset(get_args(TextStatus))


def to_json(text: ExtractedText) -> bytes:
    """UTF-8, keys in a fixed order."""
    fields = {"status": text.status, "pages": text.pages, "paged": text.paged, "detail": text.detail}
    if text.crashed:
        fields["crashed"] = True
    if text.reader:
        fields["reader"] = text.reader
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")


def from_json(data: bytes) -> ExtractedText | None:
    """The reverse of `to_json`; None for anything else, whoever wrote it."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return None
    match fields:
        case {"status": str(status), "pages": list(pages), "paged": bool(paged), "detail": str(detail)}:
            if status in _STATUSES and all(isinstance(page, str) for page in pages):
                crashed, reader = fields.get("crashed") is True, fields.get("reader", "")
                if not isinstance(reader, str):
                    return None
                return ExtractedText(status, tuple(pages), paged, detail, crashed, reader)  # type: ignore[arg-type]  # checked just above
    return None
