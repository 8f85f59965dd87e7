"""Is the process alive, and can it reach what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from adapters.bootstrap import House
from api.http.context import HouseDep
from domain.errors import JianzhengError

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(house: HouseDep, response: Response) -> dict[str, Any]:
    """What can be reached; 503 while the archive cannot be read. Search may be down without stopping the rest."""
    parts: dict[str, Callable[[], bool]] = {
        "events": lambda: house.events.head() > 0,
        "ledger": lambda: house.ledger.size() >= 0,
        "files": lambda: _files(house),
        "search": lambda: house.engine.position() >= 0,
    }
    found: dict[str, str] = {}
    for name, reach in parts.items():
        try:
            found[name] = "ok" if reach() else "missing"
        except JianzhengError as error:
            found[name] = error.code
    sound = all(found[name] == "ok" for name in ("events", "ledger", "files"))
    if not sound:
        response.status_code = 503
    return {"status": "ok" if sound else "unavailable", "parts": found}


def _files(house: House) -> bool:
    if house.servers.bucket is None:
        return house.settings.blobs_folder.is_dir()
    house.servers.bucket.require_bucket()
    return True
