"""The cache of texts: what was put is there, and what is not whole is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.blobs.s3_inventory import strays
from adapters.extraction.cache import BucketTextCache, TextCache
from adapters.extraction.wire import from_json, to_json
from adapters.s3.address import Address
from adapters.s3.client import Client
from domain.errors import InvalidDigest
from domain.ports.texts import ExtractedText
from tests.unit.extraction.samples import SENTENCE

SHA256 = "ab" * 32
TEXT = ExtractedText("extracted", (SENTENCE, "第二页"), True, "")


def test_what_was_put_is_there(tmp_path: Path) -> None:
    """By digest, with the reader that made it; a better text takes its place."""
    cache = TextCache(tmp_path)
    assert cache.get(SHA256) is None
    cache.put(SHA256, ExtractedText("timed_out", detail="slow", reader="pdf-1"))
    assert cache.get(SHA256) == ExtractedText("timed_out", detail="slow", reader="pdf-1")
    cache.put(SHA256, TEXT)
    assert TextCache(tmp_path).get(SHA256) == TEXT
    assert all(each.name.endswith(".json.gz") for each in tmp_path.rglob("*") if each.is_file())


def test_the_text_of_an_erased_file_is_forgotten(tmp_path: Path) -> None:
    """Wherever an earlier program kept it; others stay. To forget what is not there is no error."""
    cache = TextCache(tmp_path)
    cache.put(SHA256, TEXT)
    [path] = [each for each in tmp_path.rglob("*") if each.is_file()]
    earlier = tmp_path / "0" / path.relative_to(tmp_path / "1")
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(path.read_bytes())
    cache.put("ac" * 32, TEXT)
    assert cache.holds(SHA256)
    cache.forget(SHA256)
    cache.forget(SHA256)
    assert not cache.holds(SHA256)
    assert cache.get("ac" * 32) == TEXT


def test_how_far_files_were_looked_through_goes_with_the_texts(tmp_path: Path) -> None:
    """Nothing where nobody ever did, or where all of it was deleted."""
    cache = TextCache(tmp_path / "text")
    assert cache.walked() == b""
    cache.walk_on(b"so far")
    cache.walk_on(b"further")
    assert TextCache(tmp_path / "text").walked() == b"further"


@pytest.mark.parametrize("keep", [0, 5, 20, 60])
def test_a_damaged_entry_is_not_there(tmp_path: Path, keep: int) -> None:
    """Cut off or overwritten, an entry counts as never made, and can be made again."""
    cache = TextCache(tmp_path)
    cache.put(SHA256, TEXT)
    [path] = [each for each in tmp_path.rglob("*") if each.is_file()]
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.get(SHA256) is None
    path.write_bytes(b"not gzip at all")
    assert cache.get(SHA256) is None
    cache.put(SHA256, TEXT)
    assert cache.get(SHA256) == TEXT


def test_only_digests_are_names(tmp_path: Path) -> None:
    """A made-up digest reaches no path."""
    with pytest.raises(InvalidDigest):
        TextCache(tmp_path).get("../../etc/passwd")


def test_answers_are_checked_field_by_field() -> None:
    """What is not exactly a text is nothing, whoever says it."""
    assert from_json(to_json(TEXT)) == TEXT
    for answer in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"status":"extracted"}',
        b'{"status":"perfect","pages":[],"paged":true,"detail":""}',
        b'{"status":"extracted","pages":[1],"paged":true,"detail":""}',
        b'{"status":"extracted","pages":[],"paged":1,"detail":""}',
    ):
        assert from_json(answer) is None


def test_a_bucket_keeps_texts_too(s3_bucket: str) -> None:
    """By digest, for whoever asks; what is damaged is made again; nothing of it is foreign to the store."""
    client = Client(Address.parse(s3_bucket))
    cache, elsewhere = BucketTextCache(client), BucketTextCache(client)
    assert cache.get(SHA256) is None
    cache.put(SHA256, TEXT)
    assert elsewhere.get(SHA256) == TEXT
    assert elsewhere.walked() == b""
    cache.walk_on(b"so far")
    assert elsewhere.walked() == b"so far"
    [key] = [str(each.object_name) for each in client.objects("text/1/")]
    client.replace(key, b"not gzip at all", client.head(key))
    assert elsewhere.get(SHA256) is None
    cache.put(SHA256, TEXT)
    assert elsewhere.get(SHA256) == TEXT
    assert list(strays(client)) == []
    with pytest.raises(InvalidDigest):
        cache.put("../../etc/passwd", TEXT)
    client.close()
