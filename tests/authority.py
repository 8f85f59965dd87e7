"""A time-stamping authority for tests: ``openssl ts`` behind a small HTTP server, with a root certificate of its own.

It does as it is told (`Authority.mood`), also what no honest authority would.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIGURATION = """\
[tsa]
default_tsa = one
[one]
serial = ./serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""

YEAR = timedelta(days=365)


@dataclass
class Authority:
    """``folder`` holds its keys, ``roots`` the certificate to trust. ``asked``: how many requests came."""

    folder: Path
    url: str = ""
    mood: str = "well"
    asked: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, query: bytes, signer: str = "signer") -> bytes:
        """What ``openssl ts`` answers."""
        (self.folder / "query").write_bytes(query)
        self.openssl(
            "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "query", "-signer", f"{signer}.pem",
            "-inkey", f"{signer}.key", "-out", "reply",
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def query(self, message: bytes) -> bytes:
        """A request of ``openssl ts``, with a nonce of its own."""
        (self.folder / "message").write_bytes(message)
        self.openssl("-query", "-data", "message", "-sha256", "-cert", "-out", "asked")
        return (self.folder / "asked").read_bytes()

    def stamp(self, message: bytes) -> bytes:
        return self.reply(self.query(message))

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", "ts", *arguments], cwd=self.folder, check=True, capture_output=True)

    def verifies(self, answer: Path, message: Path) -> bool:
        """Whether ``openssl ts -verify``, which knows nothing of us, finds the answer good."""
        command = ["openssl", "ts", "-verify", "-in", answer, "-data", message, "-CAfile", self.roots]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def make(folder: Path, start: datetime | None = None) -> Authority:
    """Keys and certificates of a new authority, good for ten years from ``start`` (now)."""
    folder.mkdir(parents=True)
    begin = start or datetime.now(UTC) - timedelta(days=1)
    root_key, root = _certificate("Test root", None, begin)
    for name, since in (("signer", begin), ("expired", begin - 20 * YEAR)):
        key, certificate = _certificate(f"Test {name}", (root_key, root), since)
        _write(folder / f"{name}.key", key)
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "tsa.cnf").write_text(CONFIGURATION)
    (folder / "serial").write_text("01\n")
    return Authority(folder)


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """Answer on a port of this machine while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, authority))
    server.daemon_threads = True
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield authority
    finally:
        authority.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, authority: Authority, *arguments: object) -> None:
        self.authority = authority
        self.lock = _LOCK
        super().__init__(*arguments)  # type: ignore[arg-type]  # what the server hands over

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/timestamp-query"
        with self.lock:
            self.authority.asked += 1
            answer = _MOODS[self.authority.mood](self.authority, query)
        if self.authority.mood in ("silent", "dripping"):
            return self._slowly(answer)
        self.send_response({"broken": 503, "moved": 302}.get(self.authority.mood, 200))
        if self.authority.mood == "moved":
            self.send_header("Location", self.authority.url)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with suppress(ConnectionError):  # the client had enough
            self.wfile.write(answer)
        return None

    def _slowly(self, answer: bytes) -> None:
        if self.authority.mood == "dripping":
            self.send_response(200)
            self.end_headers()
        while not self.authority.stop.wait(0.02):
            try:
                if self.authority.mood == "dripping":
                    self.wfile.write(answer[:1])
            except OSError:
                return


_LOCK = threading.Lock()  # openssl's serial number is a file

_MOODS: dict[str, Callable[[Authority, bytes], bytes]] = {
    "well": lambda authority, query: authority.reply(query),
    "refusing": lambda authority, query: authority.reply(query[:10] + b"\x00" * 20),
    "other nonce": lambda authority, query: authority.reply(authority.query(_note_of(authority))),
    "other imprint": lambda authority, query: authority.reply(_other_imprint(query)),
    "expired": lambda authority, query: authority.reply(query, "expired"),
    "garbage": lambda authority, query: b"<html>please sign in</html>",
    "nothing": lambda authority, query: b"",
    "truncated": lambda authority, query: authority.reply(query)[:-20],
    "huge": lambda authority, query: authority.reply(query) + bytes(1 << 20),
    "broken": lambda authority, query: b"",
    "moved": lambda authority, query: b"",
    "silent": lambda authority, query: b"",
    "dripping": lambda authority, query: b"0",
}

MOODS = tuple(_MOODS)


def _note_of(authority: Authority) -> bytes:
    """What tests have stamped, so that only the nonce differs."""
    return (authority.folder / "wanted").read_bytes()


def _other_imprint(query: bytes) -> bytes:
    """The same request over something else: its digest stands behind the header of an OCTET STRING of 32 bytes."""
    at = query.index(b"\x04\x20") + 2
    return query[:at] + sha256(b"other").digest() + query[at + 32 :]


def _certificate(
    name: str, issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None, begin: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + 10 * YEAR)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return key, builder.sign(key if issuer is None else issuer[0], hashes.SHA256())


def _write(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def wait_until(done: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Look until something is so."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()
