"""Whose bucket it is (`adapters.servers.binding`): one small object beside the others."""

from __future__ import annotations

import json

from adapters.s3.client import Client
from adapters.s3.places import CHECKPOINT, FILES, IDENTITY, LEDGER
from adapters.servers.binding import Bound
from domain.errors import IntegrityFault, StorageFailed

KEY = IDENTITY

_TRIES = 3


class BucketIdentityDamaged(IntegrityFault):
    """The object is there and says nothing: whose the files beside it are is unknown."""

    code = "bucket_identity_damaged"
    zh = "存储桶 {bucket} 里的标识对象 {key} 已损坏。"
    en = "The object {key} of the bucket {bucket}, which says whose it is, is damaged."
    next_zh = "请从它的旧版本或备份恢复；确认存储桶属于本档案库时，也可以删除它，下次打开时会重新写上。"
    next_en = (
        "Restore it from an older version or a backup. Where the bucket is this archive's for certain, it may be"
        " removed: it is written again when the archive is next opened."
    )


class BucketPlace:
    """A `Place`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __str__(self) -> str:
        return str(self._client.address)

    def bound(self) -> Bound | None:
        data = self._client.read(KEY)
        if data is None:
            return None
        try:
            facts = json.loads(data)
            texts = (facts["origin"], facts["created"], facts["name"])
            if not all(isinstance(text, str) for text in texts) or not isinstance(facts["whole"], bool):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BucketIdentityDamaged(bucket=self._client.bucket, key=KEY) from None
        return Bound(*texts, facts["whole"])

    def bind(self, bound: Bound) -> None:
        data = json.dumps(vars(bound), ensure_ascii=False, indent=2).encode() + b"\n"
        for _ in range(_TRIES):
            if self._client.replace(KEY, data, self._client.head(KEY)) or self._client.read(KEY) == data:
                return  # where the answer was lost, the second try finds that its own bytes are there
        raise StorageFailed("PreconditionFailed")

    def empty(self) -> bool:
        return not any(next(self._client.objects(prefix), None) for prefix in (FILES, LEDGER))

    def vacant(self) -> bool:
        return next(self._client.objects("", versions=True), None) is None

    def checkpoint(self) -> str | None:
        data = self._client.read(CHECKPOINT)
        return None if data is None else data.decode("utf-8", "replace")


def same_bucket(one: Client, other: Client) -> bool:
    """Whether both are the same, by whatever names: then they hold the same object, made at the same time."""
    ours, theirs = one.head(KEY), other.head(KEY)
    return ours is not None and ours == theirs
