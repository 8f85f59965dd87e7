"""A place of one's own on a shared server: a database, a bucket, an index prefix; gone when the test is over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import psycopg
import urllib3
from elasticsearch import Elasticsearch
from minio import Minio
from minio.commonconfig import ENABLED
from minio.deleteobjects import DeleteObject
from minio.error import MinioException
from minio.versioningconfig import VersioningConfig
from psycopg import sql

from tests.servers.addresses import name_in, place


def new_name() -> str:
    """Good as a database, a bucket and an index prefix alike."""
    return f"jz-{uuid4().hex[:12]}"


@contextmanager
def own_database(url: str, name: str | None = None) -> Iterator[str]:
    """A new, empty database; its address is of the form of JIANZHENG_DATABASE."""
    name = name or new_name()
    make_database(url, name)
    yield place(url, name)
    drop_database(url, name)


def drop_database(url: str, name: str) -> None:
    """Whoever is connected to it; does nothing when it is gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def make_database(url: str, name: str) -> None:
    """Does nothing when it is there."""
    with psycopg.connect(url, autocommit=True) as connection, contextlib.suppress(psycopg.errors.DuplicateDatabase):
        connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8'").format(sql.Identifier(name)))


@contextmanager
def own_bucket(url: str, lock: str = "off", days: int | None = None, versions: bool = True) -> Iterator[str]:
    """A new bucket; its address is of the form of JIANZHENG_BLOBS.

    ``lock`` other than off makes a bucket with object lock (and no default retention). ``versions=False`` is for tests
    of what is said about an unsafe bucket.
    """
    name = new_name()
    options = {"lock": lock, **({} if days is None else {"days": str(days)})}
    make_bucket(url, name, lock != "off", versions)
    yield place(url, name, **options)
    drop_bucket(url, name)


def drop_bucket(url: str, name: str) -> None:
    """With all that is in it; what is locked so that nobody may remove it stays until the server goes."""
    with contextlib.suppress(MinioException):
        empty_bucket(url, name)
        s3_client(url).remove_bucket(name)


def make_bucket(url: str, name: str, lock: bool, versions: bool = True) -> None:
    """Does nothing when it is there."""
    client = s3_client(url)
    if not client.bucket_exists(name):
        client.make_bucket(name, object_lock=lock)
        if versions and not lock:  # object lock brings versions
            client.set_bucket_versioning(name, VersioningConfig(ENABLED))


def empty_bucket(url: str, name: str) -> None:
    """Remove every version of every object that is not locked."""
    client = s3_client(url)
    found = client.list_objects(name, recursive=True, include_version=True)
    doomed = (DeleteObject(str(each.object_name), each.version_id) for each in found)
    for _ in client.remove_objects(name, doomed, bypass_governance_mode=True):
        pass


def s3_client(url: str) -> Minio:
    """A client that gives up soon: for tests, which must not wait for a server that is gone."""
    parts = urlsplit(url)
    secure = parse_qs(parts.query).get("secure", ["yes"])[0] != "no"
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=urllib3.Retry(total=1))
    return Minio(
        f"{parts.hostname}:{parts.port}",
        access_key=unquote(parts.username or ""),
        secret_key=unquote(parts.password or ""),
        secure=secure,
        http_client=pool,
    )


@contextmanager
def own_prefix(url: str) -> Iterator[str]:
    """A new index prefix; its address is of the form of JIANZHENG_SEARCH."""
    made = place(url, new_name())
    yield made
    drop_prefix(made)


def drop_prefix(url: str) -> None:
    """Every index and template of a prefix."""
    name = name_in(url)
    with elasticsearch_client(url) as client:
        # Deleting by a pattern is forbidden by default, so by name.
        for index in client.indices.get(index=f"{name}*", expand_wildcards="all"):
            client.indices.delete(index=index)
        found = client.options(ignore_status=404).indices.get_index_template(name=f"{name}*")
        for template in found["index_templates"]:
            client.indices.delete_index_template(name=template["name"])


def elasticsearch_client(url: str, api_key: str | None = None) -> Elasticsearch:
    """A client of the server of an address (whatever prefix it names), as its user or with a key."""
    parts = urlsplit(url)
    login = None if api_key else (unquote(parts.username or ""), unquote(parts.password or ""))
    address = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    return Elasticsearch(address, basic_auth=login, api_key=api_key, request_timeout=30)
