"""Laying hands on what is made from the events: the search index, the index of figures, issued reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.ports.search import FOREVER, SearchDocument
from domain.reports.events import ReportIssued
from indexers.figures import Figures
from indexers.pipeline import integrate
from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named
from tests.drill.world import THERE

MEASURED = ("measured",)
"""Held against the events: where these are not sound, it is said that this was not checked."""


def _stale(name: str, zh: str, wanted: Callable[[SearchDocument], bool], **fields: Any) -> None:
    def act(hands: Hands, draw: Draw) -> Expected:
        document = draw.document(wanted)
        hands.write_index(replace(document, **fields))
        return named("stale", "index", hands.index_place(document))

    kind("stale", "index", name, zh, shares=MEASURED)(act)


_stale("words of a record in the index", "索引里记录的文字被改", lambda d: d.source == "record", text="别的话")
_stale("words of a file in the index", "索引里附件的文字被改", lambda d: d.source != "record", text="没有签到")
_stale("who may find a record", "索引里谁能看被改", lambda d: d.source == "record" and not d.confidential,
       confidential=True)  # fmt: skip
_stale("a corrected version shown as the newest", "索引里旧版本当成最新", lambda d: d.until_leaf != FOREVER,
       until_leaf=FOREVER)  # fmt: skip
_stale("a withdrawn record shown as filed", "索引里撤回的当成在册", lambda d: d.status == "withdrawn", status="filed")


@kind("deleted", "index", "a record taken out of the index", "从索引里删掉一条记录", shares=MEASURED)
def document_deleted(hands: Hands, draw: Draw) -> Expected:
    alone = {(d.record, d.revision) for d in draw.made.documents.values() if d.source != "record"}
    document = draw.document(lambda each: (each.record, each.revision) not in alone)
    hands.write_index(without=(document,))
    return named("deleted", "index", hands.index_place(document))


@kind("inserted", "index", "a record that nobody filed in the index", "往索引里塞一条没有的记录", shares=MEASURED)
def document_inserted(hands: Hands, draw: Draw) -> Expected:
    document = replace(draw.document(), record=str(UUID(int=draw.chance.getrandbits(128), version=4)))
    hands.write_index(document)
    return named("inserted", "index", hands.index_place(document))


@kind("inserted", "index", "a version that nobody filed in the index", "往索引里塞一个没有的版本", shares=MEASURED)
def version_inserted(hands: Hands, draw: Draw) -> Expected:
    document = replace(draw.document(lambda each: each.source == "record"), revision=900)
    hands.write_index(document)
    return named("inserted", "index", hands.index_place(document))


# ── the index of figures ────────────────────────────────────────────────────────────────────────────────────────────


def _figure(hands: Hands, draw: Draw) -> tuple[str, int, int]:
    """A row of an event of some record."""
    rows = hands.sql("views", "SELECT organisation, year, leaf FROM concerned ORDER BY organisation, year, leaf")
    organisation, year, leaf = draw.one(rows, lambda row: draw.made.rows[row[2]].id)
    return str(organisation), int(year), int(leaf)


@kind("deleted", "figures", "an event left out of a year's figures", "年报数据漏掉一个事件", shares=MEASURED)
def figure_deleted(hands: Hands, draw: Draw) -> Expected:
    organisation, year, leaf = _figure(hands, draw)
    hands.sql(
        "views", "DELETE FROM concerned WHERE organisation = ? AND year = ? AND leaf = ?", organisation, year, leaf
    )
    return named("deleted", "report", f"{hands.views}:concerned/{organisation}/{year}/{leaf}")


@kind("inserted", "figures", "an event counted in another year", "年报数据把事件算进别的年份", shares=MEASURED)
def figure_inserted(hands: Hands, draw: Draw) -> Expected:
    _, _, leaf = _figure(hands, draw)
    position = draw.made.rows[leaf].position
    hands.sql("views", "INSERT INTO concerned VALUES (?, ?, ?, ?)", THERE, 1999, leaf, position)
    return named("inserted", "report", f"{hands.views}:concerned/{THERE}/1999/{leaf}")


@kind("stale", "figures", "a row of figures that leads elsewhere", "年报数据指向别的事件", shares=MEASURED)
def figure_stale(hands: Hands, draw: Draw) -> Expected:
    organisation, year, leaf = _figure(hands, draw)
    hands.sql(
        "views",
        "UPDATE concerned SET position = position - 1 WHERE organisation = ? AND year = ? AND leaf = ?",
        organisation, year, leaf,
    )  # fmt: skip
    return named("stale", "report", f"{hands.views}:concerned/{organisation}/{year}/{leaf}")


@kind(
    "stale", "figures", "figures that claim too much", "年报数据自称编得更多", alone=["figures claim"], shares=MEASURED
)
def figures_claim(hands: Hands, draw: Draw) -> Expected:
    hands.sql("views", "UPDATE figures_tracking SET size = ?", 70_000 + draw.chance.randrange(9_000))
    return named("stale", "report", f"{hands.views}:figures_tracking")


# ── issued reports ──────────────────────────────────────────────────────────────────────────────────────────────────


def _issued(hands: Hands) -> tuple[str, int]:
    [(digest, leaf)] = hands.sql("views", "SELECT digest, leaf FROM issued_reports")
    return str(digest), int(leaf)


@kind("inserted", "issued reports", "a report that was never issued", "名单里多出没有签发过的年报", shares=MEASURED)
def report_inserted(hands: Hands, draw: Draw) -> Expected:
    forged = hashlib.sha256(draw.chance.randbytes(9)).hexdigest()
    leaf = draw.made.rows.index(_issue(draw)[1])
    hands.sql("views", "INSERT INTO issued_reports VALUES (?, ?)", forged, leaf)
    return named("inserted", "report", f"{hands.views}:issued_reports/{forged}/{leaf}")


@kind("deleted", "issued reports", "an issued report taken off the list", "名单里漏掉签发过的年报",
      alone=["the issued report"], shares=MEASURED)  # fmt: skip
def report_deleted(hands: Hands, draw: Draw) -> Expected:
    digest, leaf = _issued(hands)
    hands.sql("views", "DELETE FROM issued_reports WHERE digest = ?", digest)
    return named("deleted", "report", f"{hands.views}:issued_reports/{digest}/{leaf}")


def _issue(draw: Draw) -> tuple[int, Any]:
    return next((leaf, row) for leaf, row in enumerate(draw.made.rows) if row.topic == ReportIssued.TOPIC)


def _issue_forged(hands: Hands, draw: Draw, change: Callable[[dict[str, Any]], object]) -> str:
    """An event that issues a report which the events do not yield, past the program, and integrated like any other."""
    _, row = _issue(draw)
    facts = json.loads(row.state)
    change(facts)
    hands.insert_event(None, row.id, row.version + 1, row.topic, json.dumps(facts, ensure_ascii=False).encode())
    with hands.house() as house:
        integrate(house)
        Figures(house.events, house.ledger, house.figures).catch_up()
    return f"{row.id}/{row.version + 1}"


FORGES = ("tail", "integrate", "published checkpoint", "last signed", "the issued report")


@kind("stale", "issued reports", "a report issued with other figures", "签发的年报数字与事件不符", alone=FORGES,
      shares=MEASURED)  # fmt: skip
def report_forged(hands: Hands, draw: Draw) -> Expected:
    other = hashlib.sha256(draw.chance.randbytes(9)).hexdigest()
    return named("stale", "report", _issue_forged(hands, draw, lambda facts: facts["digests"].update(json=other)))


@kind("forked", "issued reports", "a report issued under another root", "签发的年报写着别的根", alone=FORGES,
      shares=MEASURED)  # fmt: skip
def report_forked(hands: Hands, draw: Draw) -> Expected:
    root = draw.chance.randbytes(32).hex()
    return named("forked", "report", _issue_forged(hands, draw, lambda facts: facts.update(root=root)))
