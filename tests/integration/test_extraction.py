"""Text extraction as the archive uses it: in a process apart, on good files and on whatever else is filed."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import pytest

from adapters.extraction.formats import reader
from adapters.extraction.sandbox import Limits, SandboxedExtractor
from domain.ports.texts import ExtractedText
from tests.unit.extraction import samples
from tests.unit.extraction.samples import DOCX, ODT, OFD, PDF, PPTX, SENTENCE, XLSX, word_around, zipped

TYPED = {"extracted", "empty", "encrypted", "damaged", "too_large", "unsupported", "timed_out"}
GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "docx": (samples.word, DOCX),
    "xlsx": (samples.sheet, XLSX),
    "pptx": (samples.slides, PPTX),
    "pdf": (samples.pdf, PDF),
    "ofd": (samples.ofd, OFD),
    "odt": (samples.odt, ODT),
}


@pytest.fixture(scope="module")
def extractor() -> Iterator[SandboxedExtractor]:
    with SandboxedExtractor(limits=Limits(seconds=20, cpu_seconds=20)) as extractor:
        yield extractor


def read(extractor: SandboxedExtractor, data: bytes, media_type: str) -> ExtractedText:
    return extractor.extract(io.BytesIO(data), media_type)


@pytest.mark.parametrize("kind", GOOD)
def test_good_files_give_their_text(extractor: SandboxedExtractor, kind: str) -> None:
    """What was written is found, through the whole of the sandbox."""
    make, media_type = GOOD[kind]
    found = read(extractor, make(), media_type)
    assert found.status == "extracted" and SENTENCE in "".join(found.pages)


def test_a_kept_file_is_read_where_it_lies(extractor: SandboxedExtractor, tmp_path: Path) -> None:
    """A file with a descriptor is not copied, and its offset stays what it was."""
    (tmp_path / "kept").write_bytes(samples.pdf())
    with (tmp_path / "kept").open("rb") as blob:
        blob.seek(7)
        assert extractor.extract(blob, f"{PDF}; x=y").status == "extracted"
        assert blob.tell() == 7


@pytest.mark.parametrize("part", range(1, 10))
@pytest.mark.parametrize("kind", GOOD)
def test_truncated_files_have_an_outcome(extractor: SandboxedExtractor, kind: str, part: int) -> None:
    """A package cut off anywhere is damaged; a cut PDF may still give pages, never more than were there."""
    make, media_type = GOOD[kind]
    data = make()
    found = read(extractor, data[: len(data) * part // 10], media_type)
    assert found.status == "damaged" if kind != "pdf" else found.status in TYPED


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", GOOD)
def test_flipped_bytes_have_an_outcome(extractor: SandboxedExtractor, kind: str, seed: int) -> None:
    """Random damage gives text or a typed refusal."""
    make, media_type = GOOD[kind]
    data = bytearray(make())
    noise = hashlib.shake_128(f"{kind}{seed}".encode()).digest(5 * 30)
    for at in range(0, len(noise), 5):
        data[int.from_bytes(noise[at : at + 4], "big") % len(data)] = noise[at + 4]
    assert read(extractor, bytes(data), media_type).status in TYPED


@pytest.mark.parametrize("kind", GOOD)
def test_a_wrong_label_is_survived(extractor: SandboxedExtractor, kind: str) -> None:
    """Each good file, given out as each other kind, is damaged or gives what can be read."""
    make, own = GOOD[kind]
    for _, media_type in GOOD.values():
        if media_type != own:
            assert read(extractor, make(), media_type).status in {"damaged", "empty", "too_large"}


@pytest.mark.parametrize("media_type", [*(kind for _, kind in GOOD.values()), "text/plain", "text/html", "text/xml"])
def test_nothing_is_empty(extractor: SandboxedExtractor, media_type: str) -> None:
    """A file of no bytes has no text."""
    assert read(extractor, b"", media_type) == ExtractedText("empty", reader=reader(media_type))


@pytest.mark.parametrize("media_type", ["image/jpeg", "application/msword", "application/octet-stream", "", "../x"])
def test_other_kinds_are_unsupported(extractor: SandboxedExtractor, media_type: str) -> None:
    """What has no reader says so, without a process being asked."""
    assert read(extractor, b"x", media_type) == ExtractedText("unsupported", reader="none")


def bomb(name: str, size: int) -> bytes:
    """A package whose named part is so many zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package, package.open(name, "w") as part:
        for _ in range(size >> 20):
            part.write(bytes(1 << 20))
    return out.getvalue()


MAIN = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml", PPTX: "ppt/presentation.xml", ODT: "content.xml"}


@pytest.mark.parametrize("media_type", MAIN)
def test_bombs_are_too_large(extractor: SandboxedExtractor, media_type: str) -> None:
    """A part that inflates beyond reason is not inflated."""
    assert read(extractor, bomb(MAIN[media_type], 64 << 20), media_type).status == "too_large"


def test_a_size_that_lies_is_damage(extractor: SandboxedExtractor) -> None:
    """A bomb that states a small size is cut at that size."""
    data = bytearray(bomb("word/document.xml", 8 << 20))
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    assert read(extractor, bytes(data), DOCX).status == "damaged"


def test_many_parts_are_too_large(extractor: SandboxedExtractor) -> None:
    """A package of more parts than any document has is refused by its directory."""
    data = zipped({f"word/header{n}.xml": b"" for n in range(20_001)}, zipfile.ZIP_STORED)
    assert read(extractor, data, DOCX).status == "too_large"


def test_deep_nesting_is_survived(extractor: SandboxedExtractor) -> None:
    """XML and HTML nested a hundred thousand deep end neither the worker nor the patience."""
    deep = 100_000
    word = word_around("<w:p>" * deep + "</w:p>" * deep)
    assert read(extractor, word, DOCX).status in {"too_large", "damaged"}
    html = b"<div>" * deep + SENTENCE.encode() + b"</div>" * deep
    assert read(extractor, html, "text/html").pages == (SENTENCE,)
    arrays = b"%PDF-1.4\n1 0 obj\n" + b"[" * deep + b"\nendobj\ntrailer <</Root 1 0 R>>"
    assert read(extractor, arrays, PDF).status in TYPED - {"extracted"}


def test_entities_do_nothing(extractor: SandboxedExtractor, tmp_path: Path) -> None:
    """External entities are not fetched, internal ones do not multiply."""
    secret = tmp_path / "secret"
    secret.write_text("机密内容")
    outside = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]><r><b>甲</b>&x;</r>'
    assert read(extractor, outside.encode(), "text/xml").pages == ("甲",)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    billion = f'<!DOCTYPE r [<!ENTITY l0 "哈">{laughs}]><r>&l9;</r>'
    assert read(extractor, billion.encode(), "text/xml").status in TYPED - {"extracted"}
    part = outside.replace("<r>", '<w:p xmlns:w="x">').replace("</r>", "</w:p>")
    for name, media_type in MAIN.items():
        found = read(extractor, zipped({media_type: part}), name)
        assert "机密" not in "".join(found.pages)


def test_sheet_that_claims_to_be_huge(extractor: SandboxedExtractor) -> None:
    """One cell in the last row of the last column costs neither memory nor minutes."""
    source = zipfile.ZipFile(io.BytesIO(samples.sheet()))
    parts = {name: source.read(name) for name in source.namelist()}
    sheet = parts["xl/worksheets/sheet2.xml"].decode()
    sheet = sheet.replace('r="100"', 'r="1048575"').replace('r="D100"', 'r="XFD1048575"')
    parts["xl/worksheets/sheet2.xml"] = sheet.replace('ref="D100:D101"', 'ref="A1:XFD1048576"').encode()
    assert read(extractor, zipped(parts), XLSX).status in TYPED


def test_documents_behind_a_password(extractor: SandboxedExtractor) -> None:
    """Encrypted Office files, ZIP parts and PDFs are told from damaged ones."""
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + "EncryptedPackage".encode("utf-16-le") + bytes(90)
    for media_type in (DOCX, XLSX, PPTX, "application/encrypted"):
        assert read(extractor, ole, media_type).status == "encrypted"
    package = bytearray(samples.word())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := package.find(magic, at + 1)) >= 0:
            package[at + offset] |= 1
    assert read(extractor, bytes(package), DOCX).status == "encrypted"
    assert read(extractor, locked_pdf(), PDF).status == "encrypted"


def locked_pdf() -> bytes:
    """A PDF with a standard security handler (ISO 32000-1, 7.6.3) whose password is not the empty one."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>",
    )
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in offsets)
    trailer = b"<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>"
    return out + b"trailer" + trailer + b"\nstartxref\n%d\n%%%%EOF" % start


def test_polyglots_are_read_as_what_they_are_called(extractor: SandboxedExtractor) -> None:
    """A ZIP behind HTML, and HTML behind a ZIP, are read by one reader each and harm none."""
    html = b"<html><body><p>" + SENTENCE.encode() + b"</p></body></html>"
    assert read(extractor, html + samples.word(), "text/html").status in {"extracted", "damaged"}
    assert read(extractor, html + samples.word(), DOCX).status in {"extracted", "damaged"}
    assert read(extractor, samples.word() + html, DOCX).status in {"extracted", "damaged"}
    assert read(extractor, samples.pdf() + samples.word(), PDF).status == "extracted"


@pytest.mark.parametrize("noise", range(6))
@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "text/markdown", "text/xml", PDF, DOCX])
def test_noise_has_an_outcome(extractor: SandboxedExtractor, media_type: str, noise: int) -> None:
    """Random bytes are no document."""
    data = hashlib.shake_128(bytes([noise])).digest(20_000)
    assert read(extractor, data, media_type).status in TYPED - {"extracted"}


@pytest.mark.parametrize("text", [b"*" * 200_000, b"[" * 200_000, b"<" * 200_000, b"<!--" * 50_000, b"`a" * 100_000])
@pytest.mark.parametrize("media_type", ["text/markdown", "text/html"])
def test_repetition_does_not_explode(extractor: SandboxedExtractor, media_type: str, text: bytes) -> None:
    """Patterns that make careless readers run for hours end within the limit."""
    assert read(extractor, text, media_type).status in {"extracted", "empty"}


def test_too_much_text_is_too_large(extractor: SandboxedExtractor) -> None:
    """More characters than one file may hold are refused as a whole."""
    assert read(extractor, b"a " * 10_000_001, "text/plain").status == "too_large"


def test_a_long_document_is_read(extractor: SandboxedExtractor) -> None:
    """Thousands of paragraphs are no bomb."""
    document = docx.Document()
    for number in range(3000):
        document.add_paragraph(f"{number} {SENTENCE}")
    out = io.BytesIO()
    document.save(out)
    found = read(extractor, out.getvalue(), DOCX)
    assert found.status == "extracted" and found.pages[0].count(SENTENCE) == 3000
