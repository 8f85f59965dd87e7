"""Signing in and out over HTTP, passwords, and the tokens with which programs come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from adapters.accounts import PASSWORD_LENGTH, TokenInfo
from api.http import auth
from api.http.auth import ActorDep, Identified, identify
from api.http.context import HouseDep
from api.http.errors import RequestInvalid, WrongPassword
from domain.errors import NotAllowed, NotSignedIn

router = APIRouter(tags=["session"])

MAX_PASSWORD = PASSWORD_LENGTH.stop - 1


class Credentials(BaseModel):
    username: str = Field(max_length=64)
    password: str = Field(max_length=MAX_PASSWORD)


class NewPassword(BaseModel):
    """``current`` is asked of everybody who changes the own password."""

    password: str = Field(max_length=MAX_PASSWORD)
    current: str | None = Field(None, max_length=MAX_PASSWORD)


class NewToken(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    expires: datetime | None = None


def by_session(request: Request) -> Identified:
    """Passwords and tokens are a person's business: a leaked token must not be able to make more of itself."""
    found = identify(request)
    if found is None:
        raise NotSignedIn
    if found.session is None:
        raise NotAllowed("这件事须登录后在页面上做，不能用令牌", "this needs a signed-in person, not a token")
    return found


SessionDep = Annotated[Identified, Depends(by_session)]


@router.post("/session", status_code=201)
def sign_in(request: Request, response: Response, house: HouseDep, said: Credentials) -> dict[str, Any]:
    """Sign in with a password; sets the session cookie and answers the CSRF token."""
    auth.sign_in(request, response, said.username, said.password)
    return _session_json(request)


@router.get("/session")
def session(request: Request, _: ActorDep) -> dict[str, Any]:
    """Who is signed in, with which roles, and the CSRF token of this session."""
    return _session_json(request)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response) -> None:
    """End this session."""
    auth.sign_out(request, response)


@router.put("/users/{username}/password", status_code=204)
def set_password(
    request: Request, response: Response, house: HouseDep, me: SessionDep, username: str, said: NewPassword
) -> None:
    """Change the own password, or (as an administrator of accounts) set somebody's. All sessions of it end."""
    own = username == me.actor.username
    if own:
        address = request.client.host if request.client else ""
        if not house.accounts.check_password(username, said.current or "", house.clock(), address):
            raise WrongPassword
    house.administration.set_password(me.actor, username, said.password)
    if own:
        auth.begin_session(request, response, username)


@router.get("/tokens")
def tokens(house: HouseDep, me: SessionDep) -> dict[str, Any]:
    """The own tokens, without their secrets."""
    return {"tokens": [_token_json(info) for info in house.accounts.tokens(me.actor.username)]}


@router.post("/tokens", status_code=201)
def create_token(house: HouseDep, me: SessionDep, said: NewToken) -> dict[str, Any]:
    """Make a token. The answer is the only place where its secret is ever shown."""
    now = house.clock()
    expires = said.expires
    if expires is not None:
        expires = expires.replace(tzinfo=house.settings.zone) if expires.tzinfo is None else expires
        if expires <= now:
            raise RequestInvalid("到期时间已过", "it expires in the past", field="expires")
        if expires.year >= 9999:  # at the edge of the calendar no other time zone can say it
            raise RequestInvalid("到期时间太远", "it expires too far away", field="expires")
    info, secret = house.accounts.create_token(me.actor.username, said.name, now, expires)
    return {**_token_json(info), "token": secret}


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(house: HouseDep, me: SessionDep, token_id: str) -> None:
    """Revoke one of the own tokens; it stops working at once."""
    house.accounts.revoke_token(me.actor.username, token_id)


def _session_json(request: Request) -> dict[str, Any]:
    actor = auth.current_actor(request)
    return {
        "username": actor.username,
        "person": actor.person,
        "roles": [
            {"organisation": g.organisation, "role": g.role, "since": g.since, "until": g.until} for g in actor.grants
        ],
        "csrf": auth.csrf_token(request),
    }


def _token_json(info: TokenInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "created": _iso(info.created),
        "expires": info.expires and _iso(info.expires),
        "used": info.used and _iso(info.used),
    }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
