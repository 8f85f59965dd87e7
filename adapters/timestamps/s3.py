"""Time stamps in the bucket, beside the ledger's other public objects; the server sees to it that none is replaced."""

from __future__ import annotations

from adapters.ledger.publisher_s3 import PREFIX
from adapters.s3.client import Client
from domain.ledger.timestamps import FOLDER, StampName, parse_label

BEGUN = "stamping/"


def is_begun(key: str) -> bool:
    """Whether the object notes that a stamp is being made."""
    return key.startswith(BEGUN) and parse_label(key.removeprefix(BEGUN)) is not None


class S3Timestamps:
    """`domain.ledger.timestamps.TimestampStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def keep(self, name: str, data: bytes) -> bool:
        key = PREFIX + name
        # Not fresh may be our own try, whose answer was lost.
        return self._client.create(key, data).fresh or self._client.read(key) == data

    def read(self, name: str) -> bytes | None:
        return self._client.read(PREFIX + name)

    def names(self) -> list[str]:
        found = self._client.objects(PREFIX + FOLDER)
        return [str(each.object_name).removeprefix(PREFIX) for each in found]

    def begin(self, what: StampName) -> None:
        self._client.create(BEGUN + what.label, b"")

    def end(self, what: StampName) -> None:
        for each in self._client.objects(BEGUN + what.label, versions=True):
            if each.object_name == BEGUN + what.label:
                self._client.delete(str(each.object_name), each.version_id)

    def unfinished(self) -> list[StampName]:
        found = [str(each.object_name).removeprefix(BEGUN) for each in self._client.objects(BEGUN)]
        return [name for each in found if (name := parse_label(each)) is not None]
