"""Each part of an archive, from the settings: embedded, or on the server that they name.

Tables and files are chosen each for themselves: `adapters.home.embedded` and `adapters.home.on_servers` make them, with
methods of the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.home.connections import Servers
from adapters.home.embedded import EmbeddedFiles, EmbeddedTables
from adapters.home.on_servers import BucketFiles, DatabaseTables
from adapters.home.settings import Settings

if TYPE_CHECKING:
    from adapters.blobs.sealing.store import SealedBlobStore
    from adapters.evidence.questions import Evidence, IndexPlace, PublishedPlace, TablesPlace
    from adapters.keys.command import CommandSigner
    from adapters.keys.key_folder import SigningKeys
    from adapters.search.elastic.generations import ElasticGenerations
    from adapters.search.generations import SearchGenerations
    from adapters.timestamps.http import HttpAuthority


def tables(settings: Settings, servers: Servers) -> EmbeddedTables | DatabaseTables:
    """Where events, ledger and all other tables are: files of the home, or the database that is named."""
    return EmbeddedTables(settings) if servers.database is None else DatabaseTables(servers.database)


def files(settings: Settings, servers: Servers) -> EmbeddedFiles | BucketFiles:
    """Where files, published tiles and texts are: folders of the home, or the bucket that is named."""
    if servers.bucket is None:
        return EmbeddedFiles(settings)
    return BucketFiles(settings, servers.bucket, servers.database)


def blobs(settings: Settings, servers: Servers, *, alone: bool = False) -> SealedBlobStore:
    """The files of records; ``alone``: for one process that stages and keeps by itself.

    What is sealed, or was erased, may become known at any time by another process or machine: so the sealing stands
    before every store, and asks nothing of it where there is no key.
    """
    from adapters.blobs.sealing.store import SealedBlobStore

    keys, place = tables(settings, servers).blob_keys(), files(settings, servers)
    store = place.blobs(keys) if isinstance(place, EmbeddedFiles) else place.blobs(keys, alone=alone)
    return SealedBlobStore(store, keys, sealing=settings.sealing)


def engine(settings: Settings, servers: Servers) -> SearchGenerations | ElasticGenerations:
    """The search index: a folder of the home, or the server that is named. It is opened by whoever first asks it."""
    if servers.search is None:
        from adapters.search.generations import SearchGenerations

        return SearchGenerations(settings.index_folder)
    from adapters.search.elastic.generations import ElasticGenerations

    return ElasticGenerations(servers.search, tables(settings, servers).lock("index"))


def evidence(settings: Settings) -> Evidence:
    """What the forensic check opens for itself, in as many processes as it takes."""
    from adapters.evidence.questions import Evidence

    return Evidence(_tables_place(settings), _published_place(settings))


def _tables_place(settings: Settings) -> TablesPlace:
    if settings.database is None:
        return EmbeddedTables(settings).evidence()
    from adapters.evidence.postgres import PostgresTables

    return PostgresTables(settings.database)


def _published_place(settings: Settings) -> PublishedPlace:
    if settings.bucket is None:
        return EmbeddedFiles(settings).published()
    from adapters.evidence.published_s3 import PublishedBucket

    return PublishedBucket(settings.bucket)


def index(settings: Settings) -> IndexPlace:
    """Where the forensic check finds what the search index holds."""
    if settings.search is None:
        from adapters.search.inspection import EmbeddedIndexPlace

        return EmbeddedIndexPlace(settings.index_folder)
    from adapters.search.elastic.inspection import ElasticIndexPlace

    return ElasticIndexPlace(settings.search)


def keys(settings: Settings) -> SigningKeys:
    """What can sign on this machine: files of the key folder, and the operator's command."""
    from adapters.keys.key_folder import load_keys

    return load_keys(settings.keys_folder, sign_commands(settings))


def sign_commands(settings: Settings) -> list[CommandSigner]:
    """One for each key that the operator's command signs with."""
    from adapters.keys.command import CommandSigner

    return [CommandSigner(key, settings.sign_command) for key in settings.sign_keys]


def authorities(settings: Settings) -> list[HttpAuthority]:
    """The time-stamping authorities that are asked."""
    from adapters.timestamps.http import HttpAuthority

    return [HttpAuthority(each, settings.roots_of(each.name)) for each in settings.timestamp_authorities]
