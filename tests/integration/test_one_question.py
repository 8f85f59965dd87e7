"""The same question at a page, over HTTP and by a command is the same: its records, their order, its refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import NamedTuple

import pytest

from api.cli.finding import COMMANDS
from api.cli.main import main
from api.common.question import NAMES, OTHERWISE, PAGE
from tests.http_world import HERE, World, make_world, record

Pairs = list[tuple[str, str]]
WHO = "secretary-here"
HIT = re.compile(r'<article class="hit"><h2><a href="/records/([\w-]+)')
PROBLEM = re.compile(r'<div class="notice bad" role="alert"><h2>(.*?)</h2>')


class Said(NamedTuple):
    """What a door answered. ``code`` is the refusal's; a page gives its sentence alone."""

    records: list[str]
    code: str | None = None
    sentence: str | None = None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("home") / "archive")
    clerk = made.program("clerk-here")
    item = {"family": "rectification", "form": "问题整改", "problem": "线路老化。", "term": "立行立改"}
    for n, more in enumerate(
        (
            {"plan": "p1-2023", "phase": "study"},
            {"title": "讨论食堂", "family": "discussion", "form": "座谈会", "occurred": {"from": "2023-04-22"}},
            {"title": "线路老化", "occurred": {"from": "2023-05-01"}, "deadline": "2023-05-31", **item},
            {"title": "整改食堂", "occurred": {"from": "2022-12-30"}, "deadline": "2023-12-31", **item},
        )
    ):
        assert clerk.post("/api/v1/records", json=record(**more)).status_code == 201, n
        made.catch_up()
        made.clock.forward(days=1)
    yield made
    made.house.close()


@pytest.fixture
def doors(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Callable[[Pairs], Said]]:
    monkeypatch.setenv("JIANZHENG_HOME", str(world.house.settings.home))
    monkeypatch.setenv("JIANZHENG_LANG", "zh")
    monkeypatch.setenv("JIANZHENG_USER", WHO)
    browser, program = world.signed_in(WHO), world.program(WHO)

    def page(pairs: Pairs) -> Said:
        answer = browser.get("/search", params=pairs)
        wrong = PROBLEM.search(answer.text)
        assert answer.status_code == (422 if wrong else 200)
        return Said(HIT.findall(answer.text), None, unescape(wrong[1]) if wrong else None)

    def http(pairs: Pairs) -> Said:
        answer = program.get("/api/v1/search", params=pairs, headers={"accept-language": "zh"})
        said = answer.json()
        if answer.status_code == 200:
            return Said([hit["code"] for hit in said["hits"]])
        assert answer.status_code == 422
        return Said([], said["code"], said["detail"])

    def command(pairs: Pairs) -> Said:
        words = [text for name, text in pairs if name == "q"]
        for name, text in pairs:
            option = "--" + {"organisation": "org"}.get(name, name).replace("_", "-")
            words += [] if name == "q" else [option] if name in ("late", "gaps") else [option, text]
        code = main(["search", *words, "--json"])
        said = json.loads(capsys.readouterr().out)
        if code == 0:
            return Said([hit["code"] for hit in said["hits"]])
        assert code == 2
        return Said([], said["error"]["code"], said["error"]["message"])

    return {"page": page, "http": http, "command": command}


CODES = [f"{HERE}-2023-0001", f"{HERE}-2023-0002", f"{HERE}-2023-0003", f"{HERE}-2022-0001"]
LECTURE, TALK, WIRES, CANTEEN = CODES

ASKED: list[tuple[Pairs, list[str]]] = [
    ([], [WIRES, TALK, LECTURE, CANTEEN]),
    ([("sort", "relevance")], [WIRES, TALK, LECTURE, CANTEEN]),
    ([("sort", "oldest")], [CANTEEN, LECTURE, TALK, WIRES]),
    ([("sort", "oldest"), ("limit", "1")], [CANTEEN]),
    ([("q", "历史")], [LECTURE]),
    ([("q", "食堂"), ("sort", "newest")], [TALK, CANTEEN]),
    ([("family", "整改"), ("sort", "oldest")], [CANTEEN, WIRES]),
    ([("family", "study_session"), ("family", "讨论记录"), ("sort", "oldest")], [LECTURE, TALK]),
    ([("form", "党课")], [LECTURE]),
    ([("organisation", "top"), ("year", "2022")], [CANTEEN]),
    ([("plan", "p1-2023"), ("phase", "study")], [LECTURE]),
    ([("status", "signed")], []),
    ([("late", "true"), ("family", "rectification")], [CANTEEN]),
    ([("from", "2023-04-21"), ("to", "2023-04-30"), ("sort", "oldest")], [LECTURE, TALK]),
    ([("from", "20230501")], [WIRES]),
    ([("recorded_from", "2023-05-06"), ("recorded_to", "2023-05-06")], [WIRES]),
    ([("due_before", "2023-06-01")], [WIRES]),
    ([("as_of", "2023-05-04")], [LECTURE]),
    ([("as_of", " 2023-05-05 "), ("sort", "oldest")], [LECTURE, TALK]),
]

REFUSED: list[tuple[Pairs, str]] = [
    ([("from", "2023-13-01")], "bad_date"),
    ([("to", "昨天")], "bad_date"),
    ([("recorded_from", "2023-04")], "bad_date"),
    ([("recorded_to", "x" * 99)], "bad_date"),
    ([("due_before", "31.12.2023")], "bad_date"),
    ([("family", "会议")], "bad_filter"),
    ([("family", "整改"), ("form", "党课")], "bad_filter"),
    ([("year", str(n)) for n in range(1900, 1951)], "bad_filter"),
    ([("sort", "upwards")], "bad_filter"),
    ([("limit", "0")], "bad_filter"),
    ([("limit", "1001")], "bad_filter"),
    ([("limit", "十")], "bad_filter"),
    ([("as_of", "去年")], "bad_instant"),
    ([("as_of", "9999999")], "tree_size_not_reached"),
    ([("cursor", "xx")], "cursor_invalid"),
    ([("q", "档 案 " * 33)], "query_invalid"),
    ([("q", "x" * 2001)], "query_invalid"),
]


def named(case: tuple[Pairs, object]) -> str:
    return "-".join(dict.fromkeys(f"{name}-{text[:12]}" for name, text in case[0][:3])) or "nothing"


@pytest.mark.parametrize("case", ASKED, ids=named)
def test_the_same_question_has_the_same_answer(
    doors: dict[str, Callable[[Pairs], Said]], case: tuple[Pairs, list[str]]
) -> None:
    """The same records in the same order, whichever door they are asked for at."""
    asked, records = case
    assert {name: door(asked) for name, door in doors.items()} == dict.fromkeys(doors, Said(records))


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_the_same_mistake_has_the_same_refusal(
    doors: dict[str, Callable[[Pairs], Said]], case: tuple[Pairs, str]
) -> None:
    """One code and one sentence, whichever door it is made at; a page shows the sentence."""
    asked, code = case
    page, http, command = (door(asked) for door in doors.values())
    assert (http.code, command.code) == (code, code)
    assert page.sentence == http.sentence == command.sentence
    assert page.records == http.records == command.records == []


def test_a_time_that_is_left_empty_is_no_present(doors: dict[str, Callable[[Pairs], Said]]) -> None:
    """A program whose variable is not set is told so; a browser sends every input, empty ones too."""
    asked = [("as_of", ""), ("from", "")]
    assert doors["http"](asked).code == doors["command"](asked).code == "bad_instant"
    assert doors["page"](asked).sentence is None


def test_every_option_of_the_command_is_a_name_of_the_question() -> None:
    """What is passed over as an unknown name is no option of the command, and each name is one."""
    search = next(command for command in COMMANDS if command.path == ("search",))
    options = [arg.more.get("dest") or arg.names[-1].removeprefix("--").replace("-", "_") for arg in search.args]
    assert sorted(OTHERWISE.get(name, name) for name in options) == sorted(NAMES)


def test_http_describes_what_is_asked(world: World) -> None:
    """OpenAPI has every name, with the usual number of hits, and a list has all but the words."""
    paths = world.client().get("/api/openapi.json").json()["paths"]
    described = {p["name"]: p["schema"] for p in paths["/api/v1/search"]["get"]["parameters"] if p["in"] == "query"}
    assert list(described) == list(NAMES)
    assert described["limit"]["default"] == PAGE
    listed = [p["name"] for p in paths["/api/v1/records"]["get"]["parameters"] if p["in"] == "query"]
    assert listed == [name for name in NAMES if name != "q"]
