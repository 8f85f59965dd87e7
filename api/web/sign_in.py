"""Signing in and out, and the switch of the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.accounts.throttling import TooManyAttempts
from api.http import auth
from api.http.errors import WrongPassword
from api.web.page import render, say, to

router = APIRouter()

YEAR = 365 * 24 * 3600


@router.get("/sign-in")
def page(request: Request, next: str = "/") -> Response:
    return to(inside(next)) if auth.optional_actor(request) is not None else greet(request, next)


def greet(request: Request, next: str = "/") -> Response:
    """The door: which archive this is, the form, and what needs no account. Afterwards one is where ``next`` says."""
    return render(request, "sign_in.html", error=None, username="", next=inside(next))


@router.post("/sign-in")
def enter(
    request: Request,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    answer = to(inside(next))
    try:
        auth.sign_in(request, answer, username.strip(), password)
    except (WrongPassword, TooManyAttempts) as error:
        lang = say(request).lang
        said = {"message": error.message(lang), "next": error.next_step(lang)}
        status = error.http_status
        return render(request, "sign_in.html", status, error=said, username=username, next=inside(next))
    return answer


@router.post("/sign-out")
def leave(request: Request) -> Response:
    answer = to("/sign-in")
    auth.sign_out(request, answer)
    return answer


@router.get("/language")
def switch(to: str = "zh", back: str = "/") -> Response:
    """Remember the choice for a year and go back to where one was."""
    answer = RedirectResponse(inside(back), 303)
    answer.set_cookie("lang", "en" if to == "en" else "zh", max_age=YEAR, samesite="lax", path="/", httponly=True)
    return answer


def inside(address: str) -> str:
    """Only addresses of this site: nobody is sent elsewhere by a link that looks like ours."""
    parts = urlsplit(address.replace("\\", "/"))
    local = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if local and address.isprintable() else "/"
