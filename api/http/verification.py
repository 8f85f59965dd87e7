"""The forensic check over HTTP. It reads the whole archive, so it runs once at a time, for who may verify all of it."""

from __future__ import annotations

import threading
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.http.auth import ActorDep
from api.http.context import HouseDep, language
from domain.errors import Unavailable
from indexers.verification import verify_archive

MAX_KEPT = 4 << 20
"""Characters of what was kept: a receipt holds its whole event."""

router = APIRouter(tags=["archive"])


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


@router.post("/verify")
def verify(house: HouseDep, actor: ActorDep, request: Request, said: Scope) -> dict[str, Any]:
    """Check every event, leaf, tile, checkpoint and file. The answer comes when it is done."""
    house.archive.policy.require_at_top(actor, "archive.verify")
    lock: threading.Lock = request.app.state.verifying
    if not lock.acquire(blocking=False):
        raise CheckRunning
    try:
        found = verify_archive(house, since=said.since, sample=said.sample, seed=said.seed)
    finally:
        lock.release()
    return found.as_json(language(request))
