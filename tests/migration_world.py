"""A small archive with every kind of act in it, to be copied from one back end to another; and all of it as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.home import parts
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.home.settings import Settings, read
from adapters.witness.store import Witnessed
from domain.access import SYSTEM
from domain.ports.search import Scope, SearchRequest
from domain.records.filing import IncomingFile
from indexers.pipeline import Pipeline

ORIGIN = "archive.example/migration"
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
TOKEN_DAY = datetime(2024, 5, 6, tzinfo=UTC)


def settings_of(home: Path, servers: Mapping[str, str] | None = None) -> Settings:
    return read({"JIANZHENG_HOME": str(home), "JIANZHENG_LANG": "en", **(servers or {})})


class StepClock:
    def __init__(self) -> None:
        self.now = datetime(2024, 3, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=7)
        return self.now


def make_archive(settings: Settings, records: int = 76) -> None:
    """Ends closed, with everything integrated in batches of many sizes and more leaves than a tile holds."""
    house = create_archive(settings, name="某区教育局", origin=ORIGIN, clock=StepClock())
    pipeline = Pipeline(house)
    with closing(house):
        office = house.administration
        for number in range(3):
            office.add_organisation(SYSTEM, f"school-{number}", f"第{number}小学", parent="top", kind="school")
        office.add_person(SYSTEM, "zhang-min", "张敏", organisation="school-0", post="书记", since="2020-01-01")
        office.rename_organisation(SYSTEM, "school-2", "实验小学")
        office.open_account(SYSTEM, "clerk", "zhang-min")
        office.grant(SYSTEM, "clerk", "clerk", "school-0")
        office.open_account(SYSTEM, "gone")
        office.close_account(SYSTEM, "gone")
        accounts = house.accounts
        accounts._hasher = CHEAP
        accounts.set_password("clerk", "correct horse battery staple")
        accounts.create_token("clerk", "nightly import", TOKEN_DAY)
        pipeline.integrate()
        codes = [file_record(house, number) for number in range(records)]
        pipeline.integrate()
        for number, code in enumerate(codes):
            act(house, code, number)
            if number % 9 == 0:
                pipeline.integrate()
        issue_report(house, pipeline)
        pipeline.catch_up()
        for day in (1, 2):
            house.cosignatures.keep(Witnessed(house.ledger.size() - 2 + day, 1_700_000_000.0 + day * 86_400, "note\n"))


def file_record(house: House, number: int) -> str:
    """One record with up to three files."""
    item = number % 5 == 4
    raw: dict[str, Any] = {
        "organisation": f"school-{number % 3}",
        "family": "rectification" if item else "study_session",
        "form": "问题整改" if item else "党课",
        "title": f"第{number}次：从历史中汲取力量",
        "occurred": {"from": f"2024-02-{number % 27 + 1:02d}"},
        "body": "大家围绕立行立改谈了认识。" * (number % 40 + 1),
    }
    if item:
        raw |= {"problem": "三楼教室的线路已经老化。", "deadline": "2024-09-30", "term": "立行立改"}
    texts = [f"签到 {number % 10}".encode(), f"讲稿 {number % 7} 党课要有温度".encode() * 50, b"same in all"]
    files = [
        IncomingFile(f"附件{n}.txt", house.blobs.stage(iter([data])), "text/plain")
        for n, data in enumerate(texts[: number % 4 if number % 8 < 4 else 0])
    ]
    return house.archive.file(SYSTEM, raw, files).record.code


def act(house: House, code: str, number: int) -> None:
    """Something that happens to a record later."""
    archive = house.archive
    record = archive.find(code)
    if record.item is not None:
        archive.note_progress(SYSTEM, code, "已经换了线路")
        archive.close_item(SYSTEM, code, "线路全部换新")
        return
    match number % 5:
        case 0:
            archive.sign_off(SYSTEM, code)
        case 1:
            archive.send_back(SYSTEM, code, "缺签到表")
            raw = {**record.content, "organisation": record.organisation, "title": f"更正后的第{number}次"}
            archive.correct(SYSTEM, code, raw, "日期写错了")
        case 2:
            staged = house.blobs.stage(iter([f"补的材料 {number % 10}".encode()]))
            archive.attach(SYSTEM, code, [IncomingFile("补充.txt", staged, "text/plain")])
        case _:
            archive.withdraw(SYSTEM, code, "重复存入")


def issue_report(house: House, pipeline: Pipeline) -> None:
    pipeline.catch_up()
    house.reporting.issue(SYSTEM, "school-0", 2024, endings=["json"])


@contextmanager
def opened(settings: Settings) -> Iterator[House]:
    with closing(open_archive(settings)) as house:
        yield house


def evidence_of(settings: Settings) -> dict[str, Any]:
    """Everything that must not change by a byte."""
    with opened(settings) as house, closing(parts.evidence(settings).published.open()) as published:
        ledger, size = house.ledger, house.ledger.size()
        with house.accounts._transaction() as db:
            passwords = db.execute("SELECT username, hash FROM passwords ORDER BY username").fetchall()
            tokens = db.execute("SELECT id, hash, username, name, created, expires FROM tokens ORDER BY id").fetchall()
        names = [name for name, _ in published.listing() if name != "vkey"]
        return {
            "identity": house.identity,
            "root": ledger.root(size),
            "events": [tuple(row[1:]) for row in house.events.rows(0, 10**6)],
            "leaves": [(leaf.index, leaf.id, leaf.version, leaf.hash) for leaf in ledger.leaves(0, size)],
            "nodes": [ledger.nodes(level, 0, size >> 8 * level) for level in range(2)],
            "batches": ledger.batches(0, 10**6),
            "checkpoints": ledger.checkpoints(0, 10**6),
            "witnessed": house.cosignatures.days(),
            "published": {name: published.read(name) for name in names},
            "files": {digest: content(house, digest) for digest in house.blobs.digests()},
            "keys": {path.name: path.read_bytes() for path in settings.keys_folder.iterdir()},
            "vkey": (settings.ledger_folder / "vkey").read_bytes(),
            "passwords": [tuple(row) for row in passwords],
            "tokens": [tuple(row) for row in tokens],
        }


def content(house: House, sha256: str) -> bytes:
    with house.blobs.open(sha256) as stream:
        return stream.read()


def answers_of(settings: Settings) -> dict[str, Any]:
    """What people are told: by search, by a record, by a report. The same wherever the archive lies."""
    with opened(settings) as house:
        everything = Scope(everything=True)
        found = house.engine.search(SearchRequest(query="党课要有温度", scope=everything, limit=100))
        leaf = house.engine.search(SearchRequest(query="线路", scope=everything, sort="newest", limit=100))
        report = house.reporting.annual(SYSTEM, "school-0", 2024)
        codes = sorted(hit.record for hit in leaf.hits)
        return {
            "total": found.total,
            "facets": found.facets,
            "records": sorted((hit.record, hit.revision) for hit in found.hits),
            "newest": codes,
            "shown": [house.archive.find(code) for code in codes[:3]],
            "report": report.as_json(),
            "queue": house.queue.unfinished(),
        }
