"""The rules of a record by the errors that say which one forbids an act, or gave an impossible history away."""

from __future__ import annotations

from domain.errors import Conflict, IntegrityFault


class ActNotPossible(Conflict):
    code = "act_not_possible"
    zh = "这条记录{status_zh}，不能{act_zh}。"
    en = "This record is {status_en}: “{act_en}” cannot follow."
    next_zh = "请先看记录的经过，再决定下一步。"
    next_en = "Look at the record's history first."


class NotAnItem(Conflict):
    code = "not_an_item"
    zh = "只有整改类的记录才有进展和销号。"
    en = "Only rectification items have progress and closing."


class ItemIsClosed(Conflict):
    code = "item_closed"
    zh = "这个整改事项已经销号。"
    en = "This rectification item is closed already."


class FamilyFixed(Conflict):
    code = "family_fixed"
    zh = "更正不能改变记录的类别。"
    en = "A correction cannot change a record's family."
    next_zh = "请撤回这条记录，按正确的类别重新录入。"
    next_en = "Withdraw this record and file it anew in the right family."


class FileNameTaken(Conflict):
    code = "file_name_taken"
    zh = "这条记录里已经有一个内容不同的“{name}”。"
    en = "This record already has a file “{name}” with other contents."
    next_zh = "请换一个文件名再附上。"
    next_en = "Attach it under another name."


class HistoryImpossible(IntegrityFault):
    """Replay found an event that the rules could not have produced."""

    code = "history_impossible"
    zh = "第 {version} 个事件不可能由规则产生：{why_zh}。"
    en = "Event {version} could not have been produced by the rules: {why_en}."
