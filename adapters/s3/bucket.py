"""The bucket itself: made with versions and lock, looked at for what is unsafe, and the locks on single objects.

Versions keep what somebody overwrites or deletes; object lock keeps even an administrator from removing a version
before its time (in governance mode: those without a special right; in compliance mode: everybody).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import S3Error
from minio.lifecycleconfig import (
    AbortIncompleteMultipartUpload,
    LifecycleConfig,
    NoncurrentVersionExpiration,
    Rule,
)
from minio.retention import Retention
from minio.time import to_iso8601utc
from minio.versioningconfig import VersioningConfig

from adapters.s3.client import Client, Kept
from adapters.s3.faults import BucketCannotLock, BucketMissing, FileStoreUnreachable, fault
from adapters.s3.places import CHECKPOINT, RETENTION, STAGING
from adapters.servers.safety import Risk
from domain.errors import JianzhengError, Lang

SAME_DAY = timedelta(days=1)
"""A lock that ends less than that earlier than it might is not worth a request."""


@dataclass(frozen=True)
class BucketFacts:
    """What `jianzheng check` shows. Of what was not learned, the field is None; ``problem`` says why."""

    address: str
    wanted_lock: str
    reachable: bool = False
    server: str | None = None
    exists: bool | None = None
    versioning: bool | None = None
    object_lock: bool | None = None
    default_lock: str | None = None  # such as ``compliance 30 days``: on everything put there, by whomever
    conditional_writes: bool | None = None
    problem: JianzhengError | None = None

    def remarks(self, lang: Lang = "zh") -> list[str]:
        """What is wrong or unsafe, a sentence each; empty where all is well."""
        remarks = [] if self.problem is None else [self.problem.message(lang)]
        return remarks + [remark.said(lang) for remark in self.unsafe()]

    def unsafe(self) -> list[Risk]:
        return [Risk(code, zh, en) for unsafe, code, zh, en in self._judged() if unsafe]

    def _judged(self) -> list[tuple[bool, str, str, str]]:
        return [
            (
                self.versioning is False,
                "no_versions",
                "存储桶没有开启版本控制：文件一旦被覆盖或删除，原件就没有了。",
                "The bucket keeps no versions: what is overwritten or deleted is gone.",
            ),
            (
                self.object_lock is False,
                "no_object_lock",
                "存储桶没有开启对象锁定：管理员可以删除文件的所有版本。",
                "The bucket has no object lock: an administrator can remove every version of a file.",
            ),
            (
                self.object_lock is True and self.wanted_lock == "off",
                "lock_off",
                "存储桶支持对象锁定，但 JIANZHENG_BLOBS 写的是 lock=off，新存入的文件不会锁定。",
                "The bucket has object lock, but JIANZHENG_BLOBS says lock=off: new files are not locked.",
            ),
            (
                self.conditional_writes is False,
                "no_conditional_writes",
                "这台服务器不支持条件写入（If-None-Match），同一个文件同时存两次会留下两个版本。",
                "The server ignores conditional writes (If-None-Match): the same file stored twice at once leaves two"
                " versions.",
            ),
            (
                self.default_lock is not None,
                "default_lock",
                f"存储桶设有默认锁定（{self.default_lock}），暂存的文件也会被锁住，到期前清理不掉。",
                f"The bucket locks everything by default ({self.default_lock}), staged uploads included,"
                " which then cannot be tidied up before their time.",
            ),
        ]


def look(client: Client) -> BucketFacts:
    """Ask the server; never raises for what it answers or does not."""
    facts = BucketFacts(str(client.address), client.address.lock)
    try:
        there = exists(client)
        facts = replace(facts, reachable=True, exists=there)
        if not there:
            return replace(facts, problem=BucketMissing(client.bucket))
        answer = client.call(lambda minio: minio._execute("GET", client.bucket, query_params={"versioning": ""}))
        facts = replace(facts, server=answer.headers.get("server"))
        facts = replace(facts, versioning=_versioning(client))
        lock = _lock(client)
        facts = replace(facts, object_lock=lock is not None, default_lock=lock or None)
        if lock is None and client.address.lock != "off":
            facts = replace(facts, problem=BucketCannotLock(client.bucket))
        if not lock:  # otherwise what is tried out would be locked there
            facts = replace(facts, conditional_writes=_conditional_writes(client))
        return facts
    except JianzhengError as error:
        return replace(facts, problem=error, reachable=facts.reachable or not isinstance(error, FileStoreUnreachable))


def exists(client: Client) -> bool:
    """Whether the server has it. Raises what `Client.call` does."""
    return client.call(lambda minio: minio.bucket_exists(client.bucket))


def make(client: Client) -> None:
    """Make the bucket, with versions and, unless lock=off, with object lock; one that is there is given versions.

    Raises `BucketCannotLock` for one that was made without lock: not every server can add it later.
    """
    wanted = client.address.lock != "off"
    if not exists(client):
        client.call(lambda minio: _make(minio, client, wanted))
        client.call(lambda minio: _tidy(minio, client.bucket))
    if not _versioning(client):
        client.call(lambda minio: minio.set_bucket_versioning(client.bucket, VersioningConfig(ENABLED)))
    if wanted and _lock(client) is None:
        raise BucketCannotLock(client.bucket)


def _make(minio: Minio, client: Client, lock: bool) -> None:
    try:
        minio.make_bucket(client.bucket, client.address.region, object_lock=lock)
    except S3Error as error:
        if error.code != "BucketAlreadyOwnedByYou":  # by a request of ours whose answer was lost, or by another process
            raise


def _tidy(minio: Minio, bucket: str) -> None:
    """Let the server remove what nobody needs: former checkpoints and notes on locks (each is a version of the same
    object), versions of staged uploads that were deleted, parts of uploads that a killed process never completed."""
    day, rules = NoncurrentVersionExpiration(noncurrent_days=1), []
    for name, prefix in (("checkpoint", CHECKPOINT), ("retention", RETENTION), ("staging", STAGING)):
        rules.append(Rule(ENABLED, Filter(prefix=prefix), f"jianzheng-{name}", noncurrent_version_expiration=day))
    parts = AbortIncompleteMultipartUpload(days_after_initiation=2)
    rules.append(Rule(ENABLED, Filter(prefix=""), "jianzheng-uploads", abort_incomplete_multipart_upload=parts))
    for some in (rules, rules[:-1]):  # a server that tidies parts away by itself may refuse to be told so
        try:
            minio.set_bucket_lifecycle(bucket, LifecycleConfig(some))
            return
        except S3Error as error:
            if error.code not in ("NotImplemented", "MalformedXML", "InvalidArgument", "InvalidRequest"):
                raise


def _versioning(client: Client) -> bool:
    return client.call(lambda minio: minio.get_bucket_versioning(client.bucket)).status == ENABLED


def _lock(client: Client) -> str | None:
    """None without object lock; otherwise the default lock in words, empty without one."""

    def ask(minio: Minio) -> str | None:
        try:
            config = minio.get_object_lock_config(client.bucket)
        except S3Error as error:
            if error.code in ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"):
                return None
            raise
        return "" if config.mode is None else f"{config.mode} {config.duration} {config.duration_unit}".lower()

    return client.call(ask)


def _conditional_writes(client: Client) -> bool:
    """Tried out, since servers that do not know the condition ignore it in silence."""
    key = f"{STAGING}probe.{secrets.token_hex(8)}"
    made = [client.create(key, b"probe") for _ in range(2)]
    for each in made:
        if each.fresh:
            client.delete(key, each.version)
    return not made[1].fresh


# ── locks on objects ────────────────────────────────────────────────────────────────────────────────────────────


def lock_headers(client: Client, now: datetime) -> dict[str, str]:
    """Headers that lock an object from its first moment; none where nothing is locked."""
    address = client.address
    if address.lock == "off":
        return {}
    until = to_iso8601utc(first_lock_until(client, now))
    return {"x-amz-object-lock-mode": address.lock.upper(), "x-amz-object-lock-retain-until-date": str(until)}


def first_lock_until(client: Client, now: datetime) -> datetime:
    """When a lock that begins now ends, by the settings."""
    return (now + timedelta(days=client.address.days)).astimezone(UTC).replace(microsecond=0)


def lock_until(client: Client, key: str, kept: Kept, until: datetime) -> None:
    """Lengthen a lock; never shortens one. Does nothing where nothing is to be locked."""
    if client.address.lock == "off" or (kept.locked_until and kept.locked_until + SAME_DAY >= until):
        return
    mode = kept.lock_mode or client.address.lock.upper()  # a server refuses to weaken a lock, so it is never tried
    retention = Retention(mode, until.astimezone(UTC).replace(microsecond=0))
    _answered(client, lambda minio: minio.set_object_retention(client.bucket, key, retention, kept.version))


def hold(client: Client, key: str, kept: Kept, on: bool) -> None:
    """Set or lift a legal hold: a lock without an end, independent of the retention."""
    if on:
        _answered(client, lambda minio: minio.enable_object_legal_hold(client.bucket, key, kept.version))
    else:
        _answered(client, lambda minio: minio.disable_object_legal_hold(client.bucket, key, kept.version))


def _answered(client: Client, request: Callable[[Minio], None]) -> None:
    try:
        client.call(request)
    except S3Error as error:
        raise fault(error, client.bucket) from None
