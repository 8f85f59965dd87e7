"""Is the process alive, and can it reach what it needs."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.common.readiness import sound
from api.common.shapes.archive import Alive, Readiness
from api.http.context import ReadinessDep
from api.http.operations import Operation, may

router = APIRouter(tags=["health"], route_class=Operation)


@router.get("/healthz", openapi_extra=may("anyone", changes=False))
async def alive() -> Alive:
    """The process answers. Asked of the event loop itself, so also while every thread waits for a server."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    openapi_extra=may("anyone", changes=False),
    responses={503: {"model": Readiness, "description": "Records cannot be read or filed."}},
)
def ready(parts: ReadinessDep, response: Response) -> Readiness:
    """What can be reached, in a few seconds; 503 while records cannot be read or filed. Search may be down: the rest
    goes on."""
    states = parts()
    if not sound(states):
        response.status_code = 503
    return {"status": "ok" if sound(states) else "unavailable", "parts": states}
