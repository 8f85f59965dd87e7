"""Of records and of the registers that number them."""

from __future__ import annotations

from dataclasses import replace

from domain.event import Event
from domain.records import codes
from domain.records import events as records
from tests.event_samples import HEADER, in_turn

FILE = {"name": "签到表.jpg", "sha256": "ab" * 32, "size": 12, "media_type": "image/jpeg", "role": "attendance_sheet"}
CONTENT = {"family": "study_session", "form": "party_lecture", "title": "专题党课", "occurred": {"from": "2023-04-21"}}
GAP = {"code": "missing", "field": "hours"}

SAMPLES: list[Event] = [
    records.RecordFiled(
        code="school-01-2023-0001",
        organisation="school-01",
        content=CONTENT,
        files=[FILE],
        gaps=[GAP],
        late=True,
        **HEADER,
    ),
    records.FilesAttached(files=[FILE], gaps=[], attached=["签到表.jpg"], **HEADER),
    records.RecordCorrected(content=CONTENT, files=[FILE], gaps=[], reason="题名有误", **HEADER),
    records.RecordSignedOff(remark="同意", **HEADER),
    records.RecordReturned(reason="缺席原因没有写", **HEADER),
    records.RecordWithdrawn(reason="重复录入", **HEADER),
    records.ProgressNoted(on="2023-05-01", note="已下发模板", **HEADER),
    records.ItemClosed(on="2023-05-02", note="完成", evidence=["school-01-2023-0002"], **HEADER),
    records.ErasureProposed(ground="privacy", basis="教党〔2024〕7号", digests=["ab" * 32], **HEADER),
    records.ErasureRejected(reason="尚在诉讼期间", **HEADER),
    records.RecordErased(
        ground="privacy",
        basis="教党〔2024〕7号",
        proposer="secretary",
        events=[{"version": 1, "state": "cd" * 32, "at": "2023-05-04T04:00:00.000000+00:00"}],
        digests=["ab" * 32],
        code="school-01-2023-0001",
        organisation="school-01",
        family="study_session",
        form="party_lecture",
        year=2023,
        years=[2023],
        **HEADER,
    ),
    codes.Entered(organisation="school-01", year=2023, record="5f0f8b54-4d8e-5d0c-9c57-1d2f3a4b5c6d", **HEADER),
]

FILED, ATTACHED, CORRECTED, SIGNED, RETURNED, WITHDRAWN, PROGRESS, CLOSED, PROPOSED, REJECTED, ERASED, ENTERED = SAMPLES
BY_ANOTHER = replace(PROPOSED, actor="secretary", digests=[])

STREAMS = [
    in_turn([FILED, ATTACHED, SIGNED]),
    in_turn([FILED, RETURNED, CORRECTED, WITHDRAWN]),
    in_turn([FILED, PROGRESS, CLOSED]),
    in_turn([FILED, PROPOSED, REJECTED]),
    in_turn([FILED, BY_ANOTHER, ERASED]),
    in_turn([ENTERED, ENTERED]),
]
