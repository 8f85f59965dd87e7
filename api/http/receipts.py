"""Receipts over HTTP: made for whoever may read the record, checked for anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from adapters.home.settings import Settings
from adapters.keys.signing import verifier_of
from adapters.ledger.policy import PublishedPolicy
from api.common.receipts import (
    Compared,
    erased_since,
    indulgent,
    judgement_json,
    read_policy,
    record_named,
    what_became,
)
from api.common.shapes.receipts import CompleteReceipt, EventOutcome, JudgementJson
from api.http.auth import ActorDep
from api.http.context import (
    ArchiveDep,
    DirectoryDep,
    EventsDep,
    LedgerDep,
    OriginDep,
    PolicyDep,
    ReceiptsDep,
    SettingsDep,
    language,
)
from api.http.operations import Operation, file_of, may
from api.http.serving import disposition
from domain.access import Actor
from domain.errors import Lang
from domain.ledger import completeness, proof
from domain.ledger.policy import MAX_POLICY
from domain.organisations.directory import Directory
from domain.proofs.judging import judge
from domain.proofs.receipts import PAUSES, ReceiptNotReady, Receipts
from domain.records.filing import Archive

router = APIRouter(tags=["receipts"], route_class=Operation)

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


@dataclass(frozen=True)
class ReceiptFiles:
    """Receipts as files to be saved. While one waits for the ledger it holds no thread: many may wait at once."""

    receipts: Receipts
    archive: Archive
    directory: Callable[[], Directory]
    published: Callable[[], PublishedPolicy]
    settings: Settings

    async def served(
        self,
        actor: Actor,
        lang: Lang,
        reference: str,
        version: int | None,
        event: int | None,
        format: Format,
        *,
        complete: bool,
    ) -> Response:
        """Raises `ReceiptNotReady` where the ledger has not come so far in a few seconds."""

        def make() -> Response:
            return self._made(actor, lang, reference, version, event, format, complete=complete)

        for pause in PAUSES:
            try:
                return await run_in_threadpool(make)
            except ReceiptNotReady:
                await asyncio.sleep(pause)
        return await run_in_threadpool(make)

    def _made(
        self,
        actor: Actor,
        lang: Lang,
        reference: str,
        version: int | None,
        event: int | None,
        format: Format,
        *,
        complete: bool,
    ) -> Response:
        if complete:
            text = self.receipts.complete(actor, reference, pauses=())
            name = self.receipts.name(actor, reference)
            return _file(text.encode(), "application/json", name, completeness.SUFFIX)
        text = self.receipts.one(actor, reference, version=version, revision=event, pauses=())
        judged = judge(text.encode(), indulgent(self.published()), verifier_of)
        record = self.archive.read(actor, reference)
        name = f"{record.code}-{judged.receipts[0].version}"
        if format != "pdf":
            return _file(text.encode(), "text/plain; charset=utf-8", name, proof.SUFFIX)
        from adapters.rendering.receipt import receipt_pdf  # Typst takes long to load, and a receipt does without

        named = record_named(self.directory(), record, judged.receipts[0].version)
        data = receipt_pdf(text, judged, lang, self.settings.zone, record=named, fonts=self.settings.fonts)
        return _file(data, "application/pdf", name, ".pdf")


async def receipt_files(
    receipts: ReceiptsDep, archive: ArchiveDep, directory: DirectoryDep, published: PolicyDep, settings: SettingsDep
) -> ReceiptFiles:
    """What makes receipts of records for a request."""
    return ReceiptFiles(receipts, archive, directory, published, settings)


ReceiptFilesDep = Annotated[ReceiptFiles, Depends(receipt_files)]


@router.get(
    "/records/{reference}/receipt",
    response_class=Response,
    openapi_extra=may("record.read", 410, changes=False),
    responses=file_of("text/plain", "application/pdf", "application/json", shape=CompleteReceipt),
)
async def receipt(
    request: Request,
    actor: ActorDep,
    files: ReceiptFilesDep,
    reference: str,
    version: Number = None,
    event: Number = None,
    format: Format = "tlog-proof",
    complete: bool = False,
) -> Response:
    """The receipt of a record's newest event, of the event that made ``version`` or of number ``event`` of its history,
    as a ``.tlog-proof`` or a PDF; with ``complete`` the completeness receipt. Waits a few seconds for the ledger."""
    return await files.served(actor, language(request), reference, version, event, format, complete=complete)


@router.post("/receipts/verify", openapi_extra=may("anyone", changes=False))
def verify(
    request: Request, events: EventsDep, origin: OriginDep, published: PolicyDep, settings: SettingsDep, said: ToVerify
) -> JudgementJson:
    """What a receipt proves. Needs no account; of the archive its policy is read, and whether what is
    proven was lawfully erased since: whoever has the receipt knows the event."""
    policy = published().policy if said.policy is None else read_policy(_bytes(said.policy))
    judgement = judge(_bytes(said.receipt), policy, verifier_of)
    named = judgement.files() if judgement.ok else {}
    compared = [Compared("", each, named[each].name if each in named else None) for each in said.files if judgement.ok]
    erased = erased_since(events, origin, judgement)
    own, zone = said.policy is None, settings.zone
    return judgement_json(judgement, language(request), compared, own=own, zone=zone, erased=erased)


@router.get("/receipts/event", openapi_extra=may("anyone", changes=False))
def event(
    events: EventsDep,
    ledger: LedgerDep,
    record: UUID,
    version: Annotated[int, Query(ge=1, le=10**9)],
    leaf: Annotated[str, Query(min_length=44, max_length=44)],
) -> EventOutcome:
    """What became of an event that is named by its leaf hash (base64): whether the ledger has it, and by which event it
    was lawfully erased. Needs no account: whoever knows the hash has a receipt of it."""
    return what_became(events, ledger, record, version, leaf)


def _file(data: bytes, media_type: str, name: str, ending: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition(name + ending)})


def _bytes(text: str) -> bytes:
    """What was sent as text; half of a surrogate pair is no character of any receipt."""
    return text.encode("utf-8", "replace")
