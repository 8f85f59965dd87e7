"""One way to ask a search. At every door named texts become a `Question`, and a question the request of the port.

Pages, HTTP and commands differ in how the texts reach them and in nothing else: names, what is accepted, the order
where none was asked for, and the errors are those of this module. A new filter is a word in `FACETS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from api.common.instants import tree_size
from domain.days import day
from domain.errors import InputError
from domain.moments import Moments
from domain.ports.search import SearchRequest, Sort
from domain.records.acts import STATUSES
from domain.records.families import FAMILIES
from domain.search import values

FACETS = (
    "organisation", "family", "form", "plan", "phase", "person", "year", "status", "file_type", "late", "gaps",
)  # fmt: skip
"""Filters. One that is given twice accepts either value; an organisation includes those below it."""

DATES = ("from", "to", "recorded_from", "recorded_to", "due_before")
"""When it happened, when it was filed, and a deadline of what is not closed; each includes its own day but the last."""

SINGLE = (*DATES, "as_of", "limit", "cursor", "q", "sort")
NAMES = (*FACETS, *SINGLE)
OTHERWISE = {"org": "organisation", "query": "q", "occurred_from": "from", "occurred_to": "to"}
"""Second spellings, and what they mean."""

SORTS: tuple[Sort, ...] = get_args(Sort)
PAGE = 20
MOST = 1000
"""Hits in one answer; more come with the cursor."""

MOST_VALUES = 50
"""Values of one filter."""

SHOWN = 40
"""Characters of a wrong word that its error repeats."""


class BadFilter(InputError):
    code = "bad_filter"
    zh = "{option} 不能是“{value}”；可用的有：{accepted}。"
    en = "{option} cannot be “{value}”; accepted: {accepted}."


def refused(name: str, said: str, accepted: str) -> BadFilter:
    """The error of ``said`` under the name that every door knows it by."""
    return BadFilter(option=name, value=said[:SHOWN], accepted=accepted, field=name)


@dataclass(frozen=True)
class Question:
    """What is asked, each text as it was typed until `checked` says it in keys. ``sort`` is empty where none was asked
    for, ``limit`` where as many as usual are."""

    query: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    as_of: str | None = None
    sort: str = ""
    limit: str = ""
    cursor: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for, so that everything is answered in the usual order."""
        return replace(self, limit="", cursor=None) == Question()

    @property
    def order(self) -> str:
        """Without words nothing is more relevant than anything else: the newest come first."""
        unranked = not self.query and self.sort == "relevance"
        return "newest" if unranked else self.sort or ("relevance" if self.query else "newest")

    def but(self, **change: Any) -> Question:
        """The same question with something changed, from its first page on."""
        return replace(self, **{"cursor": None, **change})

    def without(self, name: str, value: str) -> Question:
        """The same question without one value of a filter, a date, or the time that it looks back to."""
        if name in DATES:
            return self.but(dates={key: said for key, said in self.dates.items() if key != name})
        if name == "as_of":
            return self.but(as_of=None)
        left = {key: tuple(v for v in values if (key, v) != (name, value)) for key, values in self.filters.items()}
        return self.but(filters={key: values for key, values in left.items() if values})

    def said(self) -> Iterator[tuple[str, str]]:
        """Names and texts that `read` makes the same question of."""
        yield from [("q", self.query)] if self.query else []
        yield from ((name, value) for name, values in self.filters.items() for value in values)
        yield from self.dates.items()
        yield from [("as_of", self.as_of)] if self.as_of is not None else []
        rest = {"sort": self.sort, "limit": self.limit, "cursor": self.cursor}
        yield from ((name, text) for name, text in rest.items() if text)

    def checked(self) -> Question:
        """In keys: Chinese names of families and forms, words for true and false, dates.

        Raises `BadFilter`, `BadDate`.
        """
        filters = {name: _few(name, values) for name, values in self.filters.items()}
        if "family" in filters:
            filters["family"] = tuple(_family(word) for word in filters["family"])
        if "form" in filters:
            filters["form"] = tuple(key for word in filters["form"] for key in _forms(word, filters.get("family", ())))
        if "status" in filters:
            filters["status"] = tuple(_status(word) for word in filters["status"])
        for name in ("late", "gaps"):
            if name in filters:
                filters[name] = tuple(_truth(name, word) for word in filters[name])
        if self.sort and self.sort not in SORTS:
            raise refused("sort", self.sort, "、".join(SORTS))
        return replace(self, filters=filters, dates={name: day(said, name) for name, said in self.dates.items()})

    def request(self, moments: Moments) -> SearchRequest:
        """For `Searching.search`. Raises `BadFilter`, `BadDate`, `BadInstant`, `NotYetReached`."""
        asked = self.checked()
        return SearchRequest(
            query=asked.query,
            filters=asked.filters,
            occurred_from=asked.dates.get("from"),
            occurred_to=asked.dates.get("to"),
            recorded_from=asked.dates.get("recorded_from"),
            recorded_to=asked.dates.get("recorded_to"),
            due_before=asked.dates.get("due_before"),
            as_of=None if asked.as_of is None else tree_size(asked.as_of, moments),
            sort=next(known for known in SORTS if known == asked.order),
            limit=_limit(asked.limit),
            cursor=asked.cursor,
        )


def read(said: Iterable[tuple[str, str]]) -> Question:
    """Names and texts as they came. Unknown names and empty texts are passed over, but for ``as_of``: whoever asked for
    a time must not get the present. Of a name that has one text the last counts. Raises nothing."""
    filters: dict[str, tuple[str, ...]] = {}
    single: dict[str, str] = {}
    for given, text in said:
        name, text = OTHERWISE.get(given, given), text.strip()
        if name in FACETS and text:
            filters[name] = (*filters.get(name, ()), text)
        elif name == "as_of" or (name in SINGLE and text):
            single[name] = text
    return Question(
        query=single.get("q", ""),
        filters=filters,
        dates={name: single[name] for name in DATES if name in single},
        as_of=single.get("as_of"),
        sort=single.get("sort", ""),
        limit=single.get("limit", ""),
        cursor=single.get("cursor"),
    )


def _few(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > MOST_VALUES:
        raise refused(name, values[MOST_VALUES], f"1–{MOST_VALUES} ×")
    return values


def _family(word: str) -> str:
    if not (meant := values.families_called(word)):
        raise refused("family", word, "、".join(f"{f.zh}({f.key})" for f in FAMILIES))
    return meant[0]


def _forms(word: str, families: tuple[str, ...]) -> tuple[str, ...]:
    if not (meant := values.forms_called(word, families)):
        among = [form for each in FAMILIES if not families or each.key in families for form in each.forms]
        raise refused("form", word, "、".join(f"{form.zh}({form.key})" for form in among))
    return meant


def _status(word: str) -> str:
    if not (meant := values.states_called(word)):
        raise refused("status", word, "、".join(f"{words.zh}({key})" for key, words in STATUSES.items()))
    return meant[0]


def _truth(name: str, word: str) -> str:
    if (said := values.TRUTH.get(word.lower())) is None:
        raise refused(name, word, "true、false")
    return said


def _limit(said: str) -> int:
    if not said:
        return PAGE
    if not (said.isascii() and said.isdecimal() and len(said) <= len(str(MOST)) and 1 <= int(said) <= MOST):
        raise refused("limit", said, f"1–{MOST}")
    return int(said)
