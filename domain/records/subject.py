"""Records, and the registers that give them their archival codes, as `domain.streams` has them."""

from __future__ import annotations

from collections.abc import Sequence

from domain.event import Event
from domain.records.acts import ACTS, code_fits
from domain.records.codes import Entered, is_code_of
from domain.records.events import RecordErased, RecordEvent, RecordFiled, Tombstone
from domain.records.refusals import HistoryImpossible
from domain.records.replay import replay
from domain.records.retention import files_kept
from domain.records.shown import shown
from domain.subject import Impossible, Kind, Subject


def audit_record(events: Sequence[Event]) -> Impossible | None:
    """Why the rules could not have made this history of a record."""
    acts = [event for event in events if isinstance(event, RecordEvent)]
    try:
        record = replay(acts)
    except HistoryImpossible as error:
        params = error.params
        return Impossible(params["version"], params["why_zh"], params["why_en"])
    filed = acts[0]
    if isinstance(filed, Tombstone) and record is not None and (erased := record.erased) is not None:
        return _audit_stub(erased)
    if isinstance(filed, RecordFiled) and code_fits(vars(filed)):
        return None
    return _misfit(1)


def _audit_stub(erased: RecordErased) -> Impossible | None:
    """The code tells the year of the first version, which must be one of those that the erasure names."""
    years = {year for year in (*erased.years, erased.year) if type(year) is int}
    fits = any(is_code_of(erased.code, erased.organisation, year) for year in years)
    return None if fits else _misfit(erased.originator_version)


def _misfit(version: int) -> Impossible:
    return Impossible(version, "档号与单位或年份不符", "the archival code does not fit the organisation or the year")


RECORDS = Subject(
    name="record",
    zh="记录",
    en="records",
    topics="jianzheng:record.",
    base=RecordEvent,
    ids="random",
    first=RecordFiled,
    also=(Tombstone,),
    kinds=ACTS,
    audit=audit_record,
    keeps=files_kept,
    shown=shown,
)

REGISTERS = Subject(
    name="register",
    zh="登记簿",
    en="registers",
    topics="jianzheng:register.",
    ids="derived",
    kinds=(Kind(Entered, "登记档号", "archival code given", files=False, stream=("organisation", "year")),),
)
