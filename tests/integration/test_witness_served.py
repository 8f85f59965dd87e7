"""The witness behind a real server: what goes over the wire, and that nobody gets two histories out of it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from adapters.keys.signing import verifier_of
from adapters.witness.limit import RateLimit
from adapters.witness.service import Witness
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import open_note
from domain.ledger.witness import MAX_REQUEST, Submission, origin_hash
from tests.unit.ledger.test_witness import EXCHANGES, FIRST
from tests.witness_world import ORIGIN, Log, make_witness, served

LOG = Log()
MONITOR = f"/{origin_hash(ORIGIN)}/checkpoint"


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return make_witness(tmp_path / "w", LOG)


@pytest.fixture
def url(witness: Witness) -> Iterator[str]:
    with served(witness, "/w1") as address:
        yield address


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False) as made:
        yield made


def post(pool: urllib3.PoolManager, url: str, body: bytes) -> urllib3.BaseHTTPResponse:
    return pool.request("POST", f"{url}/add-checkpoint", body=body)


def test_every_exchange_over_the_wire(url: str, witness: Witness, pool: urllib3.PoolManager) -> None:
    """All of the table, those first that sign nothing: status, body and content type to the letter."""
    for name, (request, status, body) in FIRST.items():
        if status != 200:
            answer = post(pool, url, request)
            assert (answer.status, body or answer.data.decode()) == (status, answer.data.decode()), name
    assert post(pool, url, LOG.submission(0, 5)).status == 200
    for name, (request, status, body) in EXCHANGES.items():
        if status == 200:
            continue
        answer = post(pool, url, request)
        assert answer.status == status, name
        if status == 409:
            assert (answer.data.decode(), answer.headers["Content-Type"]) == (body, "text/x.tlog.size"), name
    answer = post(pool, url, LOG.submission(5, 8))
    keys = [verifier_of(signer.key) for signer in witness.signers]
    assert len(open_note(LOG.note(8).encode() + answer.data, keys).signatures) == 2
    assert all(line.startswith("— ") for line in answer.data.decode().splitlines()) and answer.data.endswith(b"\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_monitors(url: str, pool: urllib3.PoolManager) -> None:
    """404 before anything was cosigned; then the checkpoint with the log's signature and the witness's, at the hash in
    lower case alone."""
    assert pool.request("GET", url + MONITOR).status == 404
    cosigned = post(pool, url, LOG.submission(0, 5)).data
    answer = pool.request("GET", url + MONITOR)
    assert (answer.status, answer.data) == (200, LOG.note(5).encode() + cosigned)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    hash_ = origin_hash(ORIGIN)
    for path in (f"/{hash_.upper()}/checkpoint", f"/{'0' * 64}/checkpoint", f"/{hash_}/checkpoint/", "/x/checkpoint"):
        assert pool.request("GET", url + path, redirect=False).status != 200


def test_what_else_is_asked(url: str, pool: urllib3.PoolManager) -> None:
    """Health; other methods and other paths, the optional sign-subtree among them."""
    assert pool.request("GET", f"{url}/healthz").status == 200
    assert pool.request("GET", f"{url}/add-checkpoint").status == 405
    assert pool.request("POST", url + MONITOR).status == 405
    for path in ("/sign-subtree", "/add-checkpoint/x", "", "/../add-checkpoint"):
        assert pool.request("POST", url + path, redirect=False).status in (404, 405)
    assert pool.request("POST", url.removesuffix("/w1") + "/add-checkpoint").status == 404


def test_connections_are_kept(url: str) -> None:
    """Refused and cosigned requests share one connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.connect()
    sock = connection.sock
    for body, status in ((b"", 400), (LOG.submission(0, 5), 200), (LOG.submission(0, 5), 409)):
        connection.request("POST", "/w1/add-checkpoint", body)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock) == (status, sock)
    connection.close()


def test_a_request_that_is_too_long(url: str, pool: urllib3.PoolManager) -> None:
    """It is not read to its end, nor is one without a length; nothing is cosigned."""
    assert post(pool, url, b"x" * (MAX_REQUEST + 1)).status == 413
    chunks = (b"x" * 65536 for _ in range(4))
    answer = pool.request("POST", f"{url}/add-checkpoint", body=chunks, chunked=True)
    assert answer.status == 413
    assert post(pool, url, LOG.submission(0, 5)).status == 200


def test_a_client_that_goes_away(url: str, pool: urllib3.PoolManager) -> None:
    """Half a request does no harm."""
    parts = urlsplit(url)
    for _ in range(3):
        with socket.create_connection((parts.hostname, parts.port)) as sock:
            sock.sendall(b"POST /w1/add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold 0")
    assert post(pool, url, LOG.submission(0, 5)).status == 200


def test_too_many_requests(url: str, witness: Witness, pool: urllib3.PoolManager) -> None:
    """429, and when to come again."""
    witness._limit = RateLimit(0.5, 1, lambda: 0.0)
    assert post(pool, url, LOG.submission(0, 5)).status == 200
    answer = post(pool, url, LOG.submission(5, 6))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "2")


def test_a_memory_that_fails_signs_nothing(url: str, witness: Witness, pool: urllib3.PoolManager) -> None:
    """What cannot be kept is not cosigned: 503."""

    def broken(*_: object) -> None:
        from domain.errors import StorageFull

        raise StorageFull

    witness.state.replace = broken  # type: ignore[method-assign,assignment]  # the fault is the test
    answer = post(pool, url, LOG.submission(0, 5))
    assert (answer.status, "Retry-After" in answer.headers) == (503, True)


def test_conflicting_submissions_at_once(url: str, witness: Witness) -> None:
    """Of eight histories that are sent at the same moment one is cosigned at each size, and no other ever."""
    forks = [Log(branch=str(n), fork=1) for n in range(8)]
    cosigned: dict[int, set[bytes]] = {}
    post_one = urllib3.PoolManager(maxsize=8, retries=False)

    def send(each: tuple[Log, int, int]) -> tuple[int, bytes]:
        log, old, size = each
        body = Submission(old, log.proof(old, size), log.note(size)).encode()
        return post(post_one, url, body).status, log.root(size)

    with ThreadPoolExecutor(8) as threads:
        size = 0
        for new in (3, 9, 40, 41):
            answers = list(threads.map(send, [(log, size, new) for log in forks]))
            cosigned[new] = {root for status, root in answers if status == 200}
            statuses = [status for status, _ in answers]
            # Who comes before the one that continues what was cosigned does not continue it (422); who comes after that
            # one is behind (409). From nothing everybody continues.
            assert statuses.count(200) == 1
            assert set(statuses) - {200} <= ({409} if size == 0 else {409, 422})
            size = new
    assert [len(roots) for roots in cosigned.values()] == [1, 1, 1, 1]
    post_one.clear()
    note = witness.checkpoint(origin_hash(ORIGIN))
    assert note is not None
    last = parse_checkpoint(note.rpartition("\n\n")[0] + "\n")
    assert {last.root} == cosigned[41]
