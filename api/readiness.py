"""Can the archive be read and written now? Asked by ``/readyz`` and by ``jianzheng check --quick``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.errors import JianzhengError

if TYPE_CHECKING:
    from adapters.bootstrap import House

NEEDED = ("events", "ledger", "files")
"""Search may be down without stopping the rest."""


def parts(house: House) -> dict[str, str]:
    """``ok``, ``missing`` or an error's code for each part, in a few seconds whatever the servers do.

    Where witnesses are asked, ``witnesses`` says whether enough of them cosigned.
    """
    house.probe()
    questions: dict[str, Callable[[], bool]] = {
        "events": lambda: house.events.head() > 0,
        "ledger": lambda: house.ledger.size() >= 0,
        "files": lambda: _files(house),
        "search": lambda: house.engine.position() >= 0,
    }
    found: dict[str, str] = {}
    for name, reach in questions.items():
        try:
            found[name] = "ok" if reach() else "missing"
        except JianzhengError as error:
            found[name] = error.code
    if house.settings.policy is not None:
        found["witnesses"] = _witnesses(house)
    return found


def sound(found: dict[str, str]) -> bool:
    return all(found[name] == "ok" for name in NEEDED)


def _witnesses(house: House) -> str:
    """``witnessed``, ``unwitnessed``, ``alarm``, or an error's code; none of them stops anything."""
    from indexers.watched import witnesses

    try:
        return str(witnesses(house.trust, house.cosignatures, house.ledger)["state"])
    except JianzhengError as error:
        return error.code


def _files(house: House) -> bool:
    if house.servers.bucket is None:
        return house.settings.blobs_folder.is_dir()
    house.servers.bucket.require_bucket()
    return True
