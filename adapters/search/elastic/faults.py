"""What Elasticsearch and its client report, as one of our errors: told apart by HTTP status and the error's type.

The sentences of the server may quote what was searched for or filed, so none of them is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from domain.errors import JianzhengError, ServerUnreachable, Unavailable
from domain.search.errors import IndexDamaged


class SearchUnreachable(ServerUnreachable):
    """No answer from the search server, or none but that it cannot work now."""

    code = "search_unreachable"
    zh = "连不上搜索服务器（{reason}）。"
    en = "The search server cannot be reached ({reason})."
    next_zh = "存入和查看都不受影响；搜索服务器恢复后会自动补上这段时间的内容，请稍后再搜。"
    next_en = (
        "Filing and reading go on as usual; once the server is back the index catches up by itself. Search again later."
    )


class SearchRefuses(Unavailable):
    """The login lacks a right, or the server takes no writes."""

    code = "search_refuses"
    zh = "搜索服务器不允许这个操作（{reason}）。"
    en = "The search server does not permit this ({reason})."
    next_zh = "存入和查看都不受影响；请管理员检查搜索服务器的账号权限和磁盘空间。"
    next_en = (
        "Filing and reading go on as usual. Check the rights of the login and the disk space of the search server."
    )

    def __init__(self, reason: str, **where: Any) -> None:
        super().__init__(reason=reason, **where)


class IndexMissing(IndexDamaged):
    """It was never made, or a newer generation took its place and it was removed."""

    code = "search_index_missing"
    zh = "搜索服务器上没有这个检索索引（{detail}）。"
    en = "The search server does not have this search index ({detail})."
    next_zh = "档案本身没有受损；请稍后重试，一直这样就运行 jianzheng index rebuild 重建索引。"
    next_en = "The archive itself is unharmed; try again later, and run jianzheng index rebuild if it goes on."


class TooManyWords(Exception):
    """More words begin, or end, like one of the query than the server looks through. Never leaves the adapter."""


_NOT_NOW = frozenset({408, 429, 502, 503, 504})
_TOO_MUCH = 429  # too many requests; also a disk that is too full for writes
_TOO_MANY = ("too many terms", "maxclausecount", "too_many_clauses", "too_many_nested_clauses")


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the client as ours."""
    try:
        yield
    except (ApiError, TransportError, UnsupportedProductError) as error:
        raise fault_of(error) from error


def fault_of(error: ApiError | TransportError | UnsupportedProductError) -> Exception:
    """What an error of the client means; an answer of the server is read by `fault_in`."""
    if isinstance(error, UnsupportedProductError):
        return SearchRefuses("not Elasticsearch")
    if isinstance(error, TransportError):
        return _of_transport(error)
    return fault_in(error.status_code, error.body)


def fault_in(status: int, body: Any) -> Exception:
    """Of an answer, or of one of the answers to several questions asked at once."""
    kinds = types_of(body)
    if any(sign in str(body).lower() for sign in _TOO_MANY):
        return TooManyWords()
    if "index_not_found_exception" in kinds:
        return IndexMissing(detail="index_not_found_exception")
    named = _named(status, kinds)
    if status in _NOT_NOW and status != _TOO_MUCH:  # also a block that only lasts until the server has started
        return SearchUnreachable(named)
    if status in (401, 403) or "cluster_block_exception" in kinds:
        return SearchRefuses(named)
    return SearchUnreachable(named) if status == _TOO_MUCH else IndexDamaged(detail=named)


def _of_transport(error: TransportError) -> JianzhengError:
    match error:
        case ConnectionTimeout():
            return SearchUnreachable("timeout")
        case TlsError():
            return SearchUnreachable("TLS")
        case SerializationError():
            return IndexDamaged(detail="the answer is no JSON")
        case _:
            return SearchUnreachable("no connection")


def types_of(body: Any) -> set[str]:
    """The types of all errors in an answer, at whatever depth they are told."""
    types: set[str] = set()
    waiting = [body]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("type"), str):
                types.add(each["type"])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return types


def _named(status: int, kinds: set[str]) -> str:
    inner = sorted(kinds - {"search_phase_execution_exception"})
    return f"HTTP {status}" + (f", {inner[0]}" if inner else "")
