"""``erasure propose``, ``approve``, ``reject`` and ``list``: lawful erasure, by two people."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from api.cli.command import REASON, RECORD, Command, option
from api.cli.context import Context
from domain.errors import EXIT_DONE

if TYPE_CHECKING:
    from domain.erasing import Considered


def propose(context: Context, args: Namespace) -> int:
    outcome = context.erasing.propose(context.actor, args.record, args.ground, args.basis, args.file or ())
    return _done(
        context, outcome, "已提请销毁，等另一位管理员批准", "is proposed for erasure; another administrator decides"
    )


def approve(context: Context, args: Namespace) -> int:
    outcome = context.erasing.approve(context.actor, args.record)
    what = "" if outcome.record.erased else "的附件"
    files = "" if outcome.record.erased else ": files"
    code = _done(context, outcome, f"{what}已销毁", f"was erased{files}")
    left = [each for each in context.erasures.left() if each.stream == outcome.record.id]
    for each in left:
        zh, en = each.zh or "正在进行，会自动做完", each.en or "under way, and finished by itself"
        context.screen.note(f"还没有全部做完：{zh}", f"It is not complete yet: {en}")
    return code


def reject(context: Context, args: Namespace) -> int:
    outcome = context.erasing.reject(context.actor, args.record, args.reason)
    return _done(context, outcome, "不予销毁", "will not be erased")


def show(context: Context, args: Namespace) -> int:
    from api.common.shapes.erasures import proceedings_json
    from domain.erasing import STATES

    screen = context.screen
    proceedings = proceedings_json(context.erasing.proceedings(context.actor), context.erasures.left())
    screen.document(proceedings)
    for each in proceedings["erasures"]:
        zh, en = STATES[each["state"]]
        whole = not each["digests"]
        scope_zh, scope_en = ("整条记录", "all of it") if whole else (f"{len(each['digests'])} 个文件", "files")
        left = each["incomplete"]
        screen.say(
            f"{screen.bold(each['code'])}  {zh}  {scope_zh}  {each['ground_zh']}  {each['basis']}  "
            f"{each['proposed_by']} → {each['decided_by'] or '？'}" + (f"  未做完：{left['zh']}" if left else ""),
            f"{screen.bold(each['code'])}  {en}  {scope_en}  {each['ground_en']}  {each['basis']}  "
            f"{each['proposed_by']} → {each['decided_by'] or '?'}" + (f"  incomplete: {left['en']}" if left else ""),
        )
    if not proceedings["erasures"]:
        screen.say("没有销毁的提请", "No erasure was ever proposed")
    return EXIT_DONE


def _done(context: Context, outcome: Considered, zh: str, en: str) -> int:
    from api.common.shapes.erasures import considered_json

    context.catch_up()
    context.screen.document(considered_json(outcome))
    context.screen.say(f"{outcome.record.code} {zh}", f"{outcome.record.code} {en}")
    for each in outcome.shared:
        zh, en = "、".join(each.records), ", ".join(each.records)
        if each.others:
            zh = f"{zh}和另外 {each.others} 条记录" if zh else f"另外 {each.others} 条记录"
            en = f"{en} and {each.others} more" if en else f"{each.others} other records"
        context.screen.note(
            f"文件 {each.sha256[:12]}… 还附在{zh}：那里的不受影响，字节留到那里也销毁为止",
            f"The file {each.sha256[:12]}… stays where {en} names it as well; its bytes go when it is erased there",
        )
    return EXIT_DONE


COMMANDS: tuple[Command, ...] = (
    Command(
        ("erasure", "propose"),
        "提请依法销毁一条记录，或其中的文件",
        "Propose to erase a record, or files of it, as the law asks",
        propose,
        "erasure propose school-01-2023-0042 --ground privacy --basis 教党〔2024〕7号",
        (
            RECORD,
            option(
                "--ground",
                "G",
                "依据：privacy（依法删除个人信息）、court（法院或主管机关的决定）、retention-expired（保管期限届满）",
                "privacy, court (a decision of a court or authority) or retention-expired",
                required=True,
            ),
            option("--basis", "B", "文号或裁定编号", "number of the decision or document", required=True),
            option(
                "--file",
                "NAME",
                "只销毁这个文件（名称或 SHA-256，可以多次给出）；不给就是整条记录",
                "only this file, by name or SHA-256; may be repeated. Without it: all of the record",
                action="append",
            ),
        ),
        "提请之后什么都没有少。要由另一个人的账号批准。",
        "Nothing goes by a proposal alone: another person's account has to approve it.",
    ),
    Command(
        ("erasure", "approve"),
        "批准销毁：内容不可恢复，存在过的证明留下",
        "Approve an erasure: what goes cannot be brought back; the proof that it existed stays",
        approve,
        "erasure approve school-01-2023-0042",
        (RECORD,),
    ),
    Command(
        ("erasure", "reject"),
        "不予销毁",
        "Reject an erasure",
        reject,
        "erasure reject school-01-2023-0042 --reason 尚在诉讼期间",
        (RECORD, REASON),
    ),
    Command(
        ("erasure", "list"),
        "列出销毁的提请和结果",
        "List what was proposed, and what became of it",
        show,
        "erasure list",
    ),
)
