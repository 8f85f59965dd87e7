"""How the ledger's public files are served (C2SP `tlog-tiles`), the same from a folder and from a bucket."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from adapters.keys.signing import verifier
from adapters.ledger.publisher_s3 import S3Publisher
from domain.ledger.checkpoint import open_checkpoint
from domain.ledger.tiles import ENTRIES, Tile, read_bundle, read_tile, tiles_between
from domain.ledger.tree import leaf_hash, root_of
from tests.http_world import World, make_world
from tests.interop.logs import grow, log_at, take_the_place
from tests.ledger_world import ORIGIN
from tests.s3_world import client
from tests.servers import own

PUBLISHED = [1, 2, 255, 256, 300, 513, 520]
SIZE = PUBLISHED[-1]
PARTIAL = SIZE % 256

CHECKPOINT, VKEY = "checkpoint", "vkey"
HASHES, BUNDLE = "tile/0/000", "tile/entries/000"
FILES = [CHECKPOINT, VKEY, HASHES, BUNDLE, f"tile/0/002.p/{PARTIAL}", f"tile/entries/002.p/{PARTIAL}", "tile/1/000.p/2"]

ABSENT = [
    "tile/0/003", "tile/0/002", "tile/0/002.p/9", "tile/2/000.p/1", "tile/1/000", "tile/1/000.p/3", "tile/63/000",
    "tile/entries/003", f"tile/entries/002.p/{PARTIAL + 1}", "tile/entries/x001/000",
]  # fmt: skip
"""Addresses of tiles that a tree of this size does not have."""

MALFORMED = [
    "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/x000",
    "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+0/000", "tile/data/000", "tile/entries/0", "tile/0/000/",
    "tile/0/000.p", "tile/0/000.p/", "tile/0/002.p/08", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/1/",
    "tile/0/000.p/x", "tile/0/000.P/8", "tile/0/٠٠٠", "tile/0/000%00", "tile/0/000.p/%31%32%33%34", "tile/8/0/000",
    "tile/0/%2e%2e/checkpoint", "tile/0/..%2f..%2fcheckpoint", "checkpoint/", "checkpoint.txt", "Checkpoint",
    "last-signed", "tile/0/000.gz", "tile/0/000;", "tile/ENTRIES/000",
]  # fmt: skip
"""What is no address of anything."""


@pytest.fixture(scope="module", params=["folder", "bucket"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("served")
    made = make_world(home / "archive")
    if request.param == "folder":
        log = log_at(home / "log")
    else:
        bucket = client(request.getfixturevalue("module_bucket"))
        log = log_at(home / "log", S3Publisher(bucket))
    for size in PUBLISHED:
        grow(log, size)
    take_the_place(made.house, log)
    yield made
    log.close()
    made.house.close()


@pytest.fixture(scope="module")
def module_bucket(s3_url: str) -> Iterator[str]:
    with own.own_bucket(s3_url) as url:
        yield url


@pytest.fixture
def stranger(world: World) -> TestClient:
    found = world.client()
    found.headers["accept-encoding"] = "identity"
    return found


@pytest.mark.parametrize("name", FILES)
def test_what_is_there(stranger: TestClient, name: str) -> None:
    """Type, length, caching, and that other people's pages may read it; without an account, without a cookie."""
    answer = stranger.get(f"/ledger/{name}")
    text = name in (CHECKPOINT, VKEY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == ("text/plain; charset=utf-8" if text else "application/octet-stream")
    assert answer.headers["content-length"] == str(len(answer.content))
    caching = "public, max-age=5" if text else "public, max-age=31536000, immutable"
    assert answer.headers["cache-control"] == caching
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in answer.headers and "content-encoding" not in answer.headers


@pytest.mark.parametrize("name", [*ABSENT, *MALFORMED])
def test_what_is_not(stranger: TestClient, name: str) -> None:
    """404, kept by nobody: a tile that is not there today may be there tomorrow."""
    answer = stranger.get(f"/ledger/{name}", follow_redirects=False)
    assert answer.status_code == 404, name
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("size", PUBLISHED)
def test_every_published_tree(stranger: TestClient, size: int) -> None:
    """Of each size that had a checkpoint every tile is there: the partial one, or the full one that came after it."""

    def read(tile: Tile) -> bytes:
        answer = stranger.get(f"/ledger/{tile.path}")
        if answer.status_code == 404 and tile.width < 256:
            answer = stranger.get(f"/ledger/{tile.full.path}")
        assert answer.status_code == 200, tile
        return answer.content

    hashes: dict[tuple[int, int], list[bytes]] = {}
    for tile in tiles_between(0, size):
        hashes[tile.level, tile.number] = read_tile(read(tile))[: tile.width]
        if tile.level == 0:
            entries = read_bundle(read(tile._replace(level=ENTRIES)))[: tile.width]
            assert [leaf_hash(each) for each in entries] == hashes[0, tile.number]
        elif tile.level == 1:
            assert hashes[1, 0] == [root_of(hashes[0, number]) for number in range(tile.width)]
    if size == SIZE:
        key = verifier(stranger.get("/ledger/vkey").text)
        note = open_checkpoint(stranger.get("/ledger/checkpoint").content, ORIGIN, [key])
        assert note.size == size
        assert note.root == root_of(
            [each for (level, _), some in sorted(hashes.items()) if level == 0 for each in some]
        )


@pytest.mark.parametrize("name", FILES)
def test_head(stranger: TestClient, name: str) -> None:
    """The same headers, no body."""
    whole, head = stranger.get(f"/ledger/{name}"), stranger.head(f"/ledger/{name}")
    assert (head.status_code, head.content) == (200, b"")
    for header in ("content-type", "content-length", "cache-control", "etag", "access-control-allow-origin"):
        assert head.headers[header] == whole.headers[header], header
    assert stranger.head("/ledger/tile/0/003").status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_who_has_it_already(stranger: TestClient, name: str) -> None:
    """`If-None-Match` with the tag, among others, weakly, or with a star: 304 and no body. With another tag: all."""
    whole = stranger.get(f"/ledger/{name}")
    tag = whole.headers["etag"]
    for asked in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = stranger.get(f"/ledger/{name}", headers={"if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b""), asked
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == whole.headers["cache-control"]
    for asked in ('"x"', tag.strip('"'), tag[:-2] + '"', ""):
        answer = stranger.get(f"/ledger/{name}", headers={"if-none-match": asked})
        assert (answer.status_code, answer.content) == (200, whole.content), asked


PACKED = ["gzip", "GZIP", "identity, gzip", "gzip;q=0.5, identity", "br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip; q=1"]
PLAIN = ["", "identity", "br", "gzip;q=0", "gzip;q=0.000, br", "*", "xgzip", "gzipx"]


@pytest.mark.parametrize("asked", [*PACKED, *PLAIN])
def test_bundles_are_compressed_for_who_takes_it(world: World, asked: str) -> None:
    """Gzip only if the caller named it, with a tag of its own; and the same bytes when it is opened."""
    found = world.client()
    plain = found.get(f"/ledger/{BUNDLE}", headers={"accept-encoding": "identity"})
    answer = found.get(f"/ledger/{BUNDLE}", headers={"accept-encoding": asked})
    assert answer.content == plain.content  # the client has opened it
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    packed = answer.headers.get("content-encoding") == "gzip"
    assert packed == (asked in PACKED)
    assert packed == (int(answer.headers["content-length"]) < len(plain.content))
    assert packed == (answer.headers["etag"] != plain.headers["etag"])
    again = found.get(f"/ledger/{BUNDLE}", headers={"accept-encoding": asked, "if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", [CHECKPOINT, VKEY, HASHES])
def test_what_is_not_worth_it_is_not_compressed(world: World, name: str) -> None:
    """Hashes cannot be made smaller, and the others are a line or two."""
    answer = world.client().get(f"/ledger/{name}", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers and "vary" not in answer.headers


def test_the_same_bytes_every_time(world: World) -> None:
    """A compressed bundle is the same each time, so that its tag is true."""

    def raw() -> bytes:
        with world.client().stream("GET", f"/ledger/{BUNDLE}", headers={"accept-encoding": "gzip"}) as answer:
            return b"".join(answer.iter_raw())

    one: Any = raw()
    assert one == raw() and read_bundle(gzip.decompress(one), 256)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nobody_writes(stranger: TestClient, method: str) -> None:
    """There is nothing to be sent here."""
    assert stranger.request(method, "/ledger/checkpoint").status_code in (401, 403, 405)
    assert stranger.request(method, f"/ledger/{HASHES}").status_code in (401, 403, 405)
