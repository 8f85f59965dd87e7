"""The indices of one archive on a server, by number, and the alias that says which of them serves.

::

    archive-format-1-2-1           alias of the generation that serves: what is read
    archive-format-1-2-1-3         a generation
    archive-format-1-2-1-3-in      its own alias: what is written to, so that no write ever makes an index by its name
"""

from __future__ import annotations

from elasticsearch import BadRequestError

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import types_of
from adapters.search.elastic.mapping import FORMAT, MAPPING, index_settings


class Indices:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.alias = f"{connection.address.prefix}-{FORMAT}"

    def name(self, number: int) -> str:
        return f"{self.alias}-{number}"

    def into(self, number: int) -> str:
        return f"{self.name(number)}-in"

    def number(self, name: str) -> int | None:
        """The number of a generation of ours, None for any other name."""
        end = name.removeprefix(f"{self.alias}-")
        return int(end) if end != name and end.isdecimal() else None

    def numbers(self) -> list[int]:
        """All generations there are, also those that were never completed."""
        with self._connection.working() as client:
            indices = client.indices.get(index=f"{self.alias}-*", features="aliases", allow_no_indices=True)
        return sorted(number for number in map(self.number, indices) if number is not None)

    def serving(self) -> int | None:
        with self._connection.working() as client:
            answer = client.options(ignore_status=404).indices.get_alias(name=self.alias)
        numbers = [self.number(name) for name in answer if name not in ("error", "status")]
        return next((number for number in numbers if number is not None), None)

    def create(self, number: int, *, serve: bool = False) -> None:
        """An empty generation; nothing happens where another process was quicker."""
        with self._connection.working() as client:
            try:
                client.indices.create(
                    index=self.name(number),
                    aliases={self.into(number): {}} | ({self.alias: {}} if serve else {}),
                    mappings=MAPPING,
                    settings=index_settings(self._connection.address.shards),
                )
            except BadRequestError as error:
                if "resource_already_exists_exception" not in types_of(error.body):
                    raise

    def serve(self, number: int) -> None:
        """Let this generation serve and no other: one step, which no search sees half done."""
        before = self.serving()
        actions = [{"add": {"index": self.name(number), "alias": self.alias}}]
        if before is not None and before != number:
            actions.insert(0, {"remove": {"index": self.name(before), "alias": self.alias}})
        with self._connection.working() as client:
            client.indices.update_aliases(actions=actions)

    def remove(self, *numbers: int) -> None:
        """Also one that is not there."""
        if numbers:
            with self._connection.working() as client:
                client.indices.delete(index=[self.name(number) for number in numbers], ignore_unavailable=True)
