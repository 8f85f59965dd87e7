"""An error as it is told: the ``error`` object of commands, and the problem document (RFC 9457) of HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from api.common.shapes.declaring import Json, NotRequired, TypedDict, shape
from domain.errors import JianzhengError, Lang
from domain.records.fields import Problem

TITLES_ZH = {
    400: "请求不对",
    401: "需要登录",
    403: "没有权限",
    404: "找不到",
    405: "方法不对",
    408: "等待超时",
    409: "与现状冲突",
    413: "内容太大",
    416: "范围不对",
    421: "主机名不对",
    422: "内容不对",
    429: "次数太多",
    500: "内部错误",
    503: "暂时不可用",
    507: "空间不足",
}


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
        "title": TITLES_ZH.get(status, "没有完成") if lang == "zh" else HTTPStatus(status).phrase,
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
