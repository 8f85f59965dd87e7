"""A keepsake: what it is, who kept it, and whether it is still there."""

from __future__ import annotations

from uuid import UUID

from domain.keepsakes.keeping import Keepsakes
from fastapi import APIRouter, Request, Response

from api.http.auth import ActorDep
from api.http.context import ArchiveDep, EventsDep
from api.web.page import render

router = APIRouter()


@router.get("/keepsakes/{keepsake}")
def page(request: Request, archive: ArchiveDep, events: EventsDep, actor: ActorDep, keepsake: UUID) -> Response:
    keepsakes = Keepsakes(events, archive.policy, archive.clock, archive.entropy)
    return render(request, "keepsakes/page.html", active="search", keepsake=keepsakes.find(actor, keepsake))
