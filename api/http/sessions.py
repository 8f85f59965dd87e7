"""Signing in and out over HTTP, passwords, and the tokens with which programs come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from adapters.accounts.store import PASSWORD_LENGTH
from api.common.shapes.sessions import (
    NewTokenJson,
    SessionJson,
    TokensJson,
    new_token_json,
    session_json,
    token_json,
)
from api.http import auth
from api.http.auth import ActorDep, Identified, identify
from api.http.context import AccountsDep, AdministrationDep, ClockDep, SettingsDep
from api.http.errors import RequestInvalid, WrongPassword
from api.http.operations import Operation, may
from domain.errors import NotAllowed, NotSignedIn

router = APIRouter(tags=["session"], route_class=Operation)

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
    identified = identify(request)
    if identified is None:
        raise NotSignedIn
    if identified.session is None:
        raise NotAllowed("这件事须登录后在页面上做，不能用令牌", "this needs a signed-in person, not a token")
    return identified


SessionDep = Annotated[Identified, Depends(by_session)]


@router.post("/session", status_code=201, openapi_extra=may("anyone", 401, 429, changes=False))
def sign_in(request: Request, response: Response, said: Credentials) -> SessionJson:
    """Sign in with a password; sets the session cookie and answers the CSRF token."""
    auth.sign_in(request, response, said.username, said.password)
    return _session(request)


@router.get("/session", openapi_extra=may("signed_in", changes=False))
def session(request: Request, _: ActorDep) -> SessionJson:
    """Who is signed in, with which roles, and the CSRF token of this session."""
    return _session(request)


@router.delete("/session", status_code=204, openapi_extra=may("anyone", changes=False))
def sign_out(request: Request, response: Response) -> None:
    """End this session."""
    auth.sign_out(request, response)


@router.put("/users/{username}/password", status_code=204, openapi_extra=may("in_person", 429))
def set_password(
    request: Request,
    response: Response,
    me: SessionDep,
    accounts: AccountsDep,
    administration: AdministrationDep,
    clock: ClockDep,
    username: str,
    said: NewPassword,
) -> None:
    """Change the own password, or (as an administrator of accounts) set somebody's. All sessions of it end."""
    own = username == me.actor.username
    if own:
        address = request.client.host if request.client else ""
        if not accounts.check_password(username, said.current or "", clock(), address):
            raise WrongPassword
    administration.set_password(me.actor, username, said.password)
    if own:
        auth.begin_session(request, response, username)


@router.get("/tokens", openapi_extra=may("in_person", changes=False))
def tokens(me: SessionDep, accounts: AccountsDep) -> TokensJson:
    """The own tokens, without their secrets."""
    return {"tokens": [token_json(info) for info in accounts.tokens(me.actor.username)]}


@router.post("/tokens", status_code=201, openapi_extra=may("in_person"))
def create_token(
    me: SessionDep, accounts: AccountsDep, clock: ClockDep, settings: SettingsDep, said: NewToken
) -> NewTokenJson:
    """Make a token. The answer is the only place where its secret is ever shown."""
    now = clock()
    expires = said.expires
    if expires is not None:
        expires = expires.replace(tzinfo=settings.zone) if expires.tzinfo is None else expires
        if expires <= now:
            raise RequestInvalid("到期时间已过", "it expires in the past", field="expires")
        if expires.year >= 9999:  # at the edge of the calendar no other time zone can say it
            raise RequestInvalid("到期时间太远", "it expires too far away", field="expires")
    info, secret = accounts.create_token(me.actor.username, said.name, now, expires)
    return new_token_json(info, secret)


@router.delete("/tokens/{token_id}", status_code=204, openapi_extra=may("in_person"))
def revoke_token(me: SessionDep, accounts: AccountsDep, token_id: str) -> None:
    """Revoke one of the own tokens; it stops working at once."""
    accounts.revoke_token(me.actor.username, token_id)


def _session(request: Request) -> SessionJson:
    return session_json(auth.current_actor(request), auth.csrf_token(request))
