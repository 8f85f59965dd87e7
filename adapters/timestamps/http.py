"""A time-stamping authority over HTTP (RFC 3161, 3.4): one POST of a request, one answer, and nothing is believed.

Whoever asks waits for `DEADLINE` seconds and no longer, whatever the other side does: silent, dripping, or endless.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import urllib3
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from urllib3.exceptions import HTTPError

from adapters.timestamps.address import AuthorityAddress
from adapters.timestamps.answers import Checker, granted, require_imprint
from domain.errors import JianzhengError
from domain.ledger.timestamps import AuthorityUnreachable, InvalidTimestamp

CONNECT, READ, DEADLINE = 5.0, 10.0, 20.0
"""Seconds: until a connection, between two pieces of the answer, and in all."""

LARGEST = 64 * 1024
"""Bytes of an answer. A token with a chain of certificates has some five thousand."""

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


class HttpAuthority(Checker):
    """`domain.ledger.timestamps.TimestampAuthority`."""

    def __init__(self, address: AuthorityAddress, roots: Path, deadline: float = DEADLINE) -> None:
        super().__init__(address.name, roots)
        self.url, self.deadline = address.url, deadline

    def stamp(self, message: bytes) -> bytes:
        """The whole answer, verified: granted, over these bytes, to this request, signed up to a root.

        Raises `AuthorityUnreachable`, `TimestampRefused`, `InvalidTimestamp`, `RootsUnusable`.
        """
        _ = self.certificates  # nobody is asked for what could not be checked
        request = TimestampRequestBuilder(message, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
        answer = self._ask(request.as_bytes())
        granted(self.name, answer)
        require_imprint(self.check(answer, request.nonce), message)
        return answer

    def _ask(self, body: bytes) -> bytes:
        """In a thread of its own, which is left behind when it is late: no read of a socket can be trusted to end."""
        outcome: list[bytes | JianzhengError] = []

        def ask() -> None:
            try:
                outcome.append(self._post(body))
            except JianzhengError as error:
                outcome.append(error)

        thread = threading.Thread(target=ask, name=f"timestamp-{self.name}", daemon=True)
        thread.start()
        thread.join(self.deadline)
        if not outcome:
            raise AuthorityUnreachable(self.name, f"{self.deadline:.0f} s")
        if isinstance(outcome[0], JianzhengError):
            raise outcome[0]
        return outcome[0]

    def _post(self, body: bytes) -> bytes:
        end = time.monotonic() + self.deadline
        headers = {"Content-Type": QUERY, "Accept": REPLY, "Accept-Encoding": "identity"}
        timeout = urllib3.Timeout(connect=min(CONNECT, self.deadline), read=min(READ, self.deadline))
        with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
            try:
                answer = pool.request(
                    "POST", self.url, body=body, headers=headers, redirect=False, preload_content=False,
                    decode_content=False,
                )  # fmt: skip
                with closing(answer):
                    return self._read(answer, end)
            except (HTTPError, OSError) as error:
                reason = getattr(error, "reason", error)
                raise AuthorityUnreachable(self.name, type(reason).__name__) from None

    def _read(self, answer: urllib3.BaseHTTPResponse, end: float) -> bytes:
        if answer.status != 200:
            raise AuthorityUnreachable(self.name, f"HTTP {answer.status}")
        data = b""
        while piece := answer.read1(LARGEST):
            data += piece
            if len(data) > LARGEST:
                raise InvalidTimestamp("回答太长", "the answer is too long")
            if time.monotonic() > end:
                raise AuthorityUnreachable(self.name, f"{self.deadline:.0f} s")
        return data
