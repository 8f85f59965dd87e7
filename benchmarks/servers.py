"""Places for archives on real servers: PostgreSQL, MinIO and Elasticsearch, each its own database, bucket and prefix.

The servers are those that `tests.servers` finds: addresses given, else started with their data on this machine's disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from minio.error import MinioException

from tests.servers import __main__ as lasting
from tests.servers import find, own
from tests.servers.addresses import SETTINGS, name_in, place
from tests.servers.local import KINDS


@dataclass(frozen=True)
class Servers:
    """Their addresses, as whoever administers them."""

    urls: dict[str, str]

    def new_place(self) -> dict[str, str]:
        """A database, a bucket and a prefix of one's own, as the environment of an archive."""
        name = own.new_name()
        own.make_database(self.urls["postgres"], name)
        own.make_bucket(self.urls["s3"], name, lock=False)
        return {SETTINGS[kind]: place(self.urls[kind], name) for kind in KINDS}

    def remove(self, environment: dict[str, str]) -> None:
        """Everything that was put there."""
        name = name_in(environment[SETTINGS["postgres"]])
        with own.own_database(self.urls["postgres"], name):
            pass
        with suppress(MinioException):
            own.empty_bucket(self.urls["s3"], name)
            own.s3_client(self.urls["s3"]).remove_bucket(name)
        with own.elasticsearch_client(self.urls["elasticsearch"]) as client:
            for index in client.indices.get(index=f"{name}*", expand_wildcards="all"):
                client.indices.delete(index=index)

    def versions(self) -> str:
        with psycopg.connect(self.urls["postgres"]) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        with own.elasticsearch_client(self.urls["elasticsearch"]) as client:
            nodes = client.nodes.info(filter_path="nodes.*.version,nodes.*.jvm.mem.heap_max_in_bytes")["nodes"]
        node = next(iter(nodes.values()))
        heap = round(node["jvm"]["mem"]["heap_max_in_bytes"] / 2**20)
        return f"PostgreSQL {row[0] if row else '?'}, MinIO, Elasticsearch {node['version']} (heap {heap} MiB)"


@contextmanager
def servers() -> Iterator[Servers]:
    """Those of ``python -m tests.servers up`` where they run; others are started and ended with the block.

    The addresses are put into the environment, so that processes started in the block find the same ones.
    """
    given = {kind: os.environ.get(find.GIVEN[kind], "") for kind in KINDS}
    if all(given.values()):
        yield Servers(given)
        return
    running = lasting.current() is not None
    try:
        outcomes = lasting.up(list(KINDS))
        missing = [f"{kind}: {outcome.unavailable}" for kind, outcome in outcomes.items() if not outcome.url]
        if missing:
            raise SystemExit("\n".join(missing))
        urls = {kind: outcome.url for kind, outcome in outcomes.items()}
        os.environ |= {find.GIVEN[kind]: url for kind, url in urls.items()}
        yield Servers(urls)
    finally:
        if not running:
            lasting.down()
