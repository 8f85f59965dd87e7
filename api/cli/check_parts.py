"""Questions of ``jianzheng check`` about the parts of an archive: is it reachable, which version, how far behind?

Each is asked of a server where the settings name one, whether or not there is an archive yet, and otherwise of the
archive's folder. What a question raises is its answer.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib.metadata import version
from typing import Any

from adapters.home.settings import Settings
from adapters.servers.safety import Risk
from api.cli.check_answers import Answer, Look
from api.cli.check_locks import locks
from api.cli.check_sealing import sealing
from api.cli.check_timestamps import timestamps
from api.cli.check_witnesses import witnesses


def address_of(name: str, settings: Settings) -> str | None:
    """Where the part is that a question is about, without its secrets; None for one that is on no server."""
    servers = {"database": settings.database, "files": settings.bucket, "search": settings.search}
    address = servers.get(name)
    return None if address is None else str(address)


def database(look: Look) -> Answer:
    """Where events are, the version of what keeps them, and how many there are. Raises `SchemaMissing`,
    `SchemaTooNew`.
    """
    if (server := look.servers.database) is None:
        head = look.context.events.head()
        return Answer(
            f"{head} 个事件 · SQLite {sqlite3.sqlite_version}", f"{head} events · SQLite {sqlite3.sqlite_version}",
            str(look.settings.events_file), sqlite3.sqlite_version, facts={"kind": "sqlite", "events": head},
        )  # fmt: skip
    from adapters.postgres import schema
    from adapters.postgres.condition import condition

    postgres = condition(server)
    facts: dict[str, Any] = {
        "kind": "postgresql", "schema": postgres.schema, "schema_known": postgres.known,
        "encrypted": postgres.encrypted, "standby": postgres.standby,
    }  # fmt: skip
    place = f"PostgreSQL {postgres.server} · {server.address}"
    if postgres.standby:
        return Answer(
            f"是只读的备用服务器 · {place}", f"a standby that takes no writes · {place}", str(server.address),
            postgres.server, unsafe=postgres.unsafe, facts=facts, missing=True,
        )  # fmt: skip
    schema.require(server)
    if not look.there:
        zh, en = f"表已建好 · {place}", f"its tables are there · {place}"
    else:
        facts["events"] = head = look.context.events.head()
        zh, en = f"{head} 个事件 · {place}", f"{head} events · {place}"
    return Answer(zh, en, str(server.address), postgres.server, unsafe=postgres.unsafe, facts=facts)


def ledger(look: Look) -> Answer:
    """The tree size, and how many events are not integrated yet."""
    tables, events = look.context.ledger, look.context.events
    size, behind = tables.size(), max(0, events.head() - tables.tracking())
    zh, en = f"{size} 条", f"{size} leaves"
    if behind:
        zh, en = f"{zh}，还有 {behind} 个事件没有入账", f"{en}, {behind} events not yet integrated"
    return Answer(zh, en, behind=behind, facts={"tree_size": size})


def files(look: Look) -> Answer:
    """Where files are and what their server can do; a folder must be writable. Raises what keeps the bucket from being
    used.
    """
    if (client := look.servers.bucket) is None:
        folder, staging = look.settings.blobs_folder, look.settings.staging_folder
        bad = [str(each) for each in (folder, staging) if each.exists() and not os.access(each, os.W_OK)]
        if bad:
            return Answer(f"{bad[0]} 不可写", f"{bad[0]} cannot be written", str(folder), missing=True)
        return Answer(str(folder), str(folder), str(folder), facts={"kind": "folder"})
    from adapters.s3.bucket import look as look_at
    from adapters.s3.server import server

    bucket = look_at(client)
    facts: dict[str, Any] = {
        "kind": "s3", "server": bucket.server, "versioning": bucket.versioning, "object_lock": bucket.object_lock,
        "lock": bucket.wanted_lock, "days": client.address.days, "conditional_writes": bucket.conditional_writes,
    }  # fmt: skip
    if bucket.problem is not None:
        raise bucket.problem
    about = server(client)
    place = " ".join(part for part in (bucket.server, about.version) if part) or "S3"
    said = f"{place} · {client.address}"
    return Answer(said, said, str(client.address), about.version, unsafe=(*bucket.unsafe(), *about.unsafe), facts=facts)


def search(look: Look) -> Answer:
    """Which engine, where, and how many leaves it has not taken in."""
    address = look.settings.search
    unsafe: tuple[Risk, ...] = ()
    if address is None:
        place, number, where = "Tantivy", version("tantivy"), str(look.settings.index_folder)
        facts: dict[str, Any] = {"kind": "embedded"}
    else:
        from adapters.search.elastic.connection import Connection
        from adapters.search.elastic.server import server

        with closing(Connection(address)) as connection:
            connection.breaker.probe()  # so that a silent server is not waited for
            about = server(connection)
        place, number, where, unsafe = "Elasticsearch", about.version or "", str(address), about.unsafe
        facts = {"kind": "elasticsearch", "nodes": about.nodes, "health": about.health}
    said = " · ".join(part for part in (f"{place} {number}".strip(), where) if part)
    if not look.there:
        return Answer(said, said, where, number or None, unsafe=unsafe, facts=facts)
    position = look.context.engine.position()
    behind = max(0, look.context.ledger.size() - position)
    zh, en = (
        ("已跟上", "up to date") if not behind else (f"还差 {behind} 条没有编入", f"{behind} leaves not yet indexed")
    )
    facts["position"] = position
    return Answer(f"{zh} · {said}", f"{en} · {said}", where, number or None, behind, unsafe, facts)


def texts(look: Look) -> Answer:
    """How many files wait to have their text read, and how many were set aside."""
    counts = look.context.queue.counts()
    waiting, aside = counts.get("waiting", 0), counts.get("aside", 0)
    zh, en = "附件的文字都提取了", "every file was read"
    if waiting:
        zh, en = f"还有 {waiting} 个附件等着提取文字", f"{waiting} files wait to be read"
    if aside:
        zh, en = f"{zh}；{aside} 个读不了，已搁置", f"{en}; {aside} cannot be read and were set aside"
    return Answer(zh, en, behind=waiting, facts={"done": counts.get("done", 0), "aside": aside})


def figures(look: Look) -> Answer:
    """How many leaves the figures are behind the ledger."""
    behind = max(0, look.context.ledger.size() - look.context.figures.size())
    zh, en = ("已跟上", "up to date") if not behind else (f"还差 {behind} 条", f"{behind} leaves behind")
    return Answer(zh, en, behind=behind)


def background(look: Look) -> Answer:
    """Which followers stand still, and how many items were set aside: a warning, nothing is missing."""
    from indexers.loop.dead_letters import items
    from indexers.loop.status import part_name, standing

    work = look.context.work
    still, failed = standing(work, {}), items(work, look.context.queue)
    aside = sum(item.aside for item in failed)
    zh, en = "没有停住的，也没有搁置的", "nothing stands still, nothing was set aside"
    if still:
        parts = ", ".join(part_name(each.part).en for each in still)
        zh = f"停住了：{'；'.join(f'{part_name(each.part).zh}：{each.fault.zh}' for each in still)} 搁置 {aside} 项。"
        en = f"standing still: {parts} ({'; '.join(each.fault.en for each in still)}); {aside} set aside."
        zh, en = f"{zh}见 jianzheng index status", f"{en} See jianzheng index status"
    elif aside:
        zh = f"有 {aside} 项处理不了、已搁置，见 jianzheng index status"
        en = f"{aside} set aside, see jianzheng index status"
    elif failed:
        zh = f"{len(failed)} 项失败过，会自动再试"
        en = f"{len(failed)} failed, and will be tried again by themselves"
    facts = {"standing": [each.part for each in still], "aside": aside, "failed": len(failed)}
    return Answer(zh, en, facts=facts, warning=bool(still or aside))


def erasures(look: Look) -> Answer:
    """How many erasures are incomplete, and why: a warning, nothing is missing."""
    left = look.context.erasures.left()
    zh, en = "没有未做完的销毁", "no erasure is incomplete"
    if left:
        why_zh = "；".join(dict.fromkeys(each.zh for each in left if each.zh)) or "正在进行"
        why_en = "; ".join(dict.fromkeys(each.en for each in left if each.en)) or "under way"
        zh, en = f"{len(left)} 项销毁没有做完：{why_zh}", f"{len(left)} erasures are incomplete: {why_en}"
    return Answer(zh, en, facts={"left": len(left)}, warning=bool(left))


PARTS = {
    "database": database,
    "ledger": ledger,
    "files": files,
    "search": search,
    "texts": texts,
    "figures": figures,
    "background": background,
    "erasures": erasures,
    "locks": locks,
    "sealing": sealing,
    "witnesses": witnesses,
    "timestamps": timestamps,
}
