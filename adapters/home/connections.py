"""The servers that the settings name: connections that several parts share, and whether they are this archive's.

Clients are loaded where a server is named. An embedded archive has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.home.settings import Settings
from adapters.servers import binding

if TYPE_CHECKING:
    from adapters.home.identity import Identity
    from adapters.keys.key_folder import SigningKeys
    from adapters.postgres.database import Database, Link
    from adapters.s3.client import Client
    from adapters.search.elastic.connection import Connection
    from adapters.search.elastic.generations import ElasticGenerations
    from adapters.search.generations import SearchGenerations
    from adapters.servers.binding import Place
    from adapters.servers.breaker import Breaker


@dataclass(frozen=True)
class Servers:
    """Connections that several parts share; opened by whoever first asks something, closed after all of them."""

    database: Database | None
    bucket: Client | None
    search: Connection | None = None

    def close(self) -> None:
        if self.search is not None:
            self.search.close()
        if self.bucket is not None:
            self.bucket.close()
        if self.database is not None:
            self.database.close()


def servers(settings: Settings) -> Servers:
    """Nothing is connected yet; None for each server that the settings do not name."""
    database, bucket, search = None, None, None
    if settings.database is not None:
        from adapters.postgres.database import Database

        database = Database(settings.database)
    if settings.bucket is not None:
        from adapters.s3.client import Client

        bucket = Client(settings.bucket)
    if settings.search is not None:
        from adapters.search.elastic.connection import Connection

        search = Connection(settings.search)
    return Servers(database, bucket, search)


def places(shared: Servers) -> list[Place]:
    """The servers that hold what must be this archive's. An index holds nothing of its own: `prefix`."""
    shared_places: list[Place] = []
    if shared.database is not None:
        from adapters.postgres.binding import DatabasePlace

        shared_places.append(DatabasePlace(shared.database))
    if shared.bucket is not None:
        from adapters.s3.binding import BucketPlace

        shared_places.append(BucketPlace(shared.bucket))
    return shared_places


def prefix(shared: Servers) -> Place | None:
    """Where the search server keeps this archive's index, and no other's."""
    if shared.search is None:
        return None
    from adapters.search.elastic.binding import PrefixPlace

    return PrefixPlace(shared.search)


def bind_prefix(shared: Servers, identity: Identity, keys: SigningKeys) -> None:
    """For an archive that is being made, which does not need its search server for that. Raises `PlaceInUse`."""
    search, place = shared.search, prefix(shared)
    if search is not None and place is not None:
        with binding.later(lambda: search.confirmation.expect(lambda: binding.confirm(place, identity, keys))):
            bound = place.bound()
            if bound is not None and bound.origin != identity.origin:  # though nothing is in it yet
                raise binding.PlaceInUse(place=str(place))
            binding.bind_new([place], identity)


def confirm(shared: Servers, identity: Identity, keys: SigningKeys) -> None:
    """Have each server say that it is this archive's: now, or where it cannot be reached, before it is used."""
    if (database := shared.database) is not None:
        from adapters.postgres.binding import DatabaseLink

        def ask_database(link: Link) -> None:
            binding.confirm(DatabaseLink(link, database.address), identity, keys)

        with binding.later(lambda: database.confirmation.expect(ask_database)), database.connection() as link:
            ask_database(link)
    if (bucket := shared.bucket) is not None:
        from adapters.s3.binding import BucketPlace

        def ask_bucket(client: Client) -> None:
            binding.confirm(BucketPlace(client), identity, keys)

        with binding.later(lambda: bucket.confirmation.expect(lambda: ask_bucket(bucket))):
            ask_bucket(bucket.hurried())
    if (search := shared.search) is not None and (place := prefix(shared)) is not None:

        def ask_search() -> None:
            binding.confirm(place, identity, keys)

        with binding.later(lambda: search.confirmation.expect(ask_search)):
            ask_search()


def same_place(ours: Servers, theirs: Servers) -> bool:
    """Whether two addresses are names of one database, or of one bucket."""
    if ours.database is not None and theirs.database is not None:
        from adapters.postgres.binding import same_database

        if same_database(ours.database, theirs.database):
            return True
    if ours.bucket is not None and theirs.bucket is not None:
        from adapters.s3.binding import same_bucket

        return same_bucket(ours.bucket, theirs.bucket)
    return False


def breakers(shared: Servers, engine: SearchGenerations | ElasticGenerations) -> list[Breaker]:
    """One for each server that the settings name."""
    named = [each.breaker for each in (shared.database, shared.bucket) if each is not None]
    breaker: Breaker | None = getattr(engine, "breaker", None)  # the embedded engine has none
    return named if breaker is None else [*named, breaker]
