"""Around every request: host names, size of bodies, headers that browsers obey, one log line, and no traceback.

Plain ASGI, so that streams stay streams. The log goes to standard error as one JSON object a line; it holds paths
without their queries, and no header or body, so that no token, password or search can leak into it.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any, TextIO

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import BodyTooLarge, HostNotServed, Unexpected
from api.http.problems import answer
from domain.errors import JianzhengError

log = logging.getLogger("jianzheng.http")

UPLOADS = "/api/v1/uploads"

MAX_BODY = 8 << 20
"""Bytes of a request other than an upload: a record with the longest minutes is a small part of it."""

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""Set on every answer that does not say otherwise itself."""

HEAD_ASKED = "jianzheng.head"
"""In the scope of a HEAD, which everything inside answers as the GET it is like."""

_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_STRICT = (b"strict-transport-security", b"max-age=31536000")


def asks_for_head(scope: Scope) -> bool:
    """Whether only the headers are asked for, so that a body need not be prepared."""
    return HEAD_ASKED in scope


class Shield:
    def __init__(self, app: ASGIApp, hosts: Iterable[str] = (), max_body: int = MAX_BODY) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, sent = time.perf_counter(), Sent(send, secure=scope["scheme"] == "https")
        try:
            await self._guarded(scope, receive, sent)
        except ClientDisconnect:
            sent.status = 499  # the client went away: nobody reads an answer
        except JianzhengError as error:  # raised outside of a route
            await self._answer(error, scope, receive, sent)
        except Exception as error:
            if sent.begun and isinstance(fault := error.__cause__, JianzhengError):  # Starlette cannot answer with it
                log.error("cut short", extra={"path": scope["path"], "code": fault.code, "reason": fault.message("en")})
                raise CutShort from None
            reference = secrets.token_hex(4)
            log.exception("unexpected", extra={"reference": reference, "path": scope["path"]})
            if sent.begun:
                raise CutShort from error
            await self._answer(Unexpected(reference=reference), scope, receive, sent)
        finally:
            log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": sent.status,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                    "address": (scope.get("client") or ("",))[0],
                },
            )

    async def _guarded(self, scope: Scope, receive: Receive, send: Sent) -> None:
        if scope["method"] == "HEAD":  # like GET (RFC 9110, section 9.3.2); the server leaves the body out
            scope = {**scope, "method": "GET", HEAD_ASKED: True}
        headers = Headers(scope=scope)
        if not self._serves(headers.get("host", "")):
            raise HostNotServed
        if scope["path"] == UPLOADS:
            await self.app(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self.max_body:
            raise BodyTooLarge(limit=self.max_body)
        await self.app(scope, _Limited(receive, self.max_body), send)

    async def _answer(self, error: JianzhengError, scope: Scope, receive: Receive, send: Sent) -> None:
        if not send.begun:
            await answer(Request(scope, receive), error)(scope, receive, send)

    def _serves(self, host: str) -> bool:
        """Addresses, names of the local network, and those configured: no name that a stranger can register.

        A page at ``evil.example`` that lets its own name point here speaks to us with that name in ``Host``.
        """
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        name = name.lower().rstrip(".")
        if "." not in name and ":" not in name and name:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name in self.hosts or name.endswith((".localhost", ".local"))
        return True


class CutShort(Exception):
    """An answer that had begun could not be finished; the server closes the connection, so the reader knows.

    Why is in the log already.
    """


class Sent:
    """``send`` that adds the headers and remembers what was answered."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send, self._secure = send, secure
        self.begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            said = message["headers"] = list(message.get("headers", ()))
            names = {name.lower() for name, _ in said}
            said += [header for header in _RAW if header[0] not in names]
            if self._secure and _STRICT[0] not in names:
                said.append(_STRICT)
        await self._send(message)


class _Limited:
    """``receive`` that stops a body which grows past what was declared or allowed."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit, self._got = receive, limit, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._got += len(message.get("body", b""))
        if self._got > self._limit:
            raise BodyTooLarge(limit=self._limit)
        return message


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, what happened, and the fields given with it."""

    FIELDS = ("method", "path", "status", "ms", "address", "reference", "code", "reason")

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in self.FIELDS if hasattr(record, name)})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def is_news(record: logging.LogRecord) -> bool:
    """Not what the server says of an answer that we cut short: the reason was logged where it was known."""
    return not (record.exc_info and isinstance(record.exc_info[1], CutShort))


def json_lines(stream: TextIO | None = None) -> logging.Handler:
    """What writes the log: to standard error unless another stream is given."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(is_news)
    return handler


def log_to_stderr(level: int = logging.INFO) -> None:
    """For the server process: our lines, and the framework's warnings, as JSON on standard error."""
    root = logging.getLogger()
    root.handlers[:] = [json_lines()]
    root.setLevel(logging.WARNING)
    logging.getLogger("jianzheng").setLevel(level)
