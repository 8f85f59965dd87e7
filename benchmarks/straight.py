"""The `minio` client, straight to the server on which an archive's files lie: what our way to it is compared with."""

from __future__ import annotations

from pathlib import Path

from minio import Minio

from adapters.s3.address import Address


class Straight:
    def __init__(self, url: str) -> None:
        """``url`` is of the form of JIANZHENG_BLOBS."""
        at = Address.parse(url)
        self.bucket = at.bucket
        self._client = Minio(at.endpoint, access_key=at.key, secret_key=at.secret, secure=at.secure)

    def put(self, path: Path) -> None:
        self._client.fput_object(self.bucket, path.name, str(path))

    def get(self, key: str) -> int:
        """Download it whole and throw it away; its size."""
        answer = self._client.get_object(self.bucket, key)
        try:
            return sum(map(len, answer.stream(1 << 20)))
        finally:
            answer.close()
            answer.release_conn()
