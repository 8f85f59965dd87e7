"""``timestamp``: have authorities outside say when a checkpoint existed, and list what they said."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.cli.command import Command, flag
from api.cli.context import Context
from domain.errors import EXIT_DONE, EXIT_FOUND, EXIT_UNAVAILABLE

if TYPE_CHECKING:
    from indexers.timestamping import Kept, Outcome


def timestamp(context: Context, args: Namespace) -> int:
    return _list(context) if args.list else _stamp(context)


def _stamp(context: Context) -> int:
    import random
    import time

    from indexers.pipeline import stamping

    context.require_keeper()
    context.pipeline.integrate()
    outcomes = stamping(context.house, time.time, random.random).run_all()
    lang = context.screen.lang
    context.screen.document({"timestamps": [_outcome_json(each, lang) for each in outcomes]})
    for each in outcomes:
        _tell(context, each)
    return EXIT_DONE if all(each.fault is None for each in outcomes) else EXIT_UNAVAILABLE


def _outcome_json(each: Outcome, lang: Any) -> dict[str, Any]:
    return {
        "authority": each.authority,
        "tree_size": each.size,
        "time": None if each.stamped is None else each.stamped.time.isoformat(),
        "fresh": each.fresh,
        "offset": round(each.offset, 3),
        "error": None if each.fault is None else each.fault.as_dict(lang),
    }


def _tell(context: Context, each: Outcome) -> None:
    screen = context.screen
    if each.fault is not None or each.stamped is None:
        why = "" if each.fault is None else each.fault.message(screen.lang)
        screen.say(
            f"✗ {each.authority}：没有盖成，以后会再试。{why}",
            f"✗ {each.authority}: none; it is tried again later. {why}",
        )
        return
    when = _local(context, each.stamped.time)
    screen.say(
        f"✓ {each.authority}：{each.size} 条的检查点，时间戳 {when}" + ("" if each.fresh else "（早已盖过）"),
        f"✓ {each.authority}: the checkpoint of {each.size} leaves, stamped {when}"
        + ("" if each.fresh else " (it had been before)"),
    )
    if each.clocks_differ:
        screen.say(
            f"! 它的时钟与本机相差 {each.offset:+.0f} 秒，其中一个不准。",
            f"! Its clock is {each.offset:+.0f} seconds off this machine's: one of the two is wrong.",
        )


def _list(context: Context) -> int:
    from adapters.home import parts
    from indexers.timestamping import kept

    house, lang = context.house, context.screen.lang
    stamps = kept(parts.files(house.settings, house.servers).timestamps(), house.settings.roots_of)
    context.screen.document({"timestamps": [_kept_json(each, lang) for each in stamps]})
    for each in stamps:
        name = each.name
        if each.stamped is None or each.problem is not None:
            why = "" if each.problem is None else each.problem.message(lang)
            context.screen.line(f"✗ {name.size}  {name.authority}  {why}")
        else:
            context.screen.line(f"✓ {name.size}  {name.authority}  {_local(context, each.stamped.time)}")
    if not stamps:
        context.screen.say("还没有时间戳", "There are no time stamps yet")
    return EXIT_DONE if all(each.problem is None for each in stamps) else EXIT_FOUND


def _kept_json(each: Kept, lang: Any) -> dict[str, Any]:
    from domain.ledger.timestamps import NOTE, STAMP

    return {
        "authority": each.name.authority,
        "tree_size": each.name.size,
        "time": None if each.stamped is None else each.stamped.time.isoformat(),
        "stamp": each.name.file(STAMP),
        "note": each.name.file(NOTE),
        "error": None if each.problem is None else each.problem.as_dict(lang),
    }


def _local(context: Context, instant: datetime) -> str:
    return instant.astimezone(context.settings.zone).isoformat(sep=" ", timespec="seconds")


COMMANDS: tuple[Command, ...] = (
    Command(
        ("timestamp",),
        "请时间戳机构给最新的检查点盖时间戳",
        "Have the newest checkpoint time-stamped by authorities outside (RFC 3161)",
        timestamp,
        "timestamp --list",
        (flag("--list", "只列出已有的时间戳，逐个核对", "only list the stamps that are kept, each of them checked"),),
        "机构由 JIANZHENG_TIMESTAMP_AUTHORITIES 指定。网页服务和后台进程每天自动盖一次，年末再盖一次；"
        "这个命令是现在就盖。有机构没有盖成，退出码为 3；--list 发现有不成立的，为 1。",
        "Authorities are those of JIANZHENG_TIMESTAMP_AUTHORITIES. Servers ask them by themselves, daily and at the "
        "end of the year; this asks them now. The exit code is 3 where one of them gave no stamp; with --list it is 1 "
        "where a stamp does not hold.",
    ),
)
