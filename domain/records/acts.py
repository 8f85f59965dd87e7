"""What may be done to a record in which state, and what acts and states are called."""

from __future__ import annotations

from typing import Literal

from domain.records.events import (
    ErasureProposed,
    ErasureRejected,
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordErased,
    RecordEvent,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)

Status = Literal["filed", "signed", "returned", "withdrawn", "erased"]

STATUS_ZH: dict[str, str] = {
    "filed": "待审签",
    "signed": "已审签",
    "returned": "已退回",
    "withdrawn": "已撤回",
    "erased": "已销毁",
}
STATUS_EN: dict[str, str] = {
    "filed": "awaiting sign-off",
    "signed": "signed off",
    "returned": "returned",
    "withdrawn": "withdrawn",
    "erased": "erased",
}
THERE: frozenset[Status] = frozenset({"filed", "returned", "signed", "withdrawn"})

WHEN: dict[type[RecordEvent], frozenset[Status]] = {
    FilesAttached: frozenset({"filed", "returned", "signed"}),
    RecordCorrected: frozenset({"filed", "returned", "signed"}),
    RecordSignedOff: frozenset({"filed"}),
    RecordReturned: frozenset({"filed", "signed"}),
    RecordWithdrawn: frozenset({"filed", "returned", "signed"}),
    ProgressNoted: frozenset({"filed", "returned", "signed"}),
    ItemClosed: frozenset({"filed", "signed"}),
    ErasureProposed: THERE,
    ErasureRejected: THERE,
    RecordErased: THERE,
}
"""In which states an act is possible."""

ACT_ZH: dict[type[RecordEvent], str] = {
    RecordFiled: "存证",
    FilesAttached: "附文件",
    RecordCorrected: "更正",
    RecordSignedOff: "审签",
    RecordReturned: "退回",
    RecordWithdrawn: "撤回",
    ProgressNoted: "整改进展",
    ItemClosed: "销号",
    ErasureProposed: "提请销毁",
    ErasureRejected: "不予销毁",
    RecordErased: "销毁",
}
ACT: dict[type[RecordEvent], str] = {
    RecordFiled: "filed",
    FilesAttached: "attached",
    RecordCorrected: "corrected",
    RecordSignedOff: "signed_off",
    RecordReturned: "returned",
    RecordWithdrawn: "withdrawn",
    ProgressNoted: "progress",
    ItemClosed: "closed",
    ErasureProposed: "erasure_proposed",
    ErasureRejected: "erasure_rejected",
    RecordErased: "erased",
}
"""Names of acts in JSON answers."""

ABOUT_ERASURE = frozenset({"erasure_proposed", "erasure_rejected", "erased"})
