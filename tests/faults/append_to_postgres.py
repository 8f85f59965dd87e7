"""A process of its own that appends to a PostgreSQL event store, and says what was acknowledged.

``python -m tests.faults.append_to_postgres URL COUNT SEED`` appends COUNT events in batches of one stream each and
prints ``stream size`` for each batch that is stored. Where an append fails as *not stored* it is repeated: that it then
is no conflict shows that it was not. Where the outcome is *unknown*, because the server is away, it is looked up as a
person would do. With COUNT 0 it inserts a batch, says ``inside``, and never commits.
"""

from __future__ import annotations

import random
import sys
import time
from uuid import UUID

from adapters.events.postgres import PostgresEventStore, insert
from adapters.events.rows import new_row
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from adapters.postgres.faults import DatabaseUnreachable, OutcomeUnknown
from domain.records.events import RecordSignedOff
from tests.fakes import stamp


def batch(chance: random.Random, size: int) -> list[RecordSignedOff]:
    stream = UUID(int=chance.getrandbits(128))
    return [RecordSignedOff(remark="同意", **stamp().header(stream, n + 1)) for n in range(size)]


def stored(store: PostgresEventStore, events: list[RecordSignedOff]) -> bool:
    """Append them, or find out that they were."""
    try:
        store.append(events)
    except OutcomeUnknown:
        while True:
            try:
                return store.stream(events[0].originator_id) == events
            except DatabaseUnreachable:
                time.sleep(0.05)
    except DatabaseUnreachable:
        return False
    return True


def main(url: str, count: int, seed: str) -> None:
    database, chance = Database(Address.parse(url)), random.Random(seed)
    if count == 0:
        with database.transaction() as link:
            insert(link, [new_row(event) for event in batch(chance, 7)])
            print("inside", flush=True)
            time.sleep(3600)
    store = PostgresEventStore(database)
    while count:
        events = batch(chance, min(count, chance.randint(1, 60)))
        while not stored(store, events):
            time.sleep(0.05)
        print(events[0].originator_id, len(events), flush=True)
        count -= len(events)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
