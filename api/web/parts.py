"""What the pages need besides the parts that every route may ask for: work of other modules, ready to be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Response

from adapters.figures import FiguresTables
from api.http import receipts, uploads
from api.http.context import part, part_made
from domain.access import Actor
from domain.archive import IncomingFile
from domain.errors import Lang
from indexers import watched

FiguresDep = Annotated[FiguresTables, part_made(lambda house: house.figures)]

IncomingDep = Annotated[
    Callable[[Actor, list[uploads.FileNamed]], list[IncomingFile]],
    part(lambda house: partial(uploads.incoming, house)),
]
"""The files that a form names, which were uploaded before it was sent. Raises `UploadMissing`."""

ReceiptDep = Annotated[Callable[..., Awaitable[Response]], part(lambda house: partial(receipts.served, house))]
"""A receipt as a file, as `api.http.receipts.served` makes it."""

Witnesses = Callable[[Lang], dict[str, Any]]
WitnessesDep = Annotated[Witnesses, part(lambda house: partial(watched.witnesses, house))]
"""How the witnesses fare, with their faults in the language."""
