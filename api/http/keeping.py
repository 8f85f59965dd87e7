"""How the archive fares: its checkpoint for anyone who is signed in, the state of the indexers for who manages them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.http.auth import ActorDep
from api.http.context import HouseDep, PipelineDep
from api.http.directory import may_at_top

router = APIRouter(tags=["archive"])


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
def index_status(house: HouseDep, actor: ActorDep, pipeline: PipelineDep) -> dict[str, Any]:
    """How far ledger, search and texts are, and what was set aside."""
    may_at_top(house, actor, "index.manage")
    return dict(pipeline.status())
