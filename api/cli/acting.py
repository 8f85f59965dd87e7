"""``sign-off``, ``return``, ``withdraw``, ``progress``, ``close``: later acts. Nothing is overwritten."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from api.cli.command import REASON, RECORD, Command, option, positional
from api.cli.context import Context
from domain.errors import EXIT_DONE

if TYPE_CHECKING:
    from domain.records.filing import Outcome

ON = option("--on", "DATE", "日期，默认今天", "the day (default: today)")
NOTE = positional("NOTE", "说明", "what was done")


def sign_off(context: Context, args: Namespace) -> int:
    outcome = context.archive.sign_off(context.actor, args.record, args.remark)
    return _done(context, outcome, "已审签", "was signed off")


def send_back(context: Context, args: Namespace) -> int:
    outcome = context.archive.send_back(context.actor, args.record, args.reason)
    return _done(context, outcome, "已退回", "was returned")


def withdraw(context: Context, args: Namespace) -> int:
    outcome = context.archive.withdraw(context.actor, args.record, args.reason)
    return _done(context, outcome, "已撤回，仍可查阅", "was withdrawn; it stays readable")


def progress(context: Context, args: Namespace) -> int:
    outcome = context.archive.note_progress(context.actor, args.record, args.note, args.on)
    return _done(context, outcome, "的进展已登记", "has a new note of progress")


def close(context: Context, args: Namespace) -> int:
    outcome = context.archive.close_item(context.actor, args.record, args.note, args.evidence or (), args.on)
    return _done(context, outcome, "已销号", "was closed")


def _done(context: Context, outcome: Outcome, zh: str, en: str) -> int:
    context.catch_up()
    context.screen.document(context.shapes.after_act(outcome.record, outcome.changed))
    context.screen.say(f"{outcome.record.code} {zh}", f"{outcome.record.code} {en}")
    return EXIT_DONE


COMMANDS: tuple[Command, ...] = (
    Command(
        ("sign-off",),
        "审签一条记录",
        "Sign a record off",
        sign_off,
        "sign-off school-01-2023-0042 --remark 属实",
        (RECORD, option("--remark", "R", "审签意见", "a remark", default="")),
    ),
    Command(
        ("return",),
        "退回一条记录，请录入的人补正",
        "Return a record to whoever filed it",
        send_back,
        "return school-01-2023-0042 --reason 缺签到表",
        (RECORD, REASON),
    ),
    Command(
        ("withdraw",),
        "撤回一条记录：不删除，仍可查阅",
        "Withdraw a record; it stays readable as withdrawn",
        withdraw,
        "withdraw school-01-2023-0042 --reason 重复录入",
        (RECORD, REASON),
    ),
    Command(
        ("progress",),
        "登记整改事项的进展",
        "Note the progress of a rectification item",
        progress,
        "progress school-01-2023-0107 已完成线路改造 --on 2023-09-30",
        (RECORD, NOTE, ON),
    ),
    Command(
        ("close",),
        "整改事项销号",
        "Close a rectification item",
        close,
        "close school-01-2023-0107 经复查已整改到位 --evidence school-01-2023-0108",
        (
            RECORD,
            NOTE,
            option(
                "--evidence",
                "CODE",
                "作为佐证的记录（档号，可以多个）",
                "records that prove it (archival codes)",
                nargs="+",
            ),
            ON,
        ),
    ),
)
