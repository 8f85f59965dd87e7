"""Errors as pages, in the reader's language; whoever is not signed in is shown the door, and led back afterwards."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.common.shapes.problems import title
from api.http.auth import is_known
from api.http.errors import Unexpected
from api.web.page import render, render_bare, say
from domain.errors import IntegrityFault, JianzhengError, NotSignedIn, ServerUnreachable, Unavailable


def problem_page(request: Request, error: JianzhengError) -> Response:
    """The page of an error. Asked for by `api.http.problems.answer`."""
    if isinstance(error, NotSignedIn) and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse("/sign-in?" + urlencode({"next": request.url.path + query}), 303)
    t, status = say(request), error.http_status
    problems = [p.zh if t.lang == "zh" else p.en for p in error.params.get("problems", ())]
    heading = t.name(title(500 if isinstance(error, Unexpected) else status))
    said = {"message": error.message(t.lang), "next": error.next_step(t.lang), "code": error.code}
    values = {"title": heading, "number_of": status, "error": said, "problems": problems}
    if isinstance(error, ServerUnreachable) and not is_known(request):
        return render_bare(request, "error.html", status, **values)
    try:
        return render(request, "error.html", status, **values)
    except (Unavailable, IntegrityFault):  # not even who is asking can be found out
        return render_bare(request, "error.html", status, **values)
