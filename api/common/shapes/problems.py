"""An error as it is told: the ``error`` object of commands, and the problem document (RFC 9457) of HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from api.common.shapes.declaring import Json, NotRequired, TypedDict, shape
from domain.errors import JianzhengError, Lang
from domain.records.fields import Problem
from domain.words import Words

TITLES = {
    400: Words("请求不对", "bad request"),
    401: Words("需要登录", "sign in first"),
    403: Words("没有权限", "not allowed"),
    404: Words("找不到", "not found"),
    405: Words("方法不对", "not possible in this way"),
    408: Words("等待超时", "too slow"),
    409: Words("与现状冲突", "conflict"),
    410: Words("已不存在", "gone"),
    413: Words("内容太大", "too large"),
    416: Words("范围不对", "outside of the file"),
    421: Words("主机名不对", "wrong host"),
    422: Words("内容不对", "not valid"),
    429: Words("次数太多", "too many attempts"),
    500: Words("内部错误", "something went wrong"),
    503: Words("暂时不可用", "not available just now"),
    507: Words("空间不足", "no space left"),
}


def title(status: int) -> Words:
    """What a page says of an answer with this status; for the JSON of programs, English is the phrase of HTTP."""
    return TITLES.get(status, Words("没有完成", "not completed"))


@shape
class FieldProblem(TypedDict):
    """What is wrong with one field; ``field`` is a dotted path."""

    field: str
    message: str


@shape
class ProblemJson(TypedDict):
    """Why a request was not answered (RFC 9457), in the reader's language."""

    type: str
    """``urn:jianzheng:problem:<code>``."""
    title: str
    status: int
    detail: str
    code: str
    """Stable: programs match on it. The reference lists every code."""
    message: str
    """The same as ``detail``."""
    field: str | None
    """The dotted path of the place in the request, where that is known."""
    line: int | None
    next: str
    """What to do about it; empty where the sentence says it already."""
    file: NotRequired[str]
    problems: NotRequired[list[FieldProblem]]
    """All that is wrong with a record, where it is more than a sentence."""


def problem_json(error: JianzhengError, lang: Lang) -> ProblemJson:
    """The document: the RFC's members and those of the command line's ``error`` object."""
    status = error.http_status
    said = error.as_dict(lang)
    document = {
        "type": f"urn:jianzheng:problem:{error.code}",
        "title": title(status).zh if lang == "zh" else HTTPStatus(status).phrase,
        "status": status,
        "detail": said["message"],
        **said,
    }
    problems = error.params.get("problems", ())
    if problems:
        document["problems"] = [
            {"field": p.field, "message": p.zh if lang == "zh" else p.en} for p in problems if isinstance(p, Problem)
        ]
    return cast(ProblemJson, document)


def error_json(error: JianzhengError, lang: Lang) -> Json:
    """What a command prints of an error, with ``--json``."""
    return {"error": error.as_dict(lang)}
