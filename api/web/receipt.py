"""Check a receipt 核对回执: for anybody, without an account; the browser itself does all of it."""

from __future__ import annotations

from base64 import b64encode

from fastapi import APIRouter, Request, Response

from api.http.auth import ActorDep
from api.http.context import OriginDep, PolicyDep, SettingsDep, SignerDep, language
from api.http.receipts import Format, Number, ReceiptFilesDep
from api.web.page import render, say
from domain.streams import TOPICS

router = APIRouter()

WORDS = (
    "failed", "bad_policy", "pdf", "pdf_next", "unreadable", "nothing", "complete", "holds", "holds_about", "own_key",
    "no_witness", "unchecked", "other_file", "other_file_about", "file_differs", "file_same", "your_files", "event",
    "event_n", "code", "by", "at", "reason", "record", "index", "leaf", "bytes", "named_files", "ledger", "origin",
    "size", "root", "key", "witnesses", "none", "ask", "ask_about", "still", "erased", "unknown", "no_answer",
)  # fmt: skip
"""What the page's script says."""

WHY = (
    "note", "key", "signature", "stranger", "checkpoint", "log", "quorum", "quorum_unchecked", "policy", "policy_line",
    "proof", "event", "outside", "length", "root", "complete", "complete_differs", "statement",
)  # fmt: skip
"""Why the script refuses a file: the reasons of its modules."""


@router.get("/receipt")
def page(request: Request, policy: PolicyDep, signer: SignerDep, settings: SettingsDep, origin: OriginDep) -> Response:
    t = say(request)
    words = {key: t.raw(f"receipt.{key}") for key in WORDS}
    words |= {f"act:{topic}": t.name(kind) for topic, kind in TOPICS.items()}
    words |= {f"why:{key}": t.raw(f"receipt.why.{key}") for key in WHY}
    return render(
        request,
        "receipt.html",
        active="verify",
        policy=b64encode(policy().data).decode(),
        vkey=signer.vkey(),
        zone=str(settings.zone),
        origin=origin,
        words=words,
    )


@router.get("/records/{reference}/receipt")
async def file(
    request: Request,
    actor: ActorDep,
    files: ReceiptFilesDep,
    reference: str,
    version: Number = None,
    format: Format = "tlog-proof",
    complete: bool = False,
) -> Response:
    """The file itself, as HTTP gives it; what goes wrong is shown as a page."""
    return await files.served(actor, language(request), reference, version, None, format, complete=complete)
