"""What a file is, from its bytes. The name is believed only between kinds of text, which bytes cannot tell apart.

The first signature at offset 0 decides, so a polyglot is what its beginning says. Structures that are looked into
(the central directory of a ZIP, the directory of an OLE2 file) are read with bounds, since this runs in the web
process on whatever was uploaded.
"""

from __future__ import annotations

import re
from typing import IO, NamedTuple

from adapters.formats.charset import decode
from adapters.formats.containers import ole_type, zip_type

UNKNOWN = "application/octet-stream"
HEAD_BYTES = 1 << 16

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
    b"avif": "image/avif",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_TEXT_BY_ENDING = {"md": "text/markdown", "markdown": "text/markdown", "csv": "text/csv"}
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body|script|iframe|title|meta|table|div|h1|p|a)\b",
    re.IGNORECASE | re.DOTALL,
)
_MPEG_FRAME = re.compile(rb"\xff[\xfb\xfa\xf3\xf2][\x10-\xef]", re.DOTALL)


def detect(stream: IO[bytes], name: str = "") -> str:
    """The media type of a seekable file, `UNKNOWN` when nothing fits. The stream is left at its beginning."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    media_type = _signature(head)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        media_type = zip_type(stream, head)
    elif head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        media_type = ole_type(stream, head)
    stream.seek(0)
    return media_type or _text(head, name) or UNKNOWN


def _signature(head: bytes) -> str | None:
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if _MPEG_FRAME.match(head):
        return "audio/mpeg"
    return None


def _text(head: bytes, name: str) -> str | None:
    if not head:
        return None
    decoded = decode(head)
    if decoded is None:
        return None
    if _HTML.match(decoded.text):
        return "text/html"
    if decoded.text.lstrip().startswith("<?xml"):
        return "image/svg+xml" if "<svg" in decoded.text[:4096] else "application/xml"
    if re.match(r"\s*<svg\b", decoded.text):
        return "image/svg+xml"
    return _TEXT_BY_ENDING.get(name.rpartition(".")[2].lower(), "text/plain")


class Served(NamedTuple):
    """How a kept file goes out: its ``Content-Type``, and whether a browser may show it in place."""

    media_type: str
    inline: bool


_INLINE = frozenset({"application/pdf", "image/jpeg", "image/png", "image/gif", "image/webp", "text/plain"})
_PLAIN = frozenset({"text/markdown", "text/csv"})
_ACTIVE = re.compile(r"text/.*|.*xml|.*(?:javascript|ecmascript|json|wasm|css|x-shockwave-flash)")
"""Markup, styles and scripts: with such a type a kept file could be drawn into one of our own pages."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.ASCII)


def served_as(media_type: str) -> Served:
    """What can run or be styled in a browser is never shown by this archive's origin, only offered for download.

    Send ``X-Content-Type-Options: nosniff`` with every answer, or the browser makes up its own mind.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind in _PLAIN:
        return Served("text/plain", True)
    if (_ACTIVE.fullmatch(kind) and kind not in _INLINE) or not _MEDIA_TYPE.fullmatch(kind):
        return Served(UNKNOWN, False)
    return Served(kind, kind in _INLINE)
