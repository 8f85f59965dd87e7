"""What every store of keys of sealed files promises."""

from __future__ import annotations

import hashlib
import secrets
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from adapters.blobs.sealing.keys import KEYS_FILE, BlobKeys, Seal, SQLiteBlobKeys
from adapters.blobs.sealing.postgres import PostgresBlobKeys
from adapters.postgres.database import Database
from tests.postgres_world import prepare

DIGESTS = sorted(hashlib.sha256(bytes([n])).hexdigest() for n in range(20))
SEALED = [hashlib.sha256(each.encode()).hexdigest() for each in DIGESTS]


@pytest.fixture(params=["sqlite", "postgres"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], BlobKeys]]:
    """Opens the same keys again and again, as several processes do, with the rights of the application."""
    if request.param == "sqlite":
        yield lambda: SQLiteBlobKeys(tmp_path / KEYS_FILE)
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield lambda: PostgresBlobKeys(database)


@pytest.fixture
def keys(connect: Callable[[], BlobKeys]) -> BlobKeys:
    return connect()


def seal(n: int) -> Seal:
    return Seal(secrets.token_bytes(32), SEALED[n])


def test_the_first_key_counts(connect: Callable[[], BlobKeys]) -> None:
    """Who comes second is told the key that is there, and both processes find that one."""
    first, second = seal(0), Seal(secrets.token_bytes(32), SEALED[1])
    one, other = connect(), connect()
    assert one.find([DIGESTS[0]]) == {}
    assert one.agree(DIGESTS[0], first) == first and other.agree(DIGESTS[0], second) == first
    assert other.find(DIGESTS) == {DIGESTS[0]: first}
    assert other.names(SEALED) == {SEALED[0]: DIGESTS[0]}
    assert tuple(other.counts()) == (1, 0)


def test_many_at_once_agree_on_one_key(connect: Callable[[], BlobKeys]) -> None:
    """Of eight that offer a key for the same bytes at the same moment, all go away with the same."""

    def offer(n: int) -> bytes | None:
        with closing(connect()) as keys:
            return keys.agree(DIGESTS[0], seal(n)).key

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(offer, range(8)))) == 1


def test_a_destroyed_key_is_gone_for_ever(connect: Callable[[], BlobKeys]) -> None:
    """Its digest stays known, never gets another key, and what it was sealed as is known too."""
    keys = connect()
    keys.agree(DIGESTS[0], seal(0))
    kept = keys.agree(DIGESTS[1], seal(1))
    for _ in range(2):
        keys.destroy(DIGESTS[0])
    keys.destroy(DIGESTS[2])
    again = connect()
    assert again.destroyed(DIGESTS) == {DIGESTS[0], DIGESTS[2]}
    assert again.find(DIGESTS[:3]) == {
        DIGESTS[0]: Seal(None, SEALED[0]),
        DIGESTS[1]: kept,
        DIGESTS[2]: Seal(None, None),
    }
    assert again.agree(DIGESTS[0], seal(3)) == Seal(None, SEALED[0])
    assert again.agree(DIGESTS[2], seal(4)) == Seal(None, None)
    assert again.names(SEALED) == {SEALED[0]: DIGESTS[0], SEALED[1]: DIGESTS[1]}
    assert tuple(again.counts()) == (1, 2) and again.remnants() == [SEALED[0]]


def test_all_are_told_in_order(keys: BlobKeys) -> None:
    """Page by page, ascending."""
    for n in range(20):
        keys.agree(DIGESTS[n], seal(n))
    assert [sha256 for page in keys.pages() for sha256 in page] == DIGESTS


def test_a_seal_does_not_show_its_key() -> None:
    """What somebody logs by mistake holds no key."""
    made = seal(0)
    assert made.key is not None and repr(made.key) not in repr(made) and made.key.hex() not in repr(made)


def test_nothing_of_a_destroyed_key_is_left_in_the_files(tmp_path: Path) -> None:
    """Neither in the database nor in its log, among two hundred others that stay."""
    store = SQLiteBlobKeys(tmp_path / KEYS_FILE)
    made = {hashlib.sha256(b"%d" % n).hexdigest(): secrets.token_bytes(32) for n in range(200)}
    for sha256, key in made.items():
        store.agree(sha256, Seal(key, hashlib.sha256(key).hexdigest()))
    gone = list(made)[::10]
    for sha256 in gone:
        store.destroy(sha256)
        there = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        assert made[sha256] not in there
    assert all(made[sha256] in there for sha256 in made if sha256 not in gone)
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}


def test_to_ask_makes_no_file(tmp_path: Path) -> None:
    """An archive in which nothing was sealed or erased has no keys' file."""
    store = SQLiteBlobKeys(tmp_path / KEYS_FILE)
    assert not store.destroyed(DIGESTS) and not store.find(DIGESTS) and not store.any() and not list(store.pages())
    assert tuple(store.counts()) == (0, 0) and list(tmp_path.iterdir()) == []
