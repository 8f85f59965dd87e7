"""The OpenAPI document: what FastAPI makes of the routes, with problem documents, security and tags.

How an operation can end follows from its kind: what it takes, who may, whether it changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.common.shapes.declaring import Json
from api.common.shapes.problems import ProblemJson
from api.http.auth import COOKIE, CSRF_HEADER, SAFE
from api.http.operations import ENDS, TOP, WHO
from api.http.problems import MEDIA_TYPE

TAGS = {
    "session": "登录与令牌 · Signing in, tokens",
    "uploads": "上传 · Uploads",
    "search": "检索 · Search",
    "records": "记录 · Records",
    "erasures": "依法销毁 · Lawful erasure",
    "receipts": "回执 · Receipts",
    "directory": "单位、人员、账号 · Organisations, people, accounts",
    "reports": "年报 · Annual reports",
    "archive": "档案库 · The archive",
    "health": "运行状况 · Health",
    "ledger": "公开的账本 · The public ledger",
}

SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A program's token, of POST /api/v1/tokens."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by POST /api/v1/session."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER.title(),
        "description": "`csrf` of the session: whoever comes with a cookie sends it with all that is no GET.",
    },
}

ALWAYS = (421, 500)
RETRY = {"Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}}
CHALLENGE = {"WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}}}
HEADERS = {401: CHALLENGE, 429: RETRY, 503: RETRY}

SAYS = {
    400: "The request did not arrive whole.",
    401: "Nobody is signed in, or the user name or password is wrong.",
    403: "The policy says no, or the request carries no proof that a page of the session sent it.",
    404: "There is nothing by that name, or nothing that one may know of.",
    408: "The request stood still for too long.",
    409: "It contradicts what is there already, or somebody else was first.",
    410: "What is asked for was lawfully erased.",
    413: "The body is too large.",
    416: "The range lies outside the file.",
    421: "The service does not go by that host name.",
    422: "Something in the request is wrong: `field` says where.",
    429: "Too many attempts.",
    500: "What is stored is not what was recorded, or the program is wrong: the log says more.",
    503: "Something that is needed cannot be reached; nothing was half done.",
    507: "There is no room left.",
}


def operation_id(route: APIRoute) -> str:
    """``records_sign_off``: stable as long as tag and function keep their names; the reference shows them."""
    tag = route.tags[-1] if route.tags else "page"
    return route.name if route.name == tag else f"{tag}_{route.name}"


def described(document: Json) -> Json:
    """The framework's document, completed. ``document`` is changed and given back."""
    document["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    _add_problem(schemas)
    for name, operation in operations(document):
        method, _, path = name.partition(" ")
        _complete(method, path, operation)
        for status, answer in operation["responses"].items():
            if answer.get("description") == "Successful Response":
                answer["description"] = _said_of(answer, schemas, status)
    for unused in ("HTTPValidationError", "ValidationError"):  # of the framework: here a problem document stands
        schemas.pop(unused, None)
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """``GET /api/v1/session`` and what is said of it, in the order of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def statuses(method: str, path: str, operation: Json) -> list[int]:
    """Of the problems in which it can end."""
    who, ends = operation[WHO], set(operation.get(ENDS, ()))
    open_to_all, unsafe = who == "anyone", method not in SAFE
    ends |= {*ALWAYS} | ({503} if operation["operationId"] != "health_alive" else set())
    if not open_to_all:
        ends.add(401)
    if unsafe or who not in ("anyone", "signed_in", "filtered"):
        ends.add(403)
    if "{" in path:
        ends.add(404)
    if "requestBody" in operation:
        ends |= {413, 422}
    if any(each["in"] != "path" for each in operation.get("parameters", ())) or (unsafe and not open_to_all):
        ends.add(422)
    if "{reference}" in path and 409 in ends:  # an act on what may have been erased
        ends.add(410)
    return sorted(ends)


def security(method: str, who: str) -> list[dict[str, list[str]]]:
    """What a request carries: one of these sets of schemes; nothing at all where the list is empty."""
    session: dict[str, list[str]] = {"session": []} if method in SAFE else {"session": [], "csrf": []}
    if who == "anyone":
        return [] if method in SAFE else [{}, session]
    return [session] if who == "in_person" else [{"token": []}, session]


def _complete(method: str, path: str, operation: Json) -> None:
    answers = operation["responses"]
    answers.pop("422", None)  # the framework's own
    for status in statuses(method, path, operation):
        if str(status) in answers:  # the health of the archive answers 503 itself
            continue
        schema = {"$ref": "#/components/schemas/ProblemJson"}
        answers[str(status)] = {"description": SAYS[status], "content": {MEDIA_TYPE: {"schema": schema}}} | (
            {"headers": HEADERS[status]} if status in HEADERS else {}
        )
    operation["responses"] = dict(sorted(answers.items()))
    operation["security"] = security(method, operation[WHO])
    operation.pop(ENDS)
    if not operation[TOP]:
        operation.pop(TOP)


def _add_problem(schemas: Json) -> None:
    schema = TypeAdapter(ProblemJson).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["ProblemJson"] = schema


def _said_of(answer: Json, schemas: Json, status: str) -> str:
    """The first sentence on the shape; or what the status means."""
    reference = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    said: str = schemas.get(reference.rpartition("/")[2], {}).get("description", "")
    return re.split(r"(?<=\.)\s", said, maxsplit=1)[0] or HTTPStatus(int(status)).phrase
