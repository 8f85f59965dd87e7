"""Asking witnesses over HTTP (C2SP ``tlog-witness``): bounded in time and in size, and never led elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from adapters.witness.faults import WitnessUnreachable
from domain.ledger.note import MAX_NOTE
from domain.ledger.witness import ADD_CHECKPOINT

CONNECT, READ, WHOLE = 5.0, 10.0, 20.0
"""Seconds for a connection, between two pieces of an answer, and for all of it."""

MAX_ANSWER = 64 << 10
LONGEST_PAUSE = 3600.0
"""Seconds. A witness cannot ask to be left alone for longer."""

_PIECE = 4096


class Reply(NamedTuple):
    status: int
    body: bytes
    retry_after: float | None  # seconds


class WitnessClient(Protocol):
    def submit(self, url: str, body: bytes) -> Reply:
        """``POST add-checkpoint`` below the address. Raises `WitnessUnreachable`."""
        ...

    def checkpoint(self, url: str, digest: str) -> bytes | None:
        """What the witness shows monitors of the log with this hash of its origin; None where it does not."""
        ...

    def close(self) -> None:
        """Close the connections that were kept."""
        ...


class HttpWitnesses:
    """`WitnessClient`. Connections are kept; certificates are checked against those that the system trusts."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._pool = urllib3.PoolManager(
            num_pools=32, timeout=urllib3.Timeout(connect=CONNECT, read=READ), retries=False, maxsize=2
        )

    def submit(self, url: str, body: bytes) -> Reply:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return self._ask("POST", f"{url.rstrip('/')}/{ADD_CHECKPOINT}", MAX_ANSWER, body, headers)

    def checkpoint(self, url: str, digest: str) -> bytes | None:
        answer = self._ask("GET", f"{url.rstrip('/')}/{digest}/checkpoint", MAX_NOTE)
        return answer.body if answer.status == 200 else None

    def close(self) -> None:
        self._pool.clear()

    def _ask(
        self, method: str, url: str, most: int, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        try:
            response = self._pool.request(
                method, url, body=body, headers=headers, redirect=False, preload_content=False, decode_content=False
            )
        except (HTTPError, ValueError) as error:  # a `ValueError`: an address that is none
            raise WitnessUnreachable(_reason(error)) from None
        try:
            data = self._read(response, most)
        except (HTTPError, OSError) as error:
            response.close()
            raise WitnessUnreachable(_reason(error)) from None
        return Reply(response.status, data, _pause(response.headers.get("Retry-After")))

    def _read(self, response: BaseHTTPResponse, most: int) -> bytes:
        data, until = bytearray(), self._now() + WHOLE
        while piece := response.read1(_PIECE):
            data += piece
            if len(data) > most:
                response.close()
                raise WitnessUnreachable("answer too long")
            if self._now() > until:
                response.close()
                raise WitnessUnreachable("answer too slow")
        response.release_conn()
        return bytes(data)


def _reason(error: Exception) -> str:
    return type(error).__name__


def _pause(header: str | None) -> float | None:
    """``Retry-After`` in seconds (RFC 9110, 10.2.3); a date is taken as no number."""
    return min(float(header), LONGEST_PAUSE) if header and header.isascii() and header.isdecimal() else None
