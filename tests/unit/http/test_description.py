"""The OpenAPI document is well formed; every operation has a typed answer, its problems, who may, and a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from api.common.shapes.declaring import TypedDict, shape
from api.http.description import ALWAYS, SCHEMES, TAGS, operations, security
from api.http.operations import ENDS, WHO, Operation
from docs.reference_pages.http import document
from tests.described import Described

Json = dict[str, Any]

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemJson"}}}


@pytest.fixture(scope="module")
def described() -> Json:
    return document()


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_the_document_is_well_formed(described: Json) -> None:
    """What OpenAPI 3.1 asks of it: its members, responses with descriptions, parameters with places, valid schemas,
    references that lead somewhere, path parameters that are declared."""
    assert described["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(described["info"])
    assert set(described) <= {"openapi", "info", "paths", "components", "tags"}
    for name, schema in described["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        Draft202012Validator.check_schema(schema)
    for reference in references(described):
        kind, _, name = reference.removeprefix("#/components/").partition("/")
        assert name in described["components"][kind], reference
    for name, operation in operations(described):
        path = name.partition(" ")[2]
        parameters = operation.get("parameters", [])
        assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"\{(\w+)\}", path)), name
        assert all(p["required"] for p in parameters if p["in"] == "path")
        assert len({(p["in"], p["name"]) for p in parameters}) == len(parameters)
        for parameter in parameters:
            Draft202012Validator.check_schema(parameter["schema"])
        for status, answer in operation["responses"].items():
            assert re.fullmatch(r"[2-5]\d\d", status), name
            assert answer["description"], name


def test_every_operation_says_how_it_ends(described: Json) -> None:
    """A typed answer or a file for what goes well, a problem document for everything else."""
    for name, operation in operations(described):
        good = {s: answer for s, answer in operation["responses"].items() if s < "300"}
        bad = {s: answer for s, answer in operation["responses"].items() if s >= "400"}
        assert good and {str(status) for status in ALWAYS} <= set(bad), name
        for status, answer in good.items():
            content = answer.get("content", {})
            assert content or status == "204", name
            json_ = content.get("application/json", {}).get("schema", {})
            assert "application/json" not in content or json_["$ref"].startswith("#/components/schemas/"), name
        for status, answer in bad.items():
            assert answer["content"] == PROBLEM or (name, status) == ("GET /readyz", "503"), name


def test_every_operation_says_who_may(described: Json) -> None:
    """Its security follows from it: none, a session with the proof that a page sent it, or a program's token."""
    assert described["components"]["securitySchemes"] == SCHEMES
    for name, operation in operations(described):
        assert operation["security"] == security(name.partition(" ")[0], operation[WHO]), name
        assert ENDS not in operation
        assert ("401" in operation["responses"]) is (operation[WHO] != "anyone" or name == "POST /api/v1/session"), name
    assert security("GET", "anyone") == []
    assert security("POST", "in_person") == [{"session": [], "csrf": []}]
    assert security("GET", "record.read") == [{"token": []}, {"session": []}]


def test_every_operation_has_a_name_of_its_own_and_a_tag_that_is_explained(described: Json) -> None:
    """Names that other programs are generated from; the reference page keeps them from changing unseen."""
    names = [operation["operationId"] for _, operation in operations(described)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert [tag["name"] for tag in described["tags"]] == list(TAGS)
    assert {tag for _, operation in operations(described) for tag in operation["tags"]} == set(TAGS)


# ── answers are held against it ─────────────────────────────────────────────────────────────────────────────────


def answered(method: str, path: str, status: int, said: Any, media_type: str = "application/json") -> httpx.Response:
    request = httpx.Request(method, f"http://localhost{path}")
    response = httpx.Response(status, json=said, request=request)
    response.headers["content-type"] = media_type
    return response


@pytest.mark.parametrize(
    ("status", "said", "media_type", "fault"),
    [
        (200, {"status": "ok"}, "application/json", None),
        (200, {"status": "ok", "mood": "good"}, "application/json", "mood"),
        (200, {}, "application/json", "status"),
        (200, {"status": 1}, "application/json", "status"),
        (200, {"status": "ok"}, "text/html", "undeclared type"),
        (404, {"status": "ok"}, "application/json", "undeclared status"),
        (500, {"status": "ok"}, "application/problem+json", "ProblemJson"),
    ],
)
def test_an_answer_that_is_not_described_is_found(
    described: Json, status: int, said: Json, media_type: str, fault: str | None
) -> None:
    """A key too many or too few, a value of another kind, a status or a type that is not declared."""
    answer = answered("GET", "/healthz", status, said, media_type)
    if fault is None:
        Described(described).check(answer)
    else:
        with pytest.raises(AssertionError, match=fault):
            Described(described).check(answer)


def test_what_a_route_made_is_sent_as_it_is() -> None:
    """The shape describes; it neither drops a key nor refuses a value: old records are never unreadable for it."""

    @shape
    class Small(TypedDict):
        one: int

    def answer() -> Small:
        return {"two": "2", "one": "not a number"}  # type: ignore[typeddict-item,typeddict-unknown-key]

    # Where annotations are strings, a class within a function is found by nobody.
    answer.__annotations__["return"] = Small
    route = Operation("/small", answer, methods=["GET"])
    assert route.response_field is not None
    value, faults = route.response_field.validate(answer())
    assert not faults
    assert route.response_field.serialize_json(value) == b'{"two":"2","one":"not a number"}'
