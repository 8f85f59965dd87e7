"""Bodies that stream from a file: the right bytes, each time anew, and signed without being read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from minio.credentials import StaticProvider

from adapters.s3.body import BLOCK, UNSIGNED, FileBody, StreamingMinio
from domain.errors import StorageFailed

DATA = hashlib.shake_128(b"body").digest(2 * BLOCK + 99)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(DATA)
    return found


@pytest.mark.parametrize(("start", "size"), [(0, len(DATA)), (0, 0), (5, BLOCK), (BLOCK - 1, BLOCK + 2)])
def test_a_body_is_a_part_of_the_file(path: Path, start: int, size: int) -> None:
    """Each iteration gives the same bytes in small blocks; length and hash are theirs."""
    body = FileBody(path, start, size)
    for _ in range(2):
        assert b"".join(body) == DATA[start : start + size]
    assert all(len(block) <= BLOCK for block in body) and len(body) == size
    assert body.sha256() == hashlib.sha256(DATA[start : start + size]).digest()


def test_a_file_that_became_shorter_is_noticed(path: Path) -> None:
    """A request whose length is announced must not wait for bytes that never come."""
    body = FileBody(path, 0, len(DATA))
    path.write_bytes(DATA[:100])
    with pytest.raises(StorageFailed):
        list(body)
    path.unlink()
    with pytest.raises(StorageFailed):
        list(body)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_the_payload_is_not_signed_but_announced(path: Path, secure: bool) -> None:
    """Its length is that of the file's part, and no hash of something else stands in its place."""
    client = StreamingMinio("127.0.0.1:9000", "key", "secret", secure=secure)
    said, _ = client._build_headers(
        "127.0.0.1:9000", {}, FileBody(path, 1, 10), StaticProvider("key", "secret").retrieve()
    )
    assert (said["Content-Length"], said["x-amz-content-sha256"]) == ("10", UNSIGNED)
    assert "Content-MD5" not in said
