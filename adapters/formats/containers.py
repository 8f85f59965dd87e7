"""Telling apart what begins alike: documents that are ZIP packages, and documents that are OLE2 files.

Bounded reading of hostile structures: at most `_DIRECTORY_BYTES` of a ZIP's central directory and `_SECTORS` sectors
of an OLE2 directory are looked at, whatever the file claims.
"""

from __future__ import annotations

import re
import struct
from typing import IO

ZIP = "application/zip"
OLE = "application/x-ole-storage"
ENCRYPTED = "application/encrypted"

_DIRECTORY_BYTES = 4 << 20
_END_BYTES = 22 + 0xFFFF
"""The end record and the longest comment behind it (APPNOTE 4.3.16)."""

_OOXML = "application/vnd.openxmlformats-officedocument"
_OOXML_TYPES = (
    ("word/", f"{_OOXML}.wordprocessingml.document", "application/vnd.ms-word.document.macroenabled.12"),
    ("xl/", f"{_OOXML}.spreadsheetml.sheet", "application/vnd.ms-excel.sheet.macroenabled.12"),
    ("ppt/", f"{_OOXML}.presentationml.presentation", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
)
_MIMETYPE = re.compile(rb"application/(?:vnd\.oasis\.opendocument\.[a-z-]{1,40}|epub\+zip)")
_LOCAL_HEADER = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)


def zip_type(stream: IO[bytes], head: bytes) -> str:
    """The document kind of a ZIP, or plain ZIP. A cut-off package is judged by the names at its beginning."""
    if head[30:38] == b"mimetype" and (match := _MIMETYPE.match(head, 38)):
        return match.group().decode("ascii")
    names = _central_names(stream)
    if names is None:
        names = _local_names(head)
    if "[Content_Types].xml" in names or any(name.startswith("_rels/") for name in names):
        for folder, plain, with_macros in _OOXML_TYPES:
            if any(name.startswith(folder) for name in names):
                return with_macros if f"{folder}vbaProject.bin" in names else plain
    if "OFD.xml" in names:
        return "application/ofd"
    return ZIP


def _central_names(stream: IO[bytes]) -> set[str] | None:
    """Names in the central directory (APPNOTE 4.3.12), None where it is not whole."""
    size = stream.seek(0, 2)
    start = max(0, size - _END_BYTES)
    stream.seek(start)
    tail = stream.read(_END_BYTES)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        return None
    length, offset = struct.unpack_from("<II", tail, end + 12)
    if length > _DIRECTORY_BYTES or offset + length > start + end:
        return None
    stream.seek(start + end - length)  # not `offset`: bytes put before the package shift it
    directory = stream.read(length)
    names, at = set(), 0
    while at + 46 <= len(directory) and directory[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        names.add(directory[at + 46 : at + 46 + name].decode("utf-8", "replace"))
        at += 46 + name + extra + comment
    return names


def _local_names(head: bytes) -> set[str]:
    spans = ((match.end(), int.from_bytes(match.group(1), "little")) for match in _LOCAL_HEADER.finditer(head))
    return {head[at : at + length].decode("utf-8", "replace") for at, length in spans}


_SECTORS = 64
_OLE_STREAMS = (
    ("EncryptedPackage", ENCRYPTED),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
)


def ole_type(stream: IO[bytes], head: bytes) -> str:
    """The document kind by the names in the directory of an OLE2 file ([MS-CFB] 2.6), or plain OLE2."""
    if len(head) < 512:
        return OLE
    shift = struct.unpack_from("<H", head, 30)[0]
    if shift not in (9, 12):
        return OLE
    sector = struct.unpack_from("<I", head, 48)[0]
    fat_sectors = struct.unpack_from("<109I", head, 76)
    names: set[str] = set()
    for _ in range(_SECTORS):
        data = _sector(stream, sector, shift)
        if not data:
            break
        names |= {_entry_name(data[at : at + 128]) for at in range(0, len(data) - 127, 128)}
        sector = _next_sector(stream, sector, shift, fat_sectors)
    for name, media_type in _OLE_STREAMS:
        if name in names:
            return media_type
    return OLE


def _sector(stream: IO[bytes], number: int, shift: int) -> bytes:
    if number >= 0xFFFFFFFA:
        return b""
    stream.seek((number + 1) << shift)
    return stream.read(1 << shift)


def _next_sector(stream: IO[bytes], number: int, shift: int, fat_sectors: tuple[int, ...]) -> int:
    """Follow the chain in the file allocation table; a chain that leaves the first 109 table sectors ends."""
    table, index = divmod(number, (1 << shift) // 4)
    if table >= len(fat_sectors):
        return 0xFFFFFFFE
    data = _sector(stream, fat_sectors[table], shift)
    if len(data) < index * 4 + 4:
        return 0xFFFFFFFE
    return int.from_bytes(data[index * 4 : index * 4 + 4], "little")


def _entry_name(entry: bytes) -> str:
    length = int.from_bytes(entry[64:66], "little")
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
