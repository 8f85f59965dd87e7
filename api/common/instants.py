"""``T`` of the command line and of HTTP: a date, an instant or a tree size becomes a tree size."""

from __future__ import annotations

import re
from datetime import date, datetime

from domain.errors import InputError
from domain.moments import Moments

_SIZE = re.compile(r"[0-9]{1,18}")


class BadInstant(InputError):
    code = "bad_instant"
    zh = "“{value}”不是日期、时刻或检查点的条数。"
    en = "“{value}” is no date, instant or tree size."
    next_zh = "例：2023-12-31、2023-12-31T18:00+08:00、1024。"
    next_en = "For example: 2023-12-31, 2023-12-31T18:00+08:00, 1024."


class NotYetReached(InputError):
    code = "tree_size_not_reached"
    zh = "账本现在有 {size} 条，还没有到 {value} 条。"
    en = "The ledger has {size} leaves, not yet {value}."


def tree_size(text: str, moments: Moments) -> int:
    """How many events were known then; a date means its end, as the archive's clock has it.

    Raises `BadInstant`, `NotYetReached`.
    """
    said = text.strip()
    if _SIZE.fullmatch(said):
        if int(said) > (size := moments.ledger.size()):
            raise NotYetReached(value=int(said), size=size, field="as_of")
        return int(said)
    try:
        if len(said) == 10:
            return moments.end_of(date.fromisoformat(said))
        return moments.at(datetime.fromisoformat(said))
    except (ValueError, OverflowError):
        raise BadInstant(value=said[:40], field="as_of") from None
