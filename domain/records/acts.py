"""The acts on a record: what each is called, in which states it is possible, and what the states are called, those of a
rectification item too."""

from __future__ import annotations

from typing import Literal

from domain.records.codes import is_code_of
from domain.records.events import (
    ErasureProposed,
    ErasureRejected,
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordErased,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)
from domain.subject import Attributes, Kind
from domain.words import Words

Status = Literal["filed", "signed", "returned", "withdrawn", "erased"]
ItemState = Literal["open", "in_progress", "closed"]

STATUSES: dict[str, Words] = {
    "filed": Words("待审签", "awaiting sign-off"),
    "signed": Words("已审签", "signed off"),
    "returned": Words("已退回", "returned"),
    "withdrawn": Words("已撤回", "withdrawn"),
    "erased": Words("已销毁", "erased"),
}
ITEM_STATES: dict[str, Words] = {
    "open": Words("未整改", "open"),
    "in_progress": Words("整改中", "in progress"),
    "closed": Words("已销号", "closed"),
}
LIVE: frozenset[Status] = frozenset({"filed", "returned", "signed"})
OPEN: frozenset[Status] = frozenset({"filed", "signed"})
THERE: frozenset[Status] = LIVE | {"withdrawn"}


def code_fits(filed: Attributes) -> bool:
    """Whether the archival code of a filing is one of its organisation and of the year in which it happened."""
    occurred = filed["content"].get("occurred", {})
    year = str(occurred.get("from", ""))[:4] if isinstance(occurred, dict) else ""
    return is_code_of(filed["code"], filed["organisation"], int(year) if year.isdecimal() else 0)


def _has_family(attributes: Attributes) -> bool:
    return type(attributes["content"].get("family")) is str


def _names_attached(attributes: Attributes) -> bool:
    return all(type(name) is str for name in attributes["attached"])


ACTS: tuple[Kind, ...] = (
    Kind(RecordFiled, "存证", "filed", name="filed", files=True, when=frozenset(), coded=True, numbered=True,
         sound=_has_family, fits=code_fits),
    Kind(FilesAttached, "附文件", "files attached", name="attached", files=True, when=LIVE, sound=_names_attached),
    Kind(RecordCorrected, "更正", "corrected", name="corrected", files=True, when=LIVE, numbered=True,
         sound=_has_family),
    Kind(RecordSignedOff, "审签", "signed off", name="signed_off", files=False, when=frozenset({"filed"})),
    Kind(RecordReturned, "退回", "returned", name="returned", files=False, when=OPEN),
    Kind(RecordWithdrawn, "撤回", "withdrawn", name="withdrawn", files=False, when=LIVE),
    Kind(ProgressNoted, "整改进展", "progress noted", name="progress", files=False, when=LIVE),
    Kind(ItemClosed, "销号", "closed", name="closed", files=False, when=OPEN),
    # An erasure takes two people and what they said: the whole stream tells.
    Kind(ErasureProposed, "提请销毁", "erasure proposed", name="erasure_proposed", files=False, when=THERE,
         alone=False),
    Kind(ErasureRejected, "不予销毁", "erasure rejected", name="erasure_rejected", files=False, when=THERE,
         alone=False),
    Kind(RecordErased, "销毁", "erased", name="erased", files=False, when=THERE, coded=True, alone=False),
)  # fmt: skip
"""No state has it that something is filed: that is how a record begins."""

ACT = {kind.event: kind for kind in ACTS}
NAMED = {kind.name: kind for kind in ACTS}
WHEN = {kind.event: kind.when or frozenset() for kind in ACTS}
"""In which states an act is possible."""

ABOUT_ERASURE = frozenset({"erasure_proposed", "erasure_rejected", "erased"})
