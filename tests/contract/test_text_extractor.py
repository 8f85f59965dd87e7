"""What every text extractor promises: text or a typed outcome, whatever the file holds, and never an exception."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.extraction.sandbox import SandboxedExtractor
from domain.ports.texts import ExtractedText, TextExtractor

STATUSES = {"extracted", "empty", "encrypted", "damaged", "too_large", "unsupported", "timed_out"}
TYPES = [
    "text/plain",
    "text/html",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "image/jpeg",
    "nonsense",
]


@pytest.fixture(scope="module", params=["sandboxed"])
def extractor(request: pytest.FixtureRequest) -> Iterator[TextExtractor]:
    with SandboxedExtractor() as made:
        yield made


def test_a_text_says_which_reader_made_it(extractor: TextExtractor) -> None:
    """The module and its version; a text of another one is not current, nor one of a format that nobody read then."""
    found = extractor.extract(io.BytesIO("立行立改".encode()), "Text/Plain; charset=utf-8")
    assert found.reader == extractor.reader("text/plain") == "txt-1"
    assert extractor.is_current(found, "text/plain")
    assert not extractor.is_current(replace(found, reader="txt-0"), "text/plain")
    assert extractor.extract(io.BytesIO(b"?"), "application/x-unheard-of").reader == "none"
    for status, media_type, current in (
        ("extracted", "text/plain", True),
        ("unsupported", "text/plain", False),
        ("unsupported", "application/x-unheard-of", True),
    ):
        before = ExtractedText(status)  # type: ignore[arg-type]  # kept before readers had versions
        assert extractor.is_current(before, media_type) is current


def test_text_is_text(extractor: TextExtractor) -> None:
    """One page for a format without pages."""
    found = extractor.extract(io.BytesIO("立行立改".encode()), "text/plain")
    assert (found.status, found.paged, [page.strip() for page in found.pages]) == ("extracted", False, ["立行立改"])


@pytest.mark.parametrize("media_type", ["text/plain", "application/pdf", "application/octet-stream"])
def test_a_file_without_a_byte_is_empty(extractor: TextExtractor, media_type: str) -> None:
    """Neither damaged nor unsupported: no media type can be told from nothing, so it comes with any."""
    assert extractor.extract(io.BytesIO(b""), media_type).status == "empty"


def test_a_type_it_does_not_know_is_unsupported(extractor: TextExtractor) -> None:
    """And says so without reading it."""
    assert extractor.extract(io.BytesIO(b"\x00\x01"), "application/x-unknown").status == "unsupported"


@settings(max_examples=60)
@given(data=st.binary(max_size=400), media_type=st.sampled_from(TYPES))
def test_whatever_the_bytes_are_there_is_an_outcome(extractor: TextExtractor, data: bytes, media_type: str) -> None:
    """A status of the port; text only where it was extracted."""
    found = extractor.extract(io.BytesIO(data), media_type)
    assert found.status in STATUSES
    assert (found.status == "extracted") == bool("".join(found.pages).strip())
