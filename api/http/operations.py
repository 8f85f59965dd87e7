"""What every operation of the interface says of itself beside its function: who may, how it can end, and its shape.

A route states it where it stands: ``openapi_extra=may("record.file")``; what follows from that for the OpenAPI document
is worked out in `api.http.description`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_type_hints

from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import is_typeddict

from domain.access import Action

Who = Literal["anyone", "signed_in", "in_person", "filtered"]
"""Beside an action of the policy: nobody need sign in; whoever is signed in may; a person only, no token; whoever is
signed in, and sees what their roles let them see."""

WHO, TOP, ENDS = "x-who-may", "x-at-the-top", "x-ends"


def may(who: Action | Who, *ends: int, top: bool = False, changes: bool = True) -> dict[str, Any]:
    """``who``: an action of the policy, or one of `Who`. ``top``: the role must be held at the top of the tree.

    ``ends``: statuses of problems beyond those that follow from the kind of operation; ``changes``: whether a POST may
    add to the archive.
    """
    assert who in get_args(Action) + get_args(Who), who
    return {WHO: who, TOP: top, ENDS: [*ends, *((409, 507) if changes else ())]}


class _AsMade:
    """The shape is for the description. What a route made is sent as it is: the type checker and the tests hold it
    against its shape, so that no key is lost and no old record refused while somebody reads it. (Checked while it is
    sent, a page of a thousand hits would take twice the processor's time.)"""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=handler(source),
            python_schema=core_schema.any_schema(),
            serialization=core_schema.simple_ser_schema("any"),
        )


class Operation(APIRoute):
    """A route whose function says the shape of its answer as its return type."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        answer = get_type_hints(endpoint).get("return")
        if is_typeddict(answer):
            options["response_model"] = Annotated[answer, _AsMade()]
        super().__init__(path, endpoint, **options)


_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}


def file_of(*media_types: str, shape: type | None = None, kept: bool = False, part: bool = False) -> dict[Any, Any]:
    """``responses`` of an operation that answers a file of one of these types, first the one that it answers unasked;
    ``shape`` is that of its JSON.

    ``kept``: whoever has it already hears so (304). ``part``: ranges of it can be asked for (206).
    """
    content = {each: _TEXT if each.startswith("text/") else _BINARY for each in media_types}
    if shape is not None:
        content["application/json"] = {}  # the framework puts it here
    whole: dict[str, Any] = {"description": "The file.", "content": content}
    responses: dict[Any, Any] = {200: whole if shape is None else {**whole, "model": shape}}
    if part:
        responses[206] = {"description": "The part of it that was asked for.", "content": content}
    if kept:
        responses[304] = {"description": "The caller has it already."}
    return responses
