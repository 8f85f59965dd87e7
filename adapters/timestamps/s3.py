"""Time stamps in the bucket, beside the ledger's other public objects; the server sees to it that none is replaced."""

from __future__ import annotations

from adapters.s3.client import Client
from adapters.s3.places import LEDGER, STAMPING
from domain.ledger.timestamps import FOLDER, StampName, parse_label


class S3Timestamps:
    """`domain.ledger.timestamps.TimestampStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def keep(self, name: str, data: bytes) -> bool:
        key = LEDGER + name
        # Not fresh may be our own try, whose answer was lost.
        return self._client.create(key, data).fresh or self._client.read(key) == data

    def read(self, name: str) -> bytes | None:
        return self._client.read(LEDGER + name)

    def names(self) -> list[str]:
        objects = self._client.objects(LEDGER + FOLDER)
        return [str(each.object_name).removeprefix(LEDGER) for each in objects]

    def begin(self, what: StampName) -> None:
        self._client.create(STAMPING + what.label, b"")

    def end(self, what: StampName) -> None:
        for each in self._client.objects(STAMPING + what.label, versions=True):
            if each.object_name == STAMPING + what.label:
                self._client.delete(str(each.object_name), each.version_id)

    def unfinished(self) -> list[StampName]:
        labels = [str(each.object_name).removeprefix(STAMPING) for each in self._client.objects(STAMPING)]
        return [name for each in labels if (name := parse_label(each)) is not None]
