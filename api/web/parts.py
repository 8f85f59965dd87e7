"""What the pages need besides the parts that every route may ask for: work of other modules, ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from adapters.figures.index import FiguresTables
from api.http.context import part, part_made
from domain.errors import Lang
from indexers.loop import witness_status

FiguresDep = Annotated[FiguresTables, part_made(lambda house: house.figures)]

Witnesses = Callable[[Lang], dict[str, Any]]
WitnessesDep = Annotated[
    Witnesses, part(lambda house: partial(witness_status.witnesses, house.trust, house.cosignatures, house.ledger))
]
"""How the witnesses fare, with their faults in the language."""
