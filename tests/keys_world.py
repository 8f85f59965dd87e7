"""An archive whose keys change, embedded or on servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.home.settings import Settings, read
from adapters.keys.signing import verifier_of
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import parse_vkey
from domain.ledger.policy import NONE, Known, Policy
from domain.ledger.trust import open_trusted
from indexers.pipeline import integrate
from operations.verification import verify_archive
from tests.fakes import lecture

ORIGIN = "archive.example/keys"


def settings_of(home: Path, servers: Mapping[str, str] | None = None, **others: str) -> Settings:
    return read({"JIANZHENG_HOME": str(home), **(servers or {}), **others})


def make(settings: Settings, records: int = 3) -> House:
    """An archive with some records, its ledger up to date."""
    house = create_archive(settings, name="示例教育局", origin=ORIGIN)
    file(house, records)
    return house


def reopened(house: House) -> House:
    """As the next process finds it."""
    house.close()
    return open_archive(house.settings)


def file(house: House, records: int = 1) -> None:
    for number in range(records):
        house.archive.file(house.operator(), lecture(organisation="top", title=f"第 {number} 次"), [])
    integrate(house)


def note(house: House) -> str:
    return house.publisher.checkpoint().decode()


def accepted(note: str, *vkeys: str) -> Checkpoint | None:
    """What a verifier makes of a note whose policy lists these keys."""
    policy = Policy(NONE, tuple(Known(parse_vkey(vkey)) for vkey in vkeys))
    try:
        return open_trusted(note, policy, verifier_of).checkpoint
    except InvalidNote:
        return None


def signers(note: str, vkeys: Iterable[str]) -> list[str]:
    """Those of the keys that signed."""
    return [vkey for vkey in vkeys if accepted(note, vkey)]


def classes(house: House, since: str | None = None) -> list[tuple[str, str, str | None]]:
    """Class, subject and address of everything that the forensic check finds."""
    found = verify_archive(house, since=since)
    return sorted((each.klass, each.subject, each.event or each.file) for each in found.findings)
