"""Search 查档: query, facets, both time axes, as of, and under each hit where the words were found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup, escape

from adapters.bootstrap import House
from api.http.auth import ActorDep
from api.http.context import HouseDep
from api.instants import tree_size
from api.web import shown
from api.web.locale import Speaker
from api.web.page import come_again, render, say
from domain.errors import InputError, Unavailable
from domain.ports import SearchRequest, Snippet, Sort
from domain.records import codes
from domain.records.families import FAMILIES, family
from domain.searching import Answer, Found

router = APIRouter()

FACETS = ("family", "form", "organisation", "year", "status", "person", "plan", "file_type", "late", "gaps")
"""In the order in which they stand; one with a single value that was not asked for says nothing and is left out."""

OPEN_VALUES = 6
"""Values of a facet shown before the others are folded away."""

DATES = ("from", "to", "recorded_from", "recorded_to", "due_before")
PAGE = 20
SORTS: tuple[Sort, ...] = ("relevance", "newest", "oldest")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: words, filters and the rest, each as it was typed."""

    query: str
    filters: dict[str, tuple[str, ...]]
    dates: dict[str, str]
    as_of: str
    sort: Sort
    cursor: str | None

    @property
    def empty(self) -> bool:
        return not (self.query.strip() or self.filters or self.dates or self.as_of or self.sort != "relevance")

    def href(self, **change: Any) -> str:
        """The address of the same search with something changed; pages are turned by ``cursor`` alone."""
        asked = replace(self, **{"cursor": None, **change})
        pairs: list[tuple[str, str]] = [("q", asked.query)] if asked.query else []
        pairs += [(name, value) for name, values in asked.filters.items() for value in values]
        pairs += list(asked.dates.items())
        for name, value in (("as_of", asked.as_of), ("cursor", asked.cursor or "")):
            if value:
                pairs.append((name, value))
        if asked.sort != "relevance":
            pairs.append(("sort", asked.sort))
        return "/search" + ("?" + urlencode(pairs) if pairs else "")

    def without(self, name: str, value: str) -> str:
        if name in DATES:
            return self.href(dates={k: v for k, v in self.dates.items() if k != name})
        if name == "as_of":
            return self.href(as_of="")
        left = {k: tuple(v for v in values if (k, v) != (name, value)) for k, values in self.filters.items()}
        return self.href(filters={k: v for k, v in left.items() if v})


@router.get("/search")
def search(request: Request, house: HouseDep, actor: ActorDep) -> Response:
    t, asked = say(request), read(request.query_params.multi_items())
    answer: Answer | None = None
    problem: InputError | None = None
    away: Unavailable | None = None
    begun = time.perf_counter()
    try:
        answer = house.searching.search(actor, _request(asked, house))
    except InputError as error:
        problem = error
    except Unavailable as error:  # the form stays, so that nobody types the question twice
        away = error
    took = time.perf_counter() - begun
    size = house.ledger.size()
    response = render(
        request,
        "search.html",
        422 if problem else away.http_status if away else 200,
        active="search",
        asked=asked,
        answer=answer,
        away={"message": away.message(t.lang), "code": away.code, "record": _named(asked)} if away else None,
        took=f"{took:.2f}",
        problem={"message": problem.message(t.lang), "next": problem.next_step(t.lang)} if problem else None,
        hits=[_hit(found, house) for found in answer.hits] if answer else [],
        facets=list(_facets(t, answer, asked, house)) if answer else [],
        chosen=list(_chosen(t, asked, house)),
        sorts=SORTS if asked.query else SORTS[1:],
        sort=effective(asked),
        tree_size=size,
        next_page=asked.href(cursor=answer.next) if answer and answer.next else None,
        first_page=asked.href() if asked.cursor else None,
    )
    return come_again(response, away)


def _named(asked: Asked) -> str | None:
    """The archival code, where that is what was typed."""
    typed = asked.query.strip()
    return typed if codes.parse(typed) else None


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Whatever stands in the address; what is unknown or empty is passed over."""
    query, as_of, cursor, sort = "", "", None, "relevance"
    filters: dict[str, tuple[str, ...]] = {}
    dates: dict[str, str] = {}
    for name, value in pairs:
        value = value.strip()
        if not value:
            continue
        if name == "q":
            query = value
        elif name in FACETS:
            filters[name] = (*filters.get(name, ()), value)
        elif name in DATES:
            dates[name] = value
        elif name == "as_of":
            as_of = value
        elif name == "cursor":
            cursor = value
        elif name == "sort" and value in SORTS:
            sort = value
    chosen: Sort = next(known for known in SORTS if known == sort)
    return Asked(query, filters, dates, as_of, chosen, cursor)


class BadDate(InputError):
    code = "bad_date"
    zh = "日期“{value}”应写成 2023-04-21 的样子。"
    en = "“{value}” is no date such as 2023-04-21."


def _request(asked: Asked, house: House) -> SearchRequest:
    dates = {name: _day(value, name) for name, value in asked.dates.items()}
    return SearchRequest(
        query=asked.query,
        filters=asked.filters,
        occurred_from=dates.get("from"),
        occurred_to=dates.get("to"),
        recorded_from=dates.get("recorded_from"),
        recorded_to=dates.get("recorded_to"),
        due_before=dates.get("due_before"),
        as_of=tree_size(asked.as_of, house.ledger, house.settings.zone) if asked.as_of else None,
        sort=effective(asked),
        limit=PAGE,
        cursor=asked.cursor,
    )


def effective(asked: Asked) -> Sort:
    """Without words nothing is more relevant than anything else: the newest come first."""
    return "newest" if asked.sort == "relevance" and not asked.query else asked.sort


def _day(value: str, name: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadDate(value=value[:40], field=name) from None


def _hit(found: Found, house: House) -> dict[str, Any]:
    it = found.shown
    kind = family(it.family)
    old = it.newest if it.version != it.newest else None
    titles = [s for s in found.hit.snippets if s.source == "title"]
    files = {name: n for n, name in enumerate(it.files)}
    return {
        "code": it.code,
        "href": it.path + (f"?version={it.version}" if old else ""),
        "title": marked(titles[0]) if titles and titles[0].text == it.title else it.title,
        "organisation": it.organisation,
        "family": kind,
        "form": kind.form(it.form) if kind else None,
        "occurred_on": it.occurred_on,
        "recorded_on": shown.local_date(it.recorded_at, house.settings.zone),
        "status": it.status,
        "item": it.item,
        "late": it.late,
        "gaps": it.gaps,
        "older_than": old,
        "version": it.version,
        "snippets": [
            {
                "text": marked(s),
                "source": s.source,
                "page": s.page,
                "file": s.source if s.source in files else None,
                "n": files.get(s.source),
                "name_only": s.source in files and s.text == s.source,
            }
            for s in found.hit.snippets
            if s.source != "title"
        ][:3],
    }


def marked(snippet: Snippet) -> Markup:
    """The slice of the original with what was found in ``<mark>``; everything else escaped."""
    parts, at = [], 0
    for start, end in snippet.marks:
        if start < at or end > len(snippet.text):
            continue
        parts += [escape(snippet.text[at:start]), Markup("<mark>"), escape(snippet.text[start:end]), Markup("</mark>")]
        at = end
    return Markup("").join([*parts, escape(snippet.text[at:])])


def _facets(t: Speaker, answer: Answer, asked: Asked, house: House) -> Iterable[dict[str, Any]]:
    for name in FACETS:
        wanted = asked.filters.get(name, ())
        values = [(v, n) for v, n in answer.facets.get(name, []) if not (name in ("late", "gaps") and v == "false")]
        there = {value for value, _ in values}
        values += [(value, 0) for value in wanted if value not in there]
        if not values or (len(values) == 1 and not wanted and name not in ("late", "gaps")):
            continue
        if name == "year":
            values.sort(reverse=True)
        else:
            values.sort(key=lambda pair: pair[0] not in wanted)
        lines = [
            {"value": value, "label": facet_label(t, house, name, value), "count": count, "on": value in wanted}
            for value, count in values
        ]
        yield {"name": name, "lines": lines[:OPEN_VALUES], "rest": lines[OPEN_VALUES:]}


def _chosen(t: Speaker, asked: Asked, house: House) -> Iterable[dict[str, str]]:
    for name, values in asked.filters.items():
        for value in values:
            yield {"label": facet_label(t, house, name, value), "href": asked.without(name, value)}
    for name, value in asked.dates.items():
        yield {"label": t(f"search.on.{name}", day=value), "href": asked.without(name, value)}
    if asked.as_of:
        yield {"label": t("search.on.as_of", when=asked.as_of), "href": asked.without("as_of", "")}


def facet_label(t: Speaker, house: House, name: str, value: str) -> str:
    """What a value of a facet is called."""
    if name == "organisation":
        return house.directory().name(value)
    if name == "family":
        return t.name(family(value), value)
    if name == "form":
        return t.name(next((form for kind in FAMILIES for form in kind.forms if form.key == value), None), value)
    if name == "person":
        person = house.directory().people.get(value)
        return person.name if person else value
    if name == "file_type":
        return t("search.image") if value == "image" else value.upper()
    if name in ("status", "late", "gaps"):
        key = f"status.{value}" if name == "status" else f"facet.{name}.yes"
        return t(key) if t.has(key) else value
    return value
