"""Who is asking: a session cookie (pages) or a bearer token (programs), and proof that a page of ours sent the form.

Routes depend on `current_actor`. `protect` guards the whole application: an unsafe request that comes with a cookie
must carry the session's CSRF token, in the form field ``csrf`` or the header ``X-CSRF-Token``; any unsafe request
that a browser says was sent by another site is refused, the sign-in form included.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.http.context import door_of
from api.http.errors import CsrfFailed, WrongPassword
from domain.access import Actor
from domain.errors import NotSignedIn

COOKIE = "jianzheng_session"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Identified(NamedTuple):
    """``session`` is the cookie's value, None for a program with a token."""

    actor: Actor
    session: str | None


def identify(request: Request) -> Identified | None:
    """Who the request is from; asked of the account store once a request."""
    if not is_known(request):
        request.state.identified = _identify(request)
    identified: Identified | None = request.state.identified
    return identified


def is_known(request: Request) -> bool:
    """Whether it was found out who the request is from, be it nobody."""
    return hasattr(request.state, "identified")


def _identify(request: Request) -> Identified | None:
    accounts, directory, now = door_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    session: str | None = None
    if scheme:
        # A header that cannot be used is not made up for by a cookie.
        username = accounts().token_user(secret.strip(), now) if scheme.lower() == "bearer" else None
    else:
        session = request.cookies.get(COOKIE)
        username = accounts().session_user(session, now) if session else None
    account = directory().accounts.get(username) if username else None
    if account is None or account.closed:
        return None
    return Identified(account.actor(), session)


def optional_actor(request: Request) -> Actor | None:
    """Dependency: who is signed in, None for nobody."""
    identified = identify(request)
    return identified.actor if identified else None


def current_actor(request: Request) -> Actor:
    """Dependency: who is signed in. Raises `NotSignedIn`."""
    actor = optional_actor(request)
    if actor is None:
        raise NotSignedIn
    return actor


ActorDep = Annotated[Actor, Depends(current_actor)]
OptionalActorDep = Annotated[Actor | None, Depends(optional_actor)]


# ── signing in and out ──────────────────────────────────────────────────────────────────────────────────────────


def sign_in(request: Request, response: Response, username: str, password: str) -> Actor:
    """Check the password, end the session the browser came with, begin a new one and set its cookie on ``response``.

    Raises `WrongPassword` and `TooManyAttempts`.
    """
    accounts, directory, now = door_of(request)
    address = request.client.host if request.client else ""
    right = accounts().check_password(username, password, now, address)
    account = directory().accounts.get(username)
    if not right or account is None or account.closed:
        raise WrongPassword
    _end_session(request)
    begin_session(request, response, username)
    return account.actor()


def begin_session(request: Request, response: Response, username: str) -> None:
    """A new session for an account whose owner has just proved to be it."""
    accounts, directory, now = door_of(request)
    session = accounts().begin_session(username, now)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, session, httponly=True, samesite="lax", path="/", secure=secure)
    request.state.identified = Identified(directory().account(username).actor(), session)


def sign_out(request: Request, response: Response) -> None:
    """End the session on the server, and take the cookie away."""
    _end_session(request)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _end_session(request: Request) -> None:
    session = request.cookies.get(COOKIE)
    if session:
        door_of(request).accounts().end_session(session)
    request.state.identified = None


# ── cross-site requests ─────────────────────────────────────────────────────────────────────────────────────────


def csrf_token(request: Request) -> str:
    """What a form of this session must carry; empty where nobody is signed in by a cookie."""
    identified = identify(request)
    return _token(identified.session) if identified and identified.session else ""


async def protect(request: Request) -> AsyncIterator[None]:
    """Dependency of the whole application. Raises `CsrfFailed`."""
    try:
        await _require_own_page(request)
        yield
    finally:
        await request.close()  # a form that was read for its token holds temporary files


MOST_FIELDS = 50_000
"""Fields of one form."""


async def _require_own_page(request: Request) -> None:
    if request.method in SAFE:  # who asks is a question for the route: some answer without a database
        return
    identified = await run_in_threadpool(identify, request)
    if not _needs_proof(request, identified):
        return
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.headers.get("content-type", "").lower().startswith(FORMS):
        # A table of scores has a field for every cell; what is too large altogether the shield has refused already.
        value = (await request.form(max_fields=MOST_FIELDS)).get(CSRF_FIELD)
        sent = value if isinstance(value, str) else None
    _require_proof(identified, sent)


def admitted(request: Request) -> Actor:
    """`protect` and `current_actor` in one, for a route that does all its work in one thread and whose body is no form.

    Raises `CsrfFailed` and `NotSignedIn`.
    """
    identified = identify(request)
    if _needs_proof(request, identified):
        _require_proof(identified, request.headers.get(CSRF_HEADER))
    if identified is None:
        raise NotSignedIn
    return identified.actor


def _needs_proof(request: Request, identified: Identified | None) -> bool:
    """Whether a page of ours has to have sent it. Raises `CsrfFailed` where a browser says that another site did."""
    if request.method in SAFE or (identified is not None and identified.session is None):
        return False
    if _from_elsewhere(request):
        raise CsrfFailed
    return identified is not None


def _require_proof(identified: Identified | None, sent: str | None) -> None:
    session = identified.session if identified is not None else None
    if session is None or sent is None or not hmac.compare_digest(sent.encode(), _token(session).encode()):
        raise CsrfFailed


def _from_elsewhere(request: Request) -> bool:
    """What the browser itself says of where the request came from; programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def _token(session: str) -> str:
    return hmac.new(session.encode(), b"jianzheng csrf", hashlib.sha256).hexdigest()
