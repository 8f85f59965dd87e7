"""What commands, pages and HTTP put together of an archive's parts, each for itself by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from api.common import keeping, readiness
from api.common.shapes.records import RecordShapes
from indexers.loop.witness_status import witnesses
from operations.naming import describe

if TYPE_CHECKING:
    from adapters.home.house import House
    from domain.access import Actor
    from indexers.loop.dead_letters import NameOf


def record_shapes(house: House) -> RecordShapes:
    """What shows the records of this archive in JSON."""
    return RecordShapes(house.ledger, house.events, house.texts)


def names(house: House) -> Callable[[Actor], NameOf]:
    """What records are called to whom."""
    return partial(keeping.name_for, house.archive, partial(describe, house.events))


def reached(house: House) -> Callable[[], dict[str, str]]:
    """What can be reached, as `api.common.readiness.parts` says it."""
    return partial(
        readiness.parts,
        house.probe,
        events=house.events,
        ledger=house.ledger,
        engine=lambda: house.engine,
        files=partial(readiness.files_there, house.settings, house.servers.bucket),
        witnesses=None
        if house.settings.policy is None
        else partial(witnesses, house.trust, house.cosignatures, house.ledger),
    )
