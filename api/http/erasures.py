"""Lawful erasure over HTTP: propose, approve or reject, and see what was. The JSON is the command line's."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.common.shapes.erasures import ConsideredJson, ProceedingsJson, considered_json, proceedings_json
from api.http.auth import ActorDep
from api.http.context import ErasingDep, ErasureLogDep
from api.http.operations import Operation, may
from api.http.records import LONG, Reason, storable

router = APIRouter(tags=["erasures"], route_class=Operation)


class ErasureIn(BaseModel):
    """``files``: names or digests; none for all of the record."""

    ground: str = Field("", max_length=100)
    basis: str = Field("", max_length=LONG)
    files: list[str] = Field([], max_length=1000)


@router.get("/erasures", openapi_extra=may("filtered", changes=False))
def erasures(actor: ActorDep, erasing: ErasingDep, log: ErasureLogDep) -> ProceedingsJson:
    """What was proposed, and what became of it, as far as the asker may propose or decide."""
    return proceedings_json(erasing.proceedings(actor), log.left())


@router.post("/records/{reference}/erasure", openapi_extra=may("erasure.propose"))
def propose(actor: ActorDep, erasing: ErasingDep, reference: str, said: ErasureIn) -> ConsideredJson:
    """Propose to erase the record, or ``files`` of it, on a ``ground`` and by the number of a decision (``basis``)."""
    files, ground, basis = storable((said.files, said.ground, said.basis))
    return considered_json(erasing.propose(actor, reference, ground, basis, files))


@router.post("/records/{reference}/erasure/approve", openapi_extra=may("erasure.approve"))
def approve(actor: ActorDep, erasing: ErasingDep, reference: str) -> ConsideredJson:
    """Approve what somebody else proposed. What goes cannot be brought back; the proof that it existed stays."""
    return considered_json(erasing.approve(actor, reference))


@router.post("/records/{reference}/erasure/reject", openapi_extra=may("erasure.approve"))
def reject(actor: ActorDep, erasing: ErasingDep, reference: str, said: Reason) -> ConsideredJson:
    """Reject what was proposed."""
    return considered_json(erasing.reject(actor, reference, storable(said.reason)))
