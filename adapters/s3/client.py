"""Requests to one bucket: bounded in time, repeated with growing pauses, safe to repeat, ending in our errors.

Every write here is idempotent, which is what makes repeating it safe when an answer is lost: an object is created
with ``If-None-Match: *`` (RFC 9110 13.1.2), so the second arrival of the same request is refused instead of becoming a
second version; a part of an upload replaces itself; a version is deleted by its id.

`minio`'s public `put_object` cannot send conditions or checksums, so `_execute`, which signs and sends, is used.
"""

from __future__ import annotations

import hashlib
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar, cast
from xml.sax.saxutils import escape

import urllib3
from minio import Minio
from minio.datatypes import Object, parse_list_objects
from minio.error import S3Error
from minio.time import from_http_header, from_iso8601utc
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from adapters.s3.address import Address
from adapters.s3.body import FileBody, StreamingMinio
from adapters.s3.faults import ANSWERS, BucketMissing, FileStoreUnreachable, code_of, fault, worth_another_try
from adapters.servers.breaker import Breaker
from adapters.servers.confirmation import Confirmation

T = TypeVar("T")

CONNECTIONS = 32
"""Kept open at most; more are opened when more threads ask, and closed again."""

PROBE_TIMEOUT = 2.0
"""Seconds in which a server that was silent has to answer a short question."""

PAGE = 1000
"""Names in an answer to a listing: as many as S3 gives."""

PRESENT = frozenset({"PreconditionFailed"})
ABSENT = frozenset({"NoSuchKey", "NoSuchVersion"})
NO_UPLOAD = "NoSuchUpload"


@dataclass(frozen=True)
class Patience:
    """Seconds. No call takes longer than ``total`` and one more ``connect`` and ``read``."""

    connect: float = 5.0
    read: float = 20.0  # between two pieces of an answer
    total: float = 20.0  # no new try is made after that: long enough for a server that restarts
    first_pause: float = 0.1
    longest_pause: float = 2.0

    def pauses(self) -> Iterator[float]:
        """Growing, and different for each client, so that they do not all come back at once (full jitter)."""
        most = self.first_pause
        while True:
            yield random.uniform(most / 2, most)  # noqa: S311  (spreads load; nothing is secret)
            most = min(most * 2, self.longest_pause)


BRISK = Patience(connect=2.0, read=5.0, total=1.0)


class Kept(NamedTuple):
    """An object as it stands. ``version`` is None in a bucket that never had versions."""

    size: int
    version: str | None
    etag: str
    checksum: str | None  # SHA-256 in base64 as the server verified it; of a multipart object ``…-<parts>``
    lock_mode: str | None
    locked_until: datetime | None
    legal_hold: bool
    modified: datetime | None


class Part(NamedTuple):
    number: int  # from 1
    etag: str
    checksum: str  # SHA-256 in base64


class Created(NamedTuple):
    fresh: bool  # False: it was there; perhaps from a request of ours whose answer was lost
    version: str | None  # the version that was created; None in a bucket without versions, and when not fresh


class Client:
    """Safe to share between threads."""

    def __init__(self, address: Address, patience: Patience | None = None) -> None:
        self.address, self.bucket = address, address.bucket
        self.patience = patience or Patience()
        self._pools: list[urllib3.PoolManager] = []
        self.minio = self._made(self.patience.connect, self.patience.read)
        self.pool = self._pools[0]
        self.breaker = Breaker(self._answers)
        self.confirmation: Confirmation[[]] = Confirmation()

    def __repr__(self) -> str:
        return f"Client({self.address})"

    def close(self) -> None:
        for pool in self._pools:
            pool.clear()

    def _made(self, connect: float, read: float) -> Minio:
        pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=connect, read=read),
            retries=False,  # we repeat ourselves: not every request may be
            cert_reqs="CERT_REQUIRED",
            ca_certs=self.address.ca,
        )
        self._pools.append(pool)
        return StreamingMinio(
            self.address.endpoint,
            access_key=self.address.key,
            secret_key=self.address.secret,
            secure=self.address.secure,
            region=self.address.region,
            http_client=pool,
        )

    def _answers(self) -> bool:
        """Whether anything comes back at all, soon."""
        try:
            self._prober.bucket_exists(self.bucket)
        except HTTPError:
            return False
        except ANSWERS:
            return True
        return True

    @cached_property
    def _prober(self) -> Minio:
        return self._made(PROBE_TIMEOUT, PROBE_TIMEOUT)

    # ── trying ──────────────────────────────────────────────────────────────────────────────────────────────────

    def call(self, request: Callable[[Minio], T]) -> T:
        """Try until it works or `Patience` is over. Raises our errors, but `S3Error` for the codes in `PRESENT` and
        `ABSENT` and for `NO_UPLOAD`, which are answers. Where others waited in vain, the server must first answer one
        short question."""
        if not self.breaker.passes():
            raise FileStoreUnreachable(self.breaker.reason)
        self.confirmation.require()
        end = time.monotonic() + self.patience.total
        for pause in self.patience.pauses():
            try:
                return request(self.minio)
            except ANSWERS as error:
                if code_of(error) in PRESENT | ABSENT | {NO_UPLOAD}:
                    raise
                if not worth_another_try(error) or time.monotonic() + pause > end:
                    ours = fault(error, self.bucket)
                    if isinstance(error, HTTPError) and isinstance(ours, FileStoreUnreachable):
                        self.breaker.open(str(ours.params["reason"]))
                    raise ours from None
            time.sleep(pause)
        raise AssertionError("unreachable")

    def send(
        self,
        method: str,
        key: str,
        *,
        body: bytes | FileBody = b"",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> BaseHTTPResponse:
        """One request for an object, with its whole answer."""
        return self.call(
            lambda minio: minio._execute(
                method,
                self.bucket,
                key,
                body=cast(bytes, body),
                headers=dict(headers or {}),
                query_params=dict(query or {}),
            )
        )

    def _answered(self, method: str, key: str, **how: Any) -> BaseHTTPResponse:
        """`send` where "absent" and "present" are no answers."""
        try:
            return self.send(method, key, **how)
        except S3Error as error:
            raise fault(error, self.bucket) from None

    def hurried(self) -> Client:
        """The same with the patience of somebody who has many questions, of which some have no answer."""
        client = copy(self)
        client.patience = replace(self.patience, total=min(2.0, self.patience.total))
        return client

    def brisk(self) -> Client:
        """The same for what can be done without: whoever waits for it waits some seconds at most."""
        client = copy(self)
        client.patience = BRISK
        client.minio = self._made(BRISK.connect, BRISK.read)
        return client

    # ── objects ─────────────────────────────────────────────────────────────────────────────────────────────────

    def head(self, key: str, version: str | None = None) -> Kept | None:
        """The object, None where there is none or a delete marker hides it."""
        said, query = {"x-amz-checksum-mode": "ENABLED"}, {"versionId": version} if version else {}
        try:
            return self.call(
                lambda minio: _kept(
                    minio._execute("HEAD", self.bucket, key, headers=dict(said), query_params=dict(query)).headers
                )
            )
        except S3Error as error:
            if error.code not in ABSENT:
                raise fault(error, self.bucket) from None
            self.require_bucket()  # the answer to HEAD has no body, so that it cannot say which of both is missing
            return None

    def create(
        self, key: str, data: bytes | FileBody, headers: Mapping[str, str] | None = None, sha256: bytes | None = None
    ) -> Created:
        """Create an object, durably and all at once; an object that is there stays as it is.

        Raises `ChecksumMismatch` when what arrives has not the SHA-256 that was given.
        """
        try:
            return Created(True, self._put(key, data, {"If-None-Match": "*", **(headers or {})}, sha256))
        except S3Error as error:
            if error.code in PRESENT:
                return Created(False, None)
            raise fault(error, self.bucket) from None

    def start(self, key: str, headers: Mapping[str, str]) -> str:
        """Begin an upload in parts; its id. Parts are verified by SHA-256."""
        said = {"x-amz-checksum-algorithm": "SHA256", "Content-Type": "application/octet-stream", **headers}
        return self.call(lambda minio: minio._create_multipart_upload(self.bucket, key, dict(said)))

    def part(self, key: str, upload: str, number: int, data: bytes | FileBody, sha256: bytes | None = None) -> Part:
        """Send a part; a repeat replaces it. Raises `ChecksumMismatch`."""
        said, query = checksum(data, sha256), {"partNumber": str(number), "uploadId": upload}
        etag = self._answered("PUT", key, body=data, headers=said, query=query).headers.get("etag", "")
        return Part(number, etag, said["x-amz-checksum-sha256"])

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> Created:
        """Make an object of the parts, where there is none of that name yet."""
        body = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(part.etag)}</ETag>"
            f"<ChecksumSHA256>{part.checksum}</ChecksumSHA256></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>"

        def request(minio: Minio) -> str | None:
            said = {"Content-Type": "application/xml", "If-None-Match": "*"}
            answer = minio._execute(
                "POST", self.bucket, key, body=body.encode(), headers=dict(said), query_params={"uploadId": upload}
            )
            if b"<Error" in answer.data[:400]:  # it may begin with 200 and then still fail
                raise S3Error.fromxml(answer)
            return answer.headers.get("x-amz-version-id")

        try:
            return Created(True, self.call(request))
        except S3Error as error:
            if error.code in PRESENT | {NO_UPLOAD}:  # no upload: it was completed, and the answer to that was lost
                return Created(False, None)
            raise fault(error, self.bucket) from None

    def abort(self, key: str, upload: str) -> None:
        """Give an upload up, in one try: what is left of it costs room, nothing else, and servers tidy it away."""
        with suppress(*ANSWERS):
            self.minio._abort_multipart_upload(self.bucket, key, upload)

    def replace(self, key: str, data: bytes, over: Kept | None) -> bool:
        """Put an object in place of the one that was seen there; False, and nothing done, when that is not there now.

        So a request that was given up, and that a server which was paused finds in its buffers hours later, cannot
        bring back what it had been sent for.
        """
        condition = {"If-None-Match": "*"} if over is None else {"If-Match": over.etag}
        try:
            self._put(key, data, condition)
        except S3Error as error:
            if error.code in PRESENT | ABSENT:
                return False
            raise fault(error, self.bucket) from None
        return True

    def _put(
        self, key: str, data: bytes | FileBody, headers: Mapping[str, str], sha256: bytes | None = None
    ) -> str | None:
        said = {**checksum(data, sha256), "Content-Type": "application/octet-stream", **headers}
        return self.send("PUT", key, body=data, headers=said).headers.get("x-amz-version-id")

    def read(self, key: str) -> bytes | None:
        """A small object whole, None where there is none."""
        try:
            return bytes(self.send("GET", key).data)
        except S3Error as error:
            if error.code in ABSENT:
                return None
            raise fault(error, self.bucket) from None

    def delete(self, key: str, version: str | None) -> None:
        """Remove one version for good (None: of a bucket without versions); nothing happens when it is gone."""
        try:
            self.send("DELETE", key, query={"versionId": version} if version else {})
        except S3Error as error:
            if error.code not in ABSENT:
                raise fault(error, self.bucket) from None

    # ── listing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def objects(self, prefix: str, versions: bool = False) -> Iterator[Object]:
        """Objects by ascending name; with ``versions`` also older ones and delete markers, those of a name together."""
        query = {"versions": ""} if versions else {"list-type": "2"}
        query |= {"prefix": prefix, "delimiter": "", "max-keys": str(PAGE), "encoding-type": "url"}
        more = True
        while more:
            objects, more, following, version = self.call(partial(_page, self.bucket, dict(query)))
            query |= {"key-marker" if versions else "continuation-token": following} if following else {}
            query |= {"version-id-marker": version} if version else {}
            yield from sorted(objects, key=lambda each: str(each.object_name))  # markers stand behind a page's versions

    def first(self, prefix: str, after: str) -> str | None:
        """The first name behind ``after`` with that prefix."""
        query = {
            "list-type": "2", "prefix": prefix, "start-after": after, "max-keys": "1", "encoding-type": "url",
            "delimiter": "",
        }  # fmt: skip
        objects, *_ = self.call(partial(_page, self.bucket, query))
        return str(objects[0].object_name) if objects else None

    def require_bucket(self) -> None:
        if not self.call(lambda minio: minio.bucket_exists(self.bucket)):
            raise BucketMissing(self.bucket)


def _page(bucket: str, query: dict[str, str], minio: Minio) -> tuple[list[Object], bool, str | None, str | None]:
    return parse_list_objects(minio._execute("GET", bucket, query_params=dict(query)))


def checksum(data: bytes | FileBody, sha256: bytes | None = None) -> dict[str, str]:
    """Headers by which the server verifies what it receives. ``sha256`` spares the work where it is known."""
    digest = sha256 or (data.sha256() if isinstance(data, FileBody) else hashlib.sha256(data).digest())
    return {"x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": base64(digest)}


def base64(digest: bytes) -> str:
    """As headers carry a digest: standard base64, in ASCII."""
    return b64encode(digest).decode("ascii")


def _kept(headers: Mapping[str, str]) -> Kept:
    until, modified = headers.get("x-amz-object-lock-retain-until-date"), headers.get("last-modified")
    return Kept(
        size=int(headers.get("content-length", "0")),
        version=headers.get("x-amz-version-id"),
        etag=headers.get("etag", ""),
        checksum=headers.get("x-amz-checksum-sha256"),
        lock_mode=headers.get("x-amz-object-lock-mode"),
        locked_until=from_iso8601utc(until) if until else None,
        legal_hold=headers.get("x-amz-object-lock-legal-hold", "OFF").upper() == "ON",
        modified=None if modified is None else from_http_header(modified),
    )
