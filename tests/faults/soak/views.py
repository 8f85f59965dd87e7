"""What is derived from the events: queues drain, followers level, and everything is in it once.

That nothing is there twice or missing is shown by making it again from nothing: search documents, figures and reports
must come out as the processes that were killed all the time had left them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.home.house import House
from domain.access import SYSTEM
from domain.ports.search import Scope, SearchRequest
from domain.records.events import RecordFiled
from indexers.pipeline import Pipeline
from tests.faults.soak.journal import Journal
from tests.faults.soak.oracle import Held
from tests.faults.soak.world import SCHOOLS

LOST = "stopped without a word"
"""In the reason of a file over which workers were lost."""

ASKED = 60
"""Words that are searched for at the end; all of them is what a rebuild compares."""


def behind(status: dict[str, Any], house: House) -> str:
    """What a status says is not done yet; "" where everything is."""
    said = []
    for part in ("ledger", "search"):
        if status[part]["behind"]:
            said.append(f"{part} is {status[part]['behind']} behind")
    if status["text"]["waiting"]:
        said.append(f"{status['text']['waiting']} texts wait")
    if house.figures.size() < house.ledger.size():
        said.append(f"figures are at {house.figures.size()} of {house.ledger.size()}")
    if house.queue.ready(1):
        said.append("extracted texts are not in the index")
    return ", ".join(said)


def tried_again(house: House, journal: Journal) -> bool:
    """Files over which workers were killed too often were set aside, as they should be: somebody asks for them again.

    Says whether there were any.
    """
    lost = sum(LOST in why for _, why in house.queue.aside())
    journal.counts["set aside after lost workers"] += lost
    return bool(lost and house.queue.retry())


def set_aside(status: dict[str, Any]) -> Iterator[str]:
    for each in status["text"]["aside"]:
        yield f"the text of {each['sha256']} was set aside: {each['why']}"
    for each in status["search"]["unreadable"]:
        yield f"leaf {each['leaf_index']} was set aside: {each['why']}"


def found(house: House, journal: Journal) -> Iterator[str]:
    """A word that stands in one file and nowhere else is found once, in the record that holds the file."""
    words = [(each.word, filing) for filing in journal.acknowledged() for each in filing.files if each.word]
    for word, filing in words[:: max(1, len(words) // ASKED)]:
        result = house.engine.search(SearchRequest(query=word, scope=Scope(everything=True)))
        records = [str(house.archive.find(filing.code).id)]
        if [hit.record for hit in result.hits] != records or result.total != 1:
            yield f"{word} of {filing.code} is found in {[hit.record for hit in result.hits]}"


def rebuilt(house: House, there: Held) -> Iterator[str]:
    """Make all of it again, and compare."""
    before = _snapshot(house, there)
    Pipeline(house).rebuild()
    after = _snapshot(house, there)
    for what, was in before.items():
        if was != after[what]:
            yield f"{what} were not what the events give: {_difference(was, after[what])}"


def _snapshot(house: House, there: Held) -> dict[str, Any]:
    records = sorted({str(event.originator_id) for event in there.events if isinstance(event, RecordFiled)})
    years = [(school, year) for school in SCHOOLS for year in house.figures.years([school])]
    return {
        "search documents": {record: sorted(house.engine.documents(record)) for record in records},
        "texts in the index": _whole_index(house),
        "figures": sorted(house.figures.rows()),
        "reports": {place: house.reporting.annual(SYSTEM, *place).as_json() for place in years},
    }


def _whole_index(house: House) -> list[Any]:
    """All there is of a search: hits of each record with their snippets, facets, totals."""
    answers: list[Any] = []
    for query in ("", "专题", "立行立改", "校园安全"):
        cursor = None
        while True:
            request = SearchRequest(query, Scope(everything=True), sort="oldest", limit=100, cursor=cursor)
            page = house.engine.search(request)
            answers.append((page.total, page.facets))
            answers += [(hit.record, hit.revision, hit.snippets) for hit in page.hits]
            if (cursor := page.next) is None:
                break
    return answers


def _difference(was: Any, now: Any) -> str:
    if isinstance(was, dict):
        keys = [key for key in {*was, *now} if was.get(key) != now.get(key)][:3]
        return "; ".join(f"{key}: {was.get(key)!r} and {now.get(key)!r}" for key in keys)[:1500]
    differ = [(a, b) for a, b in zip(was, now, strict=False) if a != b][:2]
    return f"{len(was)} and {len(now)}, {differ!r}"[:1500]
