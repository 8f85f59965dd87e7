"""Of annual reports."""

from __future__ import annotations

from domain.event import Event
from domain.reports import events as reports
from tests.event_samples import HEADER, in_turn

SAMPLES: list[Event] = [
    reports.ReportIssued(
        organisation="school-01",
        year=2023,
        tree_size=41,
        root="00" * 32,
        fold_version=1,
        digests={"json": "ab" * 32},
        **HEADER,
    ),
]

STREAMS = [in_turn([*SAMPLES, *SAMPLES])]
