"""What a file is, whatever it calls itself; and how it may be served."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from adapters.formats.media_types import UNKNOWN, Served, detect, served_as
from tests.unit.extraction import samples
from tests.unit.extraction.samples import DOCX, ODT, OFD, PDF, PPTX, SENTENCE, XLSX, zipped

DOCUMENTS = [
    (samples.word, DOCX),
    (samples.sheet, XLSX),
    (samples.slides, PPTX),
    (samples.pdf, PDF),
    (samples.ofd, OFD),
    (samples.odt, ODT),
]


def of(data: bytes, name: str = "") -> str:
    return detect(io.BytesIO(data), name)


def image(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 3)).save(out, kind)
    return out.getvalue()


def ole(*names: str) -> bytes:
    """An OLE2 file with 512-byte sectors: header, one sector of FAT, then as much directory as the names need."""
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\x00") + struct.pack("<H", 2 * len(name) + 2) + bytes(62)
        for name in ("Root Entry", *names)
    )
    count = -(-len(entries) // 512)
    chain = [0xFFFFFFFD, *range(2, count + 1), 0xFFFFFFFE]
    fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\x00"))
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    return bytes(header) + fat + entries.ljust(count * 512, b"\x00")


@pytest.mark.parametrize(("make", "media_type"), DOCUMENTS)
def test_documents_by_content(make: object, media_type: str) -> None:
    """The name says nothing: a document is known without one and with a wrong one."""
    assert callable(make)
    for name in ("", "x.exe", "照片.jpg"):
        assert of(make(), name) == media_type


@pytest.mark.parametrize(("make", "media_type"), DOCUMENTS)
def test_cut_documents_keep_their_kind(make: object, media_type: str) -> None:
    """A package without its directory is judged by its beginning, so that its reader can call it damaged."""
    assert callable(make)
    data = make()
    assert of(data[: len(data) - 30]) == media_type


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_images(kind: str) -> None:
    """Images as Pillow writes them."""
    assert of(image(kind), "x.txt") == f"image/{kind.lower()}"


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heif"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "video/mp4"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isomiso2", "audio/mp4"),
        (b"ID3\x04\x00" + bytes(100), "audio/mpeg"),
        (b"\xff\xfb\x90\x44" + bytes(100), "audio/mpeg"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "application/gzip"),
        (b"{\\rtf1\\ansi\\ansicpg936", "application/rtf"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), UNKNOWN),
        (b"MZ\x90\x00" + bytes(60), UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_signatures(head: bytes, media_type: str) -> None:
    """The first bytes decide."""
    assert of(head, "记录.docx") == media_type


@pytest.mark.parametrize(
    ("names", "media_type"),
    [
        (("WordDocument", "1Table"), "application/msword"),
        (("Workbook",), "application/vnd.ms-excel"),
        (("a", "b", "c", "d", "PowerPoint Document"), "application/vnd.ms-powerpoint"),
        (("EncryptionInfo", "EncryptedPackage"), "application/encrypted"),
        (("Other",), "application/x-ole-storage"),
    ],
)
def test_old_office_files(names: tuple[str, ...], media_type: str) -> None:
    """By the streams in the directory, also where it runs over several sectors."""
    assert of(ole(*names)) == media_type


def test_packages_that_are_no_documents() -> None:
    """A ZIP stays a ZIP, though a file in it is named like a part; macros have their own type."""
    assert of(zipped({"word/document.xml": "x", "说明.txt": "x"})) == "application/zip"
    types = {"[Content_Types].xml": "x"}
    assert of(zipped({**types, "word/document.xml": "x", "word/vbaProject.bin": "x"})).endswith("macroenabled.12")
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    assert of(out.getvalue()) == "application/zip"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_text_kinds(encoding: str) -> None:
    """Between kinds of text the name decides, except for HTML, which must look like it and always does when it is."""
    text = SENTENCE.encode(encoding)
    assert of(text) == of(text, "a.html") == of(text, "a.pdf") == "text/plain"
    assert of(text, "记录.MD") == "text/markdown" and of(text, "表.csv") == "text/csv"
    assert of(f"<!-- x --><!DOCTYPE html><p>{SENTENCE}".encode(encoding), "a.txt") == "text/html"
    assert of(f"<?xml version='1.0'?><记录>{SENTENCE}</记录>".encode(encoding), "a.txt") == "application/xml"
    assert of(f"<svg xmlns='x'>{SENTENCE}</svg>".encode(encoding), "a.txt") == "image/svg+xml"


def test_polyglots_are_what_they_begin_with() -> None:
    """What follows the first signature is not looked for."""
    assert of(image("GIF") + samples.word()) == "image/gif"
    assert of(samples.pdf() + samples.word()) == PDF
    assert of(b"<html><script>1</script>" + samples.word()) not in {DOCX, "application/zip"}
    assert of(samples.word() + b"<html>") == DOCX


@given(st.binary(max_size=3000))
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 3000)
@example(b"PK\x05\x06" + b"\xff" * 18)
def test_no_bytes_raise(data: bytes) -> None:
    """Anything has a type, with any signature before it, and the stream is back at its beginning."""
    for magic in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-", b"RIFF"):
        stream = io.BytesIO(magic + data)
        assert "/" in detect(stream, "x.md") and stream.tell() == 0


@given(st.data())
def test_damaged_containers_raise_nothing(data: st.DataObject) -> None:
    """Flipped bytes in directories lead nowhere."""
    damaged = bytearray(data.draw(st.sampled_from([samples.word(), ole("WordDocument", *"abcdefgh")])))
    for _ in range(10):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert "/" in of(bytes(damaged))


def test_what_is_shown_in_place() -> None:
    """Only what cannot run in a browser is shown; active kinds do not even keep their type."""
    assert served_as("application/pdf") == Served("application/pdf", True)
    assert served_as("Image/PNG; x=y") == Served("image/png", True)
    assert served_as("text/markdown") == served_as("text/csv") == Served("text/plain", True)
    active_types = "text/html image/svg+xml application/xml text/xml application/xhtml+xml text/javascript text/css"
    for active in active_types.split():
        assert served_as(active) == Served(UNKNOWN, False)
    assert served_as(DOCX) == Served(DOCX, False) and served_as("image/tiff") == Served("image/tiff", False)


@given(st.text(max_size=60))
@example("image/png\r\nSet-Cookie: a=b")
@example("text/javascript")
def test_no_type_smuggles_a_header(media_type: str) -> None:
    """A type that was made up never reaches a header as it is."""
    served = served_as(media_type)
    assert served.media_type.isascii() and not set(served.media_type) & set("\r\n ;,")
