"""The tests' own surroundings: they cannot reach the network, and do not see the developer's settings."""

from __future__ import annotations

import os
import socket

import pytest

from tests.conftest import ConnectionOutside, is_local


def test_a_connection_outside_is_refused() -> None:
    """Connecting to an address of the documentation range fails before a packet leaves."""
    with socket.socket() as sock, pytest.raises(ConnectionOutside):
        sock.connect(("192.0.2.1", 80))


def test_loopback_stays_open() -> None:
    """A server on loopback can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    ("family", "address", "local"),
    [
        (socket.AF_INET, ("127.8.8.8", 1), True),
        (socket.AF_INET, ("localhost", 1), True),
        (socket.AF_INET6, ("::1", 1, 0, 0), True),
        (socket.AF_UNIX, "/run/some.sock", True),
        (socket.AF_INET, ("192.0.2.1", 1), False),
        (socket.AF_INET, ("example.org", 1), False),
        (socket.AF_INET6, ("2001:db8::1", 1, 0, 0), False),
    ],
)
def test_which_addresses_are_local(family: int, address: object, local: bool) -> None:
    """Loopback and everything that is not IP is local, nothing else."""
    assert is_local(family, address) is local


def test_the_developers_settings_are_not_seen() -> None:
    """No setting of an archive or a language reaches a test unless the test sets it."""
    assert [name for name in os.environ if name.startswith("JIANZHENG_")] == []
    assert os.environ["LANG"] == "C.UTF-8"
