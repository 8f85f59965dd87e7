"""Lawful erasure over HTTP: propose, approve or reject, and see what was. The JSON is the command line's."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import shapes
from api.http.auth import ActorDep
from api.http.context import HouseDep
from api.http.records import LONG, Reason, storable

router = APIRouter(tags=["erasures"])

Json = dict[str, Any]


class ErasureIn(BaseModel):
    """``files``: names or digests; none for all of the record."""

    ground: str = Field("", max_length=100)
    basis: str = Field("", max_length=LONG)
    files: list[str] = Field([], max_length=1000)


@router.get("/erasures")
def erasures(house: HouseDep, actor: ActorDep) -> Json:
    """What was proposed, and what became of it, as far as the asker may propose or decide."""
    return shapes.proceedings_json(house.erasing.proceedings(actor), house.erasures.left())


@router.post("/records/{reference}/erasure")
def propose(house: HouseDep, actor: ActorDep, reference: str, said: ErasureIn) -> Json:
    """Propose to erase the record, or ``files`` of it, on a ``ground`` and by the number of a decision (``basis``)."""
    files, ground, basis = storable((said.files, said.ground, said.basis))
    return shapes.erasing_json(house.erasing.propose(actor, reference, ground, basis, files))


@router.post("/records/{reference}/erasure/approve")
def approve(house: HouseDep, actor: ActorDep, reference: str) -> Json:
    """Approve what somebody else proposed. What goes cannot be brought back; the proof that it existed stays."""
    return shapes.erasing_json(house.erasing.approve(actor, reference))


@router.post("/records/{reference}/erasure/reject")
def reject(house: HouseDep, actor: ActorDep, reference: str, said: Reason) -> Json:
    """Reject what was proposed."""
    return shapes.erasing_json(house.erasing.reject(actor, reference, storable(said.reason)))
