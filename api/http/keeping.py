"""How the archive fares: its checkpoint for anyone who is signed in, the state of the indexers for who manages them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.http.auth import ActorDep
from api.http.context import HouseDep, PipelineDep, language
from api.keeping import name_for
from indexers.setaside import chosen, items, retry

router = APIRouter(tags=["archive"])


class Wanted(BaseModel):
    """Ids of items, archival codes or SHA-256 digests; or all."""

    items: list[str] = Field(default=[], max_length=1000)
    all: bool = False


@router.get("/checkpoint")
def checkpoint(house: HouseDep, actor: ActorDep) -> dict[str, Any]:
    """The latest signed checkpoint, taken apart."""
    text = house.publisher.checkpoint().decode()
    lines = text.splitlines()
    return {
        "checkpoint": text,
        "origin": lines[0],
        "tree_size": int(lines[1]),
        "root": lines[2],
        "vkey": house.signer.vkey(),
    }


@router.get("/index/status")
def index_status(request: Request, house: HouseDep, actor: ActorDep, pipeline: PipelineDep) -> dict[str, Any]:
    """How far ledger, search, figures and texts are, what stands still, and what was set aside."""
    house.archive.policy.require_at_top(actor, "index.manage")
    return pipeline.status(language(request), name_for(house, actor))


@router.post("/index/retry", status_code=202)
def index_retry(house: HouseDep, actor: ActorDep, wanted: Wanted) -> dict[str, Any]:
    """Have what was set aside tried again by the background work: the items named, or all."""
    house.archive.policy.require_at_top(actor, "index.manage")
    work, queue, name_of = house.work, house.queue, name_for(house, actor)
    again = items(work, queue) if wanted.all else chosen(work, queue, wanted.items, name_of)
    return {"retried": retry(work, queue, again)}
