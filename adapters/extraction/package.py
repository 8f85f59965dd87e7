"""Opening documents that are ZIP packages, with limits checked before a byte is inflated, and XML that stays put.

The sizes in the central directory may lie, but `zipfile` never hands out more than they say and then compares the
checksum; so limits on them hold for what is really inflated. XML is read without entities, DTDs and network, and
within libxml2's own limits on depth and size (``huge_tree=False``).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO, Any, Final

from lxml import etree

from adapters.extraction.outcome import Refused

MAX_PARTS = 20_000
MAX_PART_BYTES = 128 << 20
MAX_TOTAL_BYTES = 768 << 20
MAX_RATIO = 400
"""Real documents inflate 5 to 50 times, an empty sheet up to 200; a bomb a thousand times."""

RATIO_FLOOR = 4 << 20
"""Below this many bytes inflated a ratio says nothing."""

_ENCRYPTED_FLAG = 0x1
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

_LIMIT_CODES = frozenset({2, 114})
"""libxml2's XML_ERR_NO_MEMORY and XML_ERR_RESOURCE_LIMIT."""

XML_OPTIONS: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class Package:
    """A checked ZIP package. Parts are read whole, by name."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Raises `Refused`: encrypted, too_large or damaged."""
        _refuse_ole(stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, UnicodeError) as error:
            raise Refused("damaged", "not a readable ZIP package") from error
        infos = self._zip.infolist()
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
            raise Refused("too_large", "the package inflates beyond the limit")
        for info in infos:
            if info.flag_bits & _ENCRYPTED_FLAG:
                raise Refused("encrypted", "a part of the package is encrypted")
            if info.file_size > MAX_PART_BYTES:
                raise Refused("too_large", "a part inflates beyond the limit")
            if info.file_size > RATIO_FLOOR and info.file_size > MAX_RATIO * max(1, info.compress_size):
                raise Refused("too_large", "a part is compressed like a bomb")
        self.names = tuple(info.filename for info in infos)

    def matching(self, pattern: str) -> list[str]:
        """Names of parts that match whole, in natural order: ``header2`` before ``header10``."""
        compiled = re.compile(pattern)
        return sorted({name for name in self.names if compiled.fullmatch(name)}, key=_natural)

    def read(self, name: str) -> bytes:
        """Raises `Refused` (damaged) for a part that is missing, cut off or has the wrong checksum."""
        try:
            return self._zip.read(name)
        except KeyError as error:
            raise Refused("damaged", "a part of the package is missing") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise Refused("damaged", "a part of the package cannot be read") from error

    def tree(self, name: str) -> etree._Element:
        """A part as an XML tree, for small parts such as relationships. Raises `Refused`."""
        try:
            return etree.fromstring(self.read(name), etree.XMLParser(**XML_OPTIONS))
        except etree.XMLSyntaxError as error:
            raise _refusal(error) from error

    def walk(self, name: str, target: Any) -> None:
        """Feed a part to a parser target (``start end data close``): no tree is built. Raises `Refused`."""
        walk(io.BytesIO(self.read(name)), target)


def walk(stream: IO[bytes], target: Any) -> None:
    """Feed XML to a parser target. Raises `Refused` (damaged) where it is not well-formed."""
    try:
        etree.parse(stream, etree.XMLParser(target=target, **XML_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise _refusal(error) from error


def _refusal(error: etree.XMLSyntaxError) -> Refused:
    if getattr(error, "code", None) in _LIMIT_CODES:
        return Refused("too_large", "the XML is nested too deeply or holds too much in one piece")
    return Refused("damaged", "not well-formed XML")


def local(tag: str) -> str:
    """``{namespace}name`` → ``name``."""
    return tag.rpartition("}")[2]


def _refuse_ole(stream: IO[bytes]) -> None:
    """An Office file with a password is an OLE2 container with the stream ``EncryptedPackage``."""
    stream.seek(0)
    head = stream.read(1 << 16)
    if head.startswith(_OLE_MAGIC):
        stream.seek(0)
        overlap = b""
        while block := stream.read(1 << 20):
            if _ENCRYPTED_STREAM in overlap + block:
                raise Refused("encrypted", "protected with a password")
            overlap = block[-len(_ENCRYPTED_STREAM) :]
        raise Refused("damaged", "an old binary Office file under a newer name")
    stream.seek(0)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d{0,18})", name)]
