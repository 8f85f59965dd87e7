"""Every error as an RFC 9457 problem document with the ``code`` of the command line, in the reader's language.

Nobody meets a traceback: what was not foreseen is logged under a reference, and the answer says only that.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api.common.shapes.problems import problem_json
from api.http.context import language, wants_page
from api.http.errors import MethodNotAllowed, PageNotFound, RequestInvalid
from domain.errors import JianzhengError, Unavailable

MEDIA_TYPE = "application/problem+json"

_SAID_ZH = {
    "missing": "缺少",
    "extra_forbidden": "没有这一项",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应是文字",
    "int_parsing": "应是整数",
    "int_type": "应是整数",
    "bool_parsing": "应是真或假",
    "string_too_long": "太长",
    "string_too_short": "太短",
    "list_type": "应是列表",
    "dict_type": "应是对象",
    "less_than_equal": "太大",
    "greater_than_equal": "太小",
}


def answer(request: Request, error: JianzhengError) -> Response:
    """The error as a response: a page where a person is looking and pages are served, else a problem document."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    page = getattr(request.app.state, "problem_page", None)
    if page is not None and wants_page(request):
        response: Response = page(request, error)
    else:
        lang = language(request)
        response = JSONResponse(problem_json(error, lang), error.http_status, media_type=MEDIA_TYPE)
        headers["Content-Language"] = lang
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def install(app: FastAPI) -> None:
    """Every way in which a request can fail ends in `answer`."""

    def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, JianzhengError)
        return answer(request, error)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, from_validation(error))

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = answer(request, from_http(error))
        for name, value in (error.headers or {}).items():
            response.headers.setdefault(name, value)
        return response

    app.add_exception_handler(JianzhengError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def from_validation(error: RequestValidationError) -> RequestInvalid:
    """The first thing that the framework found wrong, with the dotted path of the place."""
    first: dict[str, Any] = next(iter(error.errors()), {})
    place = [str(part) for part in first.get("loc", ())]
    field = ".".join(place[1:]) or ".".join(place)
    english = str(first.get("msg", "it cannot be read")).rstrip(".")
    chinese = _SAID_ZH.get(str(first.get("type")), "格式不对")
    return RequestInvalid(
        f"{field} {chinese}" if field else chinese, f"{field}: {english}" if field else english, field=field or None
    )


def from_http(error: HTTPException) -> JianzhengError:
    """The framework's own refusals. One of ours that was raised while it read the body comes back out of it."""
    if isinstance(error.__cause__, JianzhengError):
        return error.__cause__
    if error.status_code == 404:
        return PageNotFound()
    if error.status_code == 405:
        return MethodNotAllowed()
    return RequestInvalid("无法读取", str(error.detail).rstrip("."))
