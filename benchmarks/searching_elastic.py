"""Row 8 on servers: a search as a person makes it, against Elasticsearch asked for the same phrase and nothing else."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from adapters.home.settings import read
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.indices import Indices
from benchmarks.measure import Result
from benchmarks.searching import NAME, PAGE, ROW, compare, phrase_tokens
from benchmarks.world import World

__all__ = ["NAME", "ROW", "run"]

AGAINST = f"raw Elasticsearch: the phrase in title and body, {PAGE} stored documents"


class RawSearch:
    """The same index, with the client's own query."""

    def __init__(self, url: str) -> None:
        address = read({"JIANZHENG_SEARCH": url}).search
        assert address is not None
        self._connection = Connection(address)
        self._index = Indices(self._connection).alias

    def search(self, words: str) -> int:
        phrase = " ".join(phrase_tokens(words))
        fields = [{"match_phrase": {field: phrase}} for field in ("title", "body")]
        query: dict[str, Any] = {"bool": {"should": fields}}
        with self._connection.asking() as client:
            answer = client.search(index=self._index, query=query, size=PAGE, source_includes=["document"])
        return len(answer["hits"]["hits"])

    def settled(self) -> int:
        """Wait until the server has merged what was written; how many entries there are."""
        with self._connection.working() as client:
            client.indices.refresh(index=self._index)
            while client.indices.stats(index=self._index, metric="merge")["_all"]["total"]["merges"]["current"]:
                time.sleep(0.5)
            return int(client.count(index=self._index)["count"])

    def close(self) -> None:
        self._connection.close()


def run(world: World, records: int) -> Result:
    house = world.searchable(records)
    with closing(RawSearch(world.environment(house)["JIANZHENG_SEARCH"])) as raw:
        facts = {"passages": raw.settled()}
        return compare(records, world.rounds(7), house.engine.search, raw.search, AGAINST, facts)
