"""What whoever keeps the archive running may know of the records that background work stumbles over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from domain.errors import NotAllowed
from indexers.naming import describe

if TYPE_CHECKING:
    from adapters.bootstrap import House
    from domain.access import Actor
    from indexers.setaside import NameOf


def name_for(house: House, actor: Actor) -> NameOf:
    """Names a record to those who may read it. One that cannot be read any more is named as far as it can be."""

    def name_of(stream: UUID) -> str | None:
        try:
            return house.archive.read(actor, str(stream)).code
        except NotAllowed:
            return None
        except Exception:  # the record itself may be what the program stumbles over
            return describe(house.events, stream)

    return name_of
