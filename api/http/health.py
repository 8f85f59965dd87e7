"""Is the process alive, and can it reach what it needs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.http.context import HouseDep
from api.readiness import parts, sound

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers. Asked of the event loop itself, so also while every thread waits for a server."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(house: HouseDep, response: Response) -> dict[str, Any]:
    """What can be reached, in a few seconds; 503 while records cannot be read or filed. Search may be down: the rest
    goes on."""
    found = parts(house)
    if not sound(found):
        response.status_code = 503
    return {"status": "ok" if sound(found) else "unavailable", "parts": found}
