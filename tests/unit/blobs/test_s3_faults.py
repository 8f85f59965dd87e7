"""What a line to no S3 server at all ends in."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.s3.address import Address
from adapters.s3.client import Client, Patience
from adapters.s3.faults import FileStoreUnreachable
from domain.errors import StorageFailed

PATIENCE = Patience(connect=1, read=1, total=0.2, first_pause=0.01, longest_pause=0.05)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port at which each connection is handed to ``answer``."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def said(port: int, secure: str) -> str:
    """The reason that a person is told."""
    url = f"s3://key:secret@127.0.0.1:{port}/bucket?secure={secure}&region=here"
    with pytest.raises(FileStoreUnreachable) as caught:
        Client(Address.parse(url), PATIENCE).head("key")
    return str(caught.value.params["reason"])


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nLast-Modified: never\r\n\r\n", b"\x00\xff"],
    ids=["ssh", "odd date", "noise"],
)
def test_something_else_answers(answer: bytes) -> None:
    """Whatever comes back that is no S3, it is our error, soon."""

    def send(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with listening(send) as port:
        assert said(port, "no") in ("connection broke", "unintelligible answer")


def test_silence_ends() -> None:
    """A server that accepts and says nothing is given up."""
    done = threading.Event()
    with listening(lambda connection: done.wait(30) and None) as port:
        began = time.monotonic()
        assert said(port, "no") == "no answer in time"
        assert time.monotonic() - began < 30
        done.set()


def test_nobody_listens() -> None:
    """A refused connection is said to be one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert said(port, "no") == "connection refused"


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    """Unless the setting names it: then the connection is made (and what answers is no S3)."""
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n")

    with listening(greet) as port:
        assert said(port, "yes") == "certificate not trusted"
        address = f"s3://key:secret@127.0.0.1:{port}/bucket?region=here&ca={certificate}"
        with pytest.raises(StorageFailed, match="HTTP 418"):
            Client(Address.parse(address), PATIENCE).head("key")


def self_signed(folder: Path) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path
