"""What whoever keeps the archive running may know of the records that background work stumbles over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from domain.errors import NotAllowed

if TYPE_CHECKING:
    from domain.access import Actor
    from domain.records.filing import Archive
    from indexers.loop.dead_letters import NameOf


def name_for(archive: Archive, describe: Callable[[UUID], str | None], actor: Actor) -> NameOf:
    """Names a record to those who may read it. One that cannot be read any more is named by ``describe``, as far as it
    can be."""

    def name_of(stream: UUID) -> str | None:
        try:
            return archive.read(actor, str(stream)).code
        except NotAllowed:
            return None
        except Exception:  # the record itself may be what the program stumbles over
            return describe(stream)

    return name_of
