"""Search 查档: query, facets, both time axes, as of, and under each hit where the words were found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup, escape

from api.common.question import SORTS, Question, read
from api.http.auth import ActorDep
from api.http.context import DirectoryDep, LedgerDep, MomentsDep, SearchingDep, SettingsDep
from api.web import shown
from api.web.locale import Speaker
from api.web.page import come_again, render, say
from domain.errors import InputError, Unavailable
from domain.organisations.directory import Directory
from domain.ports.search import Hit, Snippet
from domain.records import codes
from domain.records.acts import STATUSES
from domain.records.families import FAMILIES, family
from domain.search.searching import Results
from domain.subject import Shown

router = APIRouter()

FACETS = ("family", "form", "organisation", "year", "status", "person", "plan", "phase", "file_type", "late", "gaps")
"""In the order in which they stand; one with a single value that was not asked for says nothing and is left out."""

OPEN_VALUES = 6
"""Values of a facet shown before the others are folded away."""

HIDDEN = ("due_before", "limit")
"""What the form keeps without an input of its own."""


def address(asked: Question) -> str:
    """Where the page answers it."""
    pairs = list(asked.said())
    return "/search" + ("?" + urlencode(pairs) if pairs else "")


@router.get("/search")
def search(
    request: Request,
    searching: SearchingDep,
    ledger: LedgerDep,
    moments: MomentsDep,
    directory_of: DirectoryDep,
    settings: SettingsDep,
    actor: ActorDep,
) -> Response:
    # A browser sends every input of the form, those that were left empty too.
    asked = read((name, text) for name, text in request.query_params.multi_items() if text.strip())
    t, zone, directory = say(request), settings.zone, directory_of()
    answer: Results | None = None
    problem: InputError | None = None
    away: Unavailable | None = None
    begun = time.perf_counter()
    try:
        asked = asked.checked()
        answer = searching.search(actor, asked.request(moments))
    except InputError as error:
        problem = error
    except Unavailable as error:  # the form stays, so that nobody types the question twice
        away = error
    took = time.perf_counter() - begun
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
        hits=[_hit(each.hit, each.shown, zone) for each in answer.hits] if answer else [],
        facets=list(_facets(t, answer, asked, directory)) if answer else [],
        chosen=list(_chosen(t, asked, directory)),
        kept=[(name, text) for name, text in asked.said() if name in HIDDEN],
        sorts=SORTS if asked.query else SORTS[1:],
        tree_size=ledger.size(),
        everything=address(asked.but(filters={}, dates={}, as_of=None)),
        next_page=address(asked.but(cursor=answer.next)) if answer and answer.next else None,
        first_page=address(asked.but()) if asked.cursor else None,
    )
    return come_again(response, away)


def _named(asked: Question) -> str | None:
    """The archival code, where that is what was typed."""
    return asked.query if codes.parse(asked.query) else None


def _hit(hit: Hit, it: Shown, zone: tzinfo) -> dict[str, Any]:
    kind = family(it.family)
    old = it.newest if it.version != it.newest else None
    titles = [s for s in hit.snippets if s.source == "title"]
    files = {name: n for n, name in enumerate(it.files)}
    return {
        "code": it.code,
        "href": it.path + (f"?version={it.version}" if old else ""),
        "title": marked(titles[0]) if titles and titles[0].text == it.title else it.title,
        "organisation": it.organisation,
        "family": kind,
        "form": kind.form(it.form) if kind else None,
        "occurred_on": it.occurred_on,
        "recorded_on": shown.local_date(it.recorded_at, zone),
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
            for s in hit.snippets
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


def _facets(t: Speaker, answer: Results, asked: Question, directory: Directory) -> Iterable[dict[str, Any]]:
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
            {"value": value, "label": facet_label(t, directory, name, value), "count": count, "on": value in wanted}
            for value, count in values
        ]
        yield {"name": name, "lines": lines[:OPEN_VALUES], "rest": lines[OPEN_VALUES:]}


def _chosen(t: Speaker, asked: Question, directory: Directory) -> Iterable[dict[str, str]]:
    for name, values in asked.filters.items():
        for value in values:
            yield {"label": facet_label(t, directory, name, value), "href": address(asked.without(name, value))}
    for name, value in asked.dates.items():
        yield {"label": t(f"search.on.{name}", day=value), "href": address(asked.without(name, value))}
    if asked.as_of:
        yield {"label": t("search.on.as_of", when=asked.as_of), "href": address(asked.without("as_of", ""))}


def facet_label(t: Speaker, directory: Directory, name: str, value: str) -> str:
    """What a value of a facet is called."""
    if name == "organisation":
        return directory.name(value)
    if name == "family":
        return t.name(family(value), value)
    if name == "form":
        return t.name(next((form for kind in FAMILIES for form in kind.forms if form.key == value), None), value)
    if name == "person":
        person = directory.people.get(value)
        return person.name if person else value
    if name == "file_type":
        return t("search.image") if value == "image" else value.upper()
    if name == "status":
        return t.name(STATUSES.get(value), value)
    if name in ("late", "gaps"):
        return t(f"facet.{name}.yes")
    return value
