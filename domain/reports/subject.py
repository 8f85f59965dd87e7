"""Annual reports that were issued, as `domain.streams` has them: a stream for each organisation and year."""

from __future__ import annotations

from domain.reports.events import ReportIssued
from domain.subject import Kind, Subject

REPORTS = Subject(
    name="report",
    zh="年报",
    en="annual reports",
    topics="jianzheng:report.",
    ids="derived",
    kinds=(Kind(ReportIssued, "签发年报", "report issued", files=False, stream=("organisation", "year")),),
)
