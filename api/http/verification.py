"""The forensic check over HTTP. It reads the whole archive, so it runs once at a time, for who may verify all of it."""

from __future__ import annotations

import threading
from typing import cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.common.shapes.archive import VerificationJson
from api.http.auth import ActorDep
from api.http.context import ArchiveDep, VerifyDep, language
from api.http.operations import Operation, may
from domain.errors import Unavailable

MAX_KEPT = 4 << 20
"""Characters of what was kept: a receipt holds its whole event."""

router = APIRouter(tags=["archive"], route_class=Operation)


class CheckRunning(Unavailable):
    code = "check_running"
    zh = "另一次核验正在进行。"
    en = "Another check is running."
    next_zh = "请等它做完再试。"
    next_en = "Try again when it has finished."


class Scope(BaseModel):
    """``since`` is a checkpoint or a receipt that was kept elsewhere; ``sample`` hashes that many files instead of all,
    and the same ``seed`` chooses the same ones."""

    since: str | None = Field(None, max_length=MAX_KEPT)
    sample: int | None = Field(None, ge=0, le=10**9)
    seed: int | None = Field(None, ge=0, lt=2**63)


@router.post("/verify", openapi_extra=may("archive.verify", 507, top=True, changes=False))
def verify(request: Request, actor: ActorDep, archive: ArchiveDep, check: VerifyDep, said: Scope) -> VerificationJson:
    """Check every event, leaf, tile, checkpoint and file. The answer comes when it is done."""
    archive.policy.require_at_top(actor, "archive.verify")
    lock: threading.Lock = request.app.state.verifying
    if not lock.acquire(blocking=False):
        raise CheckRunning
    try:
        verification = check(since=said.since, sample=said.sample, seed=said.seed)
    finally:
        lock.release()
    return cast(VerificationJson, verification.as_json(language(request)))
