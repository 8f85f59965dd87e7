"""Text queues on either back end, for tests; an address is all that another process needs to open the same one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from adapters.postgres.address import Address
from adapters.postgres.database import Database
from adapters.queue.postgres import PostgresTextQueue
from adapters.queue.text_queue import QueueTables, TextQueue
from tests.postgres_world import prepare

BACK_ENDS = ("sqlite", "postgres")


def new_queue(back_end: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of an empty queue."""
    if back_end == "sqlite":
        return str(folder / "views.sqlite")
    return prepare(request.getfixturevalue("postgres_database")).url()


@contextmanager
def opened(address: str) -> Iterator[QueueTables]:
    """With the rights of the application."""
    if not address.startswith("postgresql:"):
        yield TextQueue(Path(address))
        return
    with closing(Database(Address.parse(address))) as database:
        yield PostgresTextQueue(database)
