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
from domain.ports import ExtractedText
from tests.unit.extraction.samples import SENTENCE

SHA256 = "ab" * 32
TEXT = ExtractedText("extracted", (SENTENCE, "第二页"), True, "")


def test_what_was_put_is_there(tmp_path: Path) -> None:
    """By digest and version; another version is another text."""
    cache = TextCache(tmp_path)
    assert cache.get(SHA256, "1") is None
    cache.put(SHA256, "1", TEXT)
    cache.put(SHA256, "../2", ExtractedText("timed_out", detail="slow"))
    assert TextCache(tmp_path).get(SHA256, "1") == TEXT
    assert cache.get(SHA256, "../2") == ExtractedText("timed_out", detail="slow")
    assert cache.get(SHA256, "3") is None
    assert all(each.name.endswith(".json.gz") for each in tmp_path.rglob("*") if each.is_file())
    assert not (tmp_path.parent / "2").exists()


def test_the_text_of_an_erased_file_is_forgotten(tmp_path: Path) -> None:
    """Of whichever version; others stay. To forget what is not there is no error."""
    cache = TextCache(tmp_path)
    for version in ("1", "../2"):
        cache.put(SHA256, version, TEXT)
    cache.put("ac" * 32, "1", TEXT)
    assert cache.holds(SHA256)
    cache.forget(SHA256)
    cache.forget(SHA256)
    assert not cache.holds(SHA256)
    assert cache.get("ac" * 32, "1") == TEXT


@pytest.mark.parametrize("keep", [0, 5, 20, 60])
def test_a_damaged_entry_is_not_there(tmp_path: Path, keep: int) -> None:
    """Cut off or overwritten, an entry counts as never made, and can be made again."""
    cache = TextCache(tmp_path)
    cache.put(SHA256, "1", TEXT)
    [path] = [each for each in tmp_path.rglob("*") if each.is_file()]
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.get(SHA256, "1") is None
    path.write_bytes(b"not gzip at all")
    assert cache.get(SHA256, "1") is None
    cache.put(SHA256, "1", TEXT)
    assert cache.get(SHA256, "1") == TEXT


def test_only_digests_are_names(tmp_path: Path) -> None:
    """A made-up digest reaches no path."""
    with pytest.raises(InvalidDigest):
        TextCache(tmp_path).get("../../etc/passwd", "1")


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
    """By digest and version, for whoever asks; what is damaged is made again; nothing of it is foreign to the store."""
    client = Client(Address.parse(s3_bucket))
    cache, elsewhere = BucketTextCache(client), BucketTextCache(client)
    assert cache.get(SHA256, "1") is None
    cache.put(SHA256, "1", TEXT)
    cache.put(SHA256, "../2", ExtractedText("timed_out", detail="slow"))
    assert elsewhere.get(SHA256, "1") == TEXT
    assert elsewhere.get(SHA256, "../2") == ExtractedText("timed_out", detail="slow")
    [key] = [str(each.object_name) for each in client.objects("text/1/")]
    client.replace(key, b"not gzip at all", client.head(key))
    assert elsewhere.get(SHA256, "1") is None
    cache.put(SHA256, "1", TEXT)
    assert elsewhere.get(SHA256, "1") == TEXT
    assert list(strays(client)) == []
    with pytest.raises(InvalidDigest):
        cache.put("../../etc/passwd", "1", TEXT)
    client.close()
