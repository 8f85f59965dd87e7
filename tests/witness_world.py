"""A log of our own making, witnesses, and a scripted server in a witness's place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import Ed25519Signer
from adapters.witness.limit import RateLimit
from adapters.witness.service import Witness, create_witness
from api.http.witness import create_witness_app
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.tree import consistency_proof, leaf_hash, root_of
from domain.ledger.witness import Submission
from tests.servers.processes import free_port

ORIGIN = "log.example/one"
WITNESS = "witness.example/w1"


class Log:
    """Leaf hashes and a key; ``branch`` makes another history from leaf ``fork`` on."""

    def __init__(self, origin: str = ORIGIN, seed: int = 1, branch: str = "", fork: int = 0) -> None:
        self.signer = Ed25519Signer(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))
        self.leaves = [leaf_hash(f"{n}{branch if n >= fork else ''}".encode()) for n in range(300)]

    def root(self, size: int) -> bytes:
        return root_of(self.leaves[:size])

    def note(self, size: int, root: bytes | None = None) -> str:
        return self.signer.sign_note(Checkpoint(self.signer.name, size, root or self.root(size)).text())

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        if not 0 < old < size:
            return ()
        return tuple(consistency_proof(old, size, lambda start, end: root_of(self.leaves[start:end])))

    def submission(self, old: int, size: int) -> bytes:
        return Submission(old, self.proof(old, size), self.note(size)).encode()


def make_witness(folder: Path, *logs: Log, name: str = WITNESS) -> Witness:
    """A witness that knows these logs, and lets them ask as often as they like."""
    witness = create_witness(folder, name)
    for log in logs:
        witness.state.add_log(log.signer.key, 0.0)
    witness._limit = RateLimit(1e9, 10**9, lambda: 0.0)
    return witness


@contextmanager
def served(witness: Witness, prefix: str = "") -> Iterator[str]:
    """The witness behind a real server; its address."""
    port = free_port()
    config = uvicorn.Config(create_witness_app(witness, prefix), port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{port}{prefix}"
    finally:
        server.should_exit = True
        thread.join()


Answering = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Scripted:
    """A server that answers what the test says, one after the other, and then the last for ever."""

    answers: list[Answering]
    asked: list[bytes] = field(default_factory=list)
    url: str = ""


def says(status: int, body: bytes = b"", **headers: str) -> Answering:
    """An answer; underscores of the names of headers are hyphens."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def scripted(*answers: Answering) -> Iterator[Scripted]:
    made = Scripted(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append(body)
            answer = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            answer(self, body)

        def do_GET(self) -> None:
            says(404)(self, b"")

        def log_message(self, format: str, *args: object) -> None:
            """Not into the output of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
