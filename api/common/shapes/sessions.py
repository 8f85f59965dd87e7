"""Who is signed in, the tokens of programs, and what was uploaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.common.shapes.declaring import TypedDict, shape
from api.common.shapes.directory import GrantJson, grant_json

if TYPE_CHECKING:
    from adapters.accounts.store import TokenInfo
    from domain.access import Actor


@shape
class SessionJson(TypedDict):
    """Who is signed in, with which roles."""

    username: str
    person: str | None
    roles: list[GrantJson]
    csrf: str
    """What unsafe requests of this session send in ``X-CSRF-Token``; empty for a program with a token."""


@shape
class TokenJson(TypedDict):
    """A token without its secret."""

    id: str
    name: str
    created: str
    expires: str | None
    used: str | None
    """When it was used last."""


@shape
class NewTokenJson(TokenJson):
    """A token that was just made, with its secret."""

    token: str


@shape
class TokensJson(TypedDict):
    """The own tokens."""

    tokens: list[TokenJson]


@shape
class UploadJson(TypedDict):
    """A file that was sent, and waits for a record that names it."""

    sha256: str
    size: int
    media_type: str


def session_json(actor: Actor, csrf: str) -> SessionJson:
    """Who is signed in, and the token that every writing request has to send along."""
    roles = [grant_json(grant) for grant in actor.grants]
    return {"username": actor.username, "person": actor.person, "roles": roles, "csrf": csrf}


def token_json(info: TokenInfo) -> TokenJson:
    """A token without its secret; instants are ISO 8601 in UTC."""
    return {
        "id": info.id,
        "name": info.name,
        "created": _iso(info.created),
        "expires": None if info.expires is None else _iso(info.expires),
        "used": None if info.used is None else _iso(info.used),
    }


def new_token_json(info: TokenInfo, secret: str) -> NewTokenJson:
    """With the secret, which is shown this once."""
    return {**token_json(info), "token": secret}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
