"""What is said between a fork server and who asks it: one connection for each process, its whole life long.

There: the three standard files, then a JSON object (``line``, ``folder``, ``environment``, ``session``, ``group``).
Back: the number of the process and, at its end, its status as wait(2) gives it, four bytes each.
"""

from __future__ import annotations

import json
import socket
from typing import Any

CONNECTION = socket.AF_UNIX, socket.SOCK_STREAM


class ServerLost(RuntimeError):
    """The fork server ended while it was needed: standard error says why."""


def ask(address: str, handles: list[int], wanted: dict[str, Any]) -> socket.socket:
    """A connection on which the process, and then its end, are told."""
    channel = socket.socket(*CONNECTION)
    try:
        channel.connect(address)
        socket.send_fds(channel, [b"f"], handles)
        channel.sendall(json.dumps(wanted).encode())
        channel.shutdown(socket.SHUT_WR)
    except OSError as error:
        channel.close()
        raise ServerLost from error
    return channel


def asked(channel: socket.socket) -> tuple[list[int], dict[str, Any]]:
    """In the process: the files, and what it is to be."""
    _, handles, _, _ = socket.recv_fds(channel, 1, 3)
    with channel.makefile("rb") as said:
        return handles, json.load(said)


def tell(channel: socket.socket, number: int) -> None:
    channel.sendall(number.to_bytes(4, "big"))


def told(channel: socket.socket) -> int:
    """The next of the two numbers; waits for it."""
    said = channel.recv(4, socket.MSG_WAITALL)
    if len(said) < 4:
        raise ServerLost
    return int.from_bytes(said, "big")
