"""The witness as a server (C2SP ``tlog-witness`` v1.0.0): a small application of its own, with no archive behind it.

``POST add-checkpoint`` for logs, ``GET <sha256 of the origin>/checkpoint`` for monitors, ``GET healthz``. The optional
``sign-subtree`` is not offered.
"""

from __future__ import annotations

import asyncio
import logging
import re

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.witness.service import Witness
from domain.errors import JianzhengError
from domain.ledger.witness import ADD_CHECKPOINT, MAX_REQUEST, TEXT, WitnessReply

PATIENCE = 10.0
"""Seconds in which a request must have arrived."""

_HASH = re.compile("[0-9a-f]{64}")

log = logging.getLogger("jianzheng.witness")


def create_witness_app(witness: Witness, prefix: str = "") -> Starlette:
    """``prefix``: the path under which it is asked, without a slash at its end."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            data = await asyncio.wait_for(_body(request), PATIENCE)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("the request did not arrive\n", 408, headers={"Connection": "close"})
        if data is None:
            return PlainTextResponse("the request is too long\n", 413, headers={"Connection": "close"})
        try:
            return _response(await run_in_threadpool(witness.add_checkpoint, data))
        except JianzhengError as error:  # nothing was cosigned that was not kept
            log.error("%s", error)
            return PlainTextResponse("not now\n", 503, headers={"Retry-After": "10"})

    async def checkpoint(request: Request) -> Response:
        digest = request.path_params["digest"]
        note = await run_in_threadpool(witness.checkpoint, digest) if _HASH.fullmatch(digest) else None
        if note is None:
            raise HTTPException(404)
        return Response(note, media_type=TEXT, headers={"Cache-Control": "public, max-age=5"})

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    app = Starlette(
        routes=[
            Route(f"{prefix}/{ADD_CHECKPOINT}", add_checkpoint, methods=["POST"]),
            Route(f"{prefix}/{{digest}}/checkpoint", checkpoint, methods=["GET"]),
            Route(f"{prefix}/healthz", healthz, methods=["GET"]),
        ]
    )
    app.router.redirect_slashes = False
    return app


async def _body(request: Request) -> bytes | None:
    """The request's bytes; None where there are too many of them."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_REQUEST:
            return None
    return bytes(data)


def _response(answer: WitnessReply) -> Response:
    headers = {} if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
    # Not as `media_type`: the framework would add a charset, and the protocol names the type to the letter.
    return Response(answer.body, answer.status, {"Content-Type": answer.media_type, **headers})
