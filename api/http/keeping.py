"""How the archive fares: its checkpoint for anyone who is signed in, the state of the indexers for who manages them."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.common.shapes.archive import CheckpointJson, IndexStatus, Retried
from api.http.auth import ActorDep
from api.http.context import ArchiveDep, NamesDep, PipelineDep, PublisherDep, SignerDep, TroublesDep, language
from api.http.operations import Operation, may
from indexers.loop.dead_letters import chosen, items, retry

router = APIRouter(tags=["archive"], route_class=Operation)


class Wanted(BaseModel):
    """Ids of items, archival codes or SHA-256 digests; or all."""

    items: list[str] = Field(default=[], max_length=1000)
    all: bool = False


@router.get("/checkpoint", openapi_extra=may("signed_in", 404, changes=False))
def checkpoint(actor: ActorDep, publisher: PublisherDep, signer: SignerDep) -> CheckpointJson:
    """The latest signed checkpoint, taken apart."""
    text = publisher.checkpoint().decode()
    lines = text.splitlines()
    return {
        "checkpoint": text,
        "origin": lines[0],
        "tree_size": int(lines[1]),
        "root": lines[2],
        "vkey": signer.vkey(),
    }


@router.get("/index/status", openapi_extra=may("index.manage", top=True, changes=False))
def index_status(
    request: Request, actor: ActorDep, archive: ArchiveDep, pipeline: PipelineDep, names: NamesDep
) -> IndexStatus:
    """How far ledger, search, figures and texts are, what stands still, and what was set aside."""
    archive.policy.require_at_top(actor, "index.manage")
    return cast(IndexStatus, pipeline.status(language(request), names(actor)))


@router.post("/index/retry", status_code=202, openapi_extra=may("index.manage", 404, top=True, changes=False))
def index_retry(
    actor: ActorDep, archive: ArchiveDep, troubles: TroublesDep, names: NamesDep, wanted: Wanted
) -> Retried:
    """Have what was set aside tried again by the background work: the items named, or all."""
    archive.policy.require_at_top(actor, "index.manage")
    work, queue = troubles.work, troubles.queue
    again = items(work, queue) if wanted.all else chosen(work, queue, wanted.items, names(actor))
    return {"retried": retry(work, queue, again)}
