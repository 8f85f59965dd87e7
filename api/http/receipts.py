"""Receipts over HTTP: made for whoever may read the record, checked for anybody."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from adapters.bootstrap import House
from adapters.signing import verifier_of
from api.http.auth import ActorDep
from api.http.context import HouseDep, language
from api.http.serving import disposition
from api.receipts import Compared, erased_since, indulgent, judgement_json, read_policy, record_named, what_became
from domain.access import Actor
from domain.errors import Lang
from domain.judging import judge
from domain.ledger import completeness, proof
from domain.ledger.policy import MAX_POLICY
from domain.receipts import PAUSES, ReceiptNotReady

router = APIRouter(tags=["receipts"])

Json = dict[str, Any]
Format = Literal["tlog-proof", "pdf"]
Number = Annotated[int | None, Query(ge=1, le=10**9)]

MOST_FILES = 10_000
_DIGEST = r"^[0-9a-f]{64}$"


class ToVerify(BaseModel):
    """``receipt``: the file's text. ``policy``: a trust policy or a verifier key; the archive's own without it.
    ``files``: SHA-256 of files to be held against the event."""

    receipt: str = Field(max_length=proof.MAX_PROOF)
    policy: str | None = Field(None, max_length=MAX_POLICY)
    files: list[Annotated[str, Field(pattern=_DIGEST)]] = Field([], max_length=MOST_FILES)


@router.get("/records/{reference}/receipt", response_class=Response)
async def receipt(
    house: HouseDep,
    actor: ActorDep,
    request: Request,
    reference: str,
    version: Number = None,
    event: Number = None,
    format: Format = "tlog-proof",
    complete: bool = False,
) -> Response:
    """The receipt of a record's newest event, of the event that made ``version`` or of number ``event`` of its history,
    as a ``.tlog-proof`` or a PDF; with ``complete`` the completeness receipt. Waits a few seconds for the ledger."""
    return await served(house, actor, language(request), reference, version, event, format, complete=complete)


@router.post("/receipts/verify")
def verify(house: HouseDep, request: Request, said: ToVerify) -> Json:
    """What a receipt proves. Needs no account; of the archive its policy is read, and whether what is
    proven was lawfully erased since: whoever has the receipt knows the event."""
    policy = house.trust.published().policy if said.policy is None else read_policy(_bytes(said.policy))
    found = judge(_bytes(said.receipt), policy, verifier_of)
    named = found.files() if found.ok else {}
    compared = [Compared("", each, named[each].name if each in named else None) for each in said.files if found.ok]
    zone = house.settings.zone
    return judgement_json(
        found, language(request), compared, own=said.policy is None, zone=zone, erased=erased_since(house, found)
    )


@router.get("/receipts/event")
def event(
    house: HouseDep,
    record: UUID,
    version: Annotated[int, Query(ge=1, le=10**9)],
    leaf: Annotated[str, Query(min_length=44, max_length=44)],
) -> Json:
    """What became of an event that is named by its leaf hash (base64): whether the ledger has it, and by which event it
    was lawfully erased. Needs no account: whoever knows the hash has a receipt of it."""
    return what_became(house, record, version, leaf)


async def served(
    house: House,
    actor: Actor,
    lang: Lang,
    reference: str,
    version: int | None,
    event: int | None,
    format: Format,
    *,
    complete: bool,
) -> Response:
    """A receipt as a file to be saved. While it waits for the ledger it holds no thread: many may wait at once."""

    def make() -> Response:
        if complete:
            text = house.receipts.complete(actor, reference, pauses=())
            return _file(text.encode(), "application/json", house.receipts.name(actor, reference), completeness.SUFFIX)
        text = house.receipts.one(actor, reference, version=version, revision=event, pauses=())
        judged = judge(text.encode(), indulgent(house), verifier_of)
        record = house.archive.read(actor, reference)
        name = f"{record.code}-{judged.receipts[0].version}"
        if format != "pdf":
            return _file(text.encode(), "text/plain; charset=utf-8", name, proof.SUFFIX)
        from adapters.rendering.receipt import receipt_pdf  # Typst takes long to load, and a receipt does without

        named = record_named(house, record, judged.receipts[0].version)
        data = receipt_pdf(text, judged, lang, house.settings.zone, record=named, fonts=house.settings.fonts)
        return _file(data, "application/pdf", name, ".pdf")

    for pause in PAUSES:
        try:
            return await run_in_threadpool(make)
        except ReceiptNotReady:
            await asyncio.sleep(pause)
    return await run_in_threadpool(make)


def _file(data: bytes, media_type: str, name: str, ending: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition(name + ending)})


def _bytes(text: str) -> bytes:
    """What was sent as text; half of a surrogate pair is no character of any receipt."""
    return text.encode("utf-8", "replace")
