"""``check``: say how the archive is — thoroughly, quickly, or by asking a server that runs."""

from __future__ import annotations

import json
import urllib.request
from argparse import Namespace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from api.cli.command import Command, flag, option
from api.cli.context import Context
from domain.errors import EXIT_DONE, EXIT_UNAVAILABLE, InputError, Unavailable

PATIENCE = 10.0
"""Seconds in which a server has to say how it is."""


class ServerSilent(Unavailable):
    code = "server_silent"
    zh = "{address} 没有回答（{reason}）。"
    en = "{address} does not answer ({reason})."
    next_zh = "请看 jianzheng serve 是否还在运行、日志里写了什么。"
    next_en = "See whether jianzheng serve is running, and what its log says."


class BadServerAddress(InputError):
    code = "server_address_invalid"
    zh = "“{address}”不是网页服务的地址。"
    en = "“{address}” is not the address of a server."
    next_zh = "例：jianzheng check --server http://127.0.0.1:8000"
    next_en = "For example: jianzheng check --server http://127.0.0.1:8000"


def check(context: Context, args: Namespace) -> int:
    if args.server is not None:
        return _tell_parts(context, _asked(args.server))
    if args.quick:
        from api.common.composing import reached

        return _tell_parts(context, reached(context.house)())
    return _thoroughly(context)


def _thoroughly(context: Context) -> int:
    from api.cli.checks import checks

    lang = context.screen.lang
    answers = list(checks(context))
    ok = not any(answer.missing for _, answer in answers)
    context.screen.document({"ok": ok, "checks": [answer.as_json(name, lang) for name, answer in answers]})
    signs = {"ok": "✓", "warning": "!", "missing": "✗"}
    for name, answer in answers:
        context.screen.line(f"{signs[answer.state]} {name}  {answer.detail(lang)}")
        for remark in answer.unsafe:
            context.screen.line(f"    - {remark.said(lang)}")
    return EXIT_DONE if ok else EXIT_UNAVAILABLE


def _tell_parts(context: Context, parts: dict[str, str]) -> int:
    from api.common.readiness import sound

    ok = sound(parts)
    context.screen.document({"ok": ok, "parts": parts})
    for name, state in parts.items():
        context.screen.line(f"{'✓' if state == 'ok' else '✗'} {name}  {state}")
    return EXIT_DONE if ok else EXIT_UNAVAILABLE


def _asked(address: str) -> dict[str, str]:
    """What ``/readyz`` of that server says of its parts. Raises `ServerSilent` and `BadServerAddress`."""
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.port == 0:
            raise BadServerAddress(address=address)
    except ValueError:
        raise BadServerAddress(address=address) from None
    url = f"{parts.scheme}://{parts.netloc}/readyz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # straight there
    try:
        try:
            with opener.open(url, timeout=PATIENCE) as answer:
                said = answer.read()
        except HTTPError as error:
            with error:
                said = error.read()
        states: Any = json.loads(said)["parts"]
        return {name: str(states[name]) for name in ("events", "ledger", "files", "search")}
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise ServerSilent(address=address, reason=reason) from None
    except (ValueError, KeyError, TypeError):
        raise ServerSilent(address=address, reason="no /readyz") from None


COMMANDS: tuple[Command, ...] = (
    Command(
        ("check",),
        "检查配置：有什么、能不能用、缺什么、哪里不安全",
        "Say what is configured, reachable, missing and unsafe",
        check,
        "check --json",
        (
            flag("--quick", "只看够不够得着，给监控用", "only whether it can be reached, for watchers"),
            option(
                "--server",
                "URL",
                "问正在运行的网页服务（/readyz），不看本机的档案库",
                "ask a running server (its /readyz) and look at no archive here",
            ),
        ),
        "检查数据库、文件、检索各在哪里、什么版本、落后多少，还有哪里不安全：没有加密的连接、权限过大的角色、众所周知的口令、"
        "没有锁定的存储桶……不安全的会说明，但不算错；退出码 3 表示缺了什么，档案库用不了。",
        "Where database, files and search are, which version, how far behind, and what is unsafe: a line without TLS, "
        "a role that may do too much, a well-known password, a bucket without locks. What is unsafe is told and is no "
        "failure; exit code 3 says that something is missing without which the archive does not work.",
    ),
)
