"""What `jianzheng check` tells of the search server: its version, its health, and what about it is unsafe."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from adapters.search.elastic.connection import Connection
from adapters.servers.safety import Risk, of_line, of_secret

_NO_ANSWER = (400, 401, 403, 404, 405)
"""Of a server without logins."""


class ServerFacts(NamedTuple):
    version: str | None  # of all nodes; several during an upgrade; None where our login may not ask
    nodes: int | None
    health: str | None  # of our indices: green, yellow (copies are missing), red (parts cannot be read)
    unsafe: tuple[Risk, ...]


def server(connection: Connection) -> ServerFacts:
    """Raises `SearchUnreachable` and its like."""
    address = connection.address
    pattern = f"{address.prefix}-*"
    with connection.asking() as client:
        about_cluster = client.options(ignore_status=403)  # a login for these indices alone may not ask
        told = about_cluster.nodes.info(node_id="_all", metric="_none", filter_path="nodes.*.version")
        versions = [str(node["version"]) for node in told.get("nodes", {}).values()]
        health = about_cluster.cluster.health(index=pattern, expand_wildcards="all").get("status")
        health = health if isinstance(health, str) else None  # otherwise it is the number of the refusal
        too_powerful = _too_powerful(client)
        blocked = _blocked(client.indices.get_settings(index=pattern, name="index.blocks.*", flat_settings=True))
    host = urlsplit(address.url).hostname or ""
    unsafe = of_line(host, encrypted=address.url.startswith("https"), checked=True)
    unsafe += of_secret(address.api_key or address.password, address.user)
    if too_powerful:
        unsafe.append(
            Risk(
                "key_of_administrator",
                "登录用的是管理员（如 elastic），能读写这台服务器上的一切；请改用只管本档案库索引的 API 密钥。",
                "The login is an administrator's, such as elastic, who may read and write everything on the server: use"
                " an API key for this archive's indices.",
            )
        )
    if health == "red":
        said = (
            "索引的一部分读不到（red），检索会失败或不全。",
            "Parts of the index cannot be read (red): searches fail.",
        )
        unsafe.append(Risk("index_red", *said))
    if blocked:
        unsafe.append(
            Risk(
                "index_read_only",
                "索引被设成了只读，多半是搜索服务器的磁盘快满了；新内容编不进去。",
                "The index was made read-only, most likely for want of disk space there: nothing new gets in.",
            )
        )
    return ServerFacts(", ".join(sorted(set(versions))) or None, len(versions) or None, health, tuple(unsafe))


def _too_powerful(client: Elasticsearch) -> bool:
    """Whether our login may do what has nothing to do with our indices. Every login may ask that of itself."""
    answer = client.options(ignore_status=_NO_ANSWER).security.has_privileges(
        cluster=["manage", "manage_security"], index=[{"names": ["*"], "privileges": ["read", "write"]}]
    )
    privileges = [answer.get("cluster"), *(answer.get("index") or {}).values()]
    return any(True in each.values() for each in privileges if isinstance(each, dict))


def _blocked(settings: Any) -> bool:
    return any(str(value) == "true" for each in settings.values() for value in each["settings"].values())
