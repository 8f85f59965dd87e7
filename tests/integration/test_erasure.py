"""The whole path of an erasure, on both back ends: what goes, what stays, and what the check says of it."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256

import pytest

from adapters.home import parts
from adapters.home.house import House
from adapters.keys.signing import verifier_of
from adapters.postgres.database import Database
from api.common.receipts import indulgent
from domain.errors import BlobErased
from domain.ledger.tombstone import read_tombstone
from domain.ports.search import SearchRequest
from domain.ports.texts import ExtractedText
from domain.proofs.judging import judge
from domain.records.erasure import RecordIsErased
from domain.records.filing import IncomingFile
from domain.records.record import Record
from indexers.pipeline import Pipeline
from operations.verification import subject, verify_archive
from operations.verify.figures_sides import figures_agree
from tests.cli_world import BACK_ENDS
from tests.fakes import lecture
from tests.http_world import HERE, World, make_world
from tests.servers import own

YEAR = 2023
SECRET = "独角兽"
SHARED = "两次会议的同一份通知"


@dataclass
class Erased:
    """Two records of one year and an issued report that counts both; then one of them is erased, lawfully."""

    world: World
    record: Record
    other: Record
    receipt: str
    digest: str
    root: bytes
    size: int

    @property
    def stream(self) -> str:
        return str(self.record.id)


def stage(world: World, name: str, text: str) -> IncomingFile:
    return IncomingFile(name, world.house.blobs.stage(iter([text.encode()])), "text/plain", "other")


def make(world: World) -> Erased:
    house = world.house
    admin, secretary = house.operator(), house.directory().account("secretary-here").actor()
    files = [stage(world, "签到表.txt", f"{SECRET}签到"), stage(world, "通知.txt", SHARED)]
    record = house.archive.file(admin, lecture(organisation=HERE, body=f"{SECRET}的发言"), files).record
    shared = [stage(world, "通知.txt", SHARED)]
    other = house.archive.file(admin, lecture(organisation=HERE, title="另一讲"), shared).record
    world.catch_up()
    assert found(world) == 1
    house.reporting.issue(admin, HERE, YEAR, endings=("json",))
    world.catch_up()
    receipt = house.receipts.one(admin, record.code, revision=1)
    size = house.ledger.size()
    root = house.ledger.root(size)
    house.erasing.propose(secretary, record.code, "privacy", "教党〔2024〕7号")
    house.erasing.approve(admin, record.code)
    return Erased(world, record, other, receipt, record.files[0].sha256, root, size)


def found(world: World) -> int:
    return len(world.house.searching.search(world.house.operator(), SearchRequest(query=SECRET)).hits)


def states(world: World, record: Record) -> list[bytes]:
    return [row.state for row in world.house.events.stored(record.id)]


@pytest.fixture(scope="module", params=BACK_ENDS)
def erased(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    with ExitStack() as stack:
        addresses = {}
        if request.param == "servers":  # a bucket that locks nothing
            postgres, bucket = request.getfixturevalue("postgres_url"), request.getfixturevalue("s3_url")
            elasticsearch = request.getfixturevalue("elasticsearch_url")
            addresses = {
                "JIANZHENG_DATABASE": stack.enter_context(own.own_database(postgres)),
                "JIANZHENG_BLOBS": stack.enter_context(own.own_bucket(bucket)),
                "JIANZHENG_SEARCH": stack.enter_context(own.own_prefix(elasticsearch)),
            }
        world = make_world(tmp_path_factory.mktemp("erased") / "home", addresses)
        stack.enter_context(closing(world.house))
        made = make(world)
        assert found(world) == 0, "nobody is shown a word of it from the moment of the approval"
        world.catch_up()
        yield made


def figures_are_right(house: House) -> bool:
    """By the sums of the fast check, which says nothing where it is not sure."""
    size, evidence = house.ledger.size(), parts.evidence(house.settings)
    with closing(evidence.tables.ledger()) as ledger:
        end = ledger.leaves(size - 1, size)[0][1]
    return figures_agree(evidence, subject(house).reported.folds, size, end, None, lambda *_: None)


def test_nothing_of_it_is_left_but_the_proof(erased: Erased) -> None:
    """States are tombstones, file and text are gone, nothing is found; the root is what it was, and all verifies."""
    house = erased.world.house
    assert house.erasures.left() == []
    first, *_ = states(erased.world, erased.record)
    said = read_tombstone(first)
    assert said is not None
    assert said.by == 3
    assert house.ledger.root(erased.size) == erased.root
    assert not house.texts.holds(erased.digest)
    with pytest.raises(BlobErased):
        house.blobs.open(erased.digest)
    assert found(erased.world) == 0
    assert house.engine.documents(erased.stream) == []
    checked = verify_archive(house)
    assert checked.findings == []
    [remark] = [each for each in checked.not_checked if erased.record.code in each.en]
    assert f"{erased.stream}/3" in remark.en


def test_an_index_made_anew_knows_nothing_of_it(erased: Erased) -> None:
    """Figures and search from the first leaf on: the same as before, and the check agrees."""
    house = erased.world.house
    assert figures_are_right(house)
    before = list(house.figures.rows())
    Pipeline(house).rebuild()
    assert list(house.figures.rows()) == before
    assert found(erased.world) == 0
    assert verify_archive(house).findings == []


def test_reports_count_what_was_erased_and_nothing_else_of_it(erased: Erased) -> None:
    """A new one says how many; the one issued before cannot be made again, which is no sign of tampering."""
    house = erased.world.house
    admin = house.operator()
    report = house.reporting.annual(admin, HERE, YEAR)
    assert (report.figures["records.count"]["value"], report.figures["erased.count"]["value"]) == (1, 1)
    then = house.reporting.annual(admin, HERE, YEAR, erased.size - 1)
    assert then.figures["erased.count"]["value"] == 1
    [(digest, _)] = house.figures.issued_rows()
    event = house.events.decode(
        house.events.rows_at([house.ledger.leaves(house.figures.issued(digest)[0], 1)[0].position])[0]
    )
    remark = house.reporting.objection(event)  # type: ignore[arg-type]
    assert remark is not None
    assert (remark.code, remark.grave) == ("record_erased", False)
    assert erased.record.code in remark.zh


def test_receipts_of_before_still_hold(erased: Erased) -> None:
    """Offline as ever; the record's own receipt is that of its erasure now, and of what is gone there is none."""
    house = erased.world.house
    admin = house.operator()
    old = judge(erased.receipt.encode(), indulgent(house.trust.published()), verifier_of)
    assert (old.ok, old.said[0].act[0]) == (True, "filed")
    said = erased.world.client().post("/api/v1/receipts/verify", json={"receipt": erased.receipt}).json()
    assert (said["erased"]["revision"], said["erased"]["ground"], said["erased"]["by"]) == (3, "privacy", "admin")
    leaf = b64encode(old.receipts[0].leaf).decode()
    asked = {"record": erased.stream, "version": "1", "leaf": leaf}
    stranger = erased.world.client()
    told = stranger.get("/api/v1/receipts/event", params=asked).json()
    assert told == {"known": True, "erased": said["erased"]}
    nothing = {"known": False, "erased": None}
    assert stranger.get("/api/v1/receipts/event", params={**asked, "version": "2"}).json() == nothing
    assert stranger.get("/api/v1/receipts/event", params={**asked, "leaf": "A" * 43 + "="}).json() == nothing
    assert stranger.get("/api/v1/receipts/event", params={**asked, "leaf": "A"}).status_code == 422
    new = judge(house.receipts.one(admin, erased.record.code).encode(), indulgent(house.trust.published()), verifier_of)
    assert (new.ok, new.said[0].act[0], new.said[0].revision) == (True, "erased", 3)
    with pytest.raises(RecordIsErased):
        house.receipts.one(admin, erased.record.code, revision=1)
    with pytest.raises(RecordIsErased):
        house.receipts.complete(admin, erased.record.code)


def test_people_and_programs_see_the_stub(erased: Erased) -> None:
    """Over HTTP and on the page: erased, on which ground, by whom, under which event."""
    code, clerk = erased.record.code, erased.world.program("clerk-here")
    said = clerk.get(f"/api/v1/records/{code}").json()
    assert (said["status"], said["erasure"]["decided_by"], said["erasure"]["revision"]) == ("erased", "admin", 3)
    assert [each["event"] for each in said["history"]] == ["erasure_proposed", "erased"]
    assert clerk.get(f"/api/v1/records/{code}?as_of=5").json()["status"] == "erased"
    browser = erased.world.signed_in("clerk-here")
    page = browser.get(f"/records/{code}")
    assert page.status_code == 200
    assert "教党〔2024〕7号" in page.text
    assert SECRET not in page.text
    assert browser.get(f"/records/{code}/stamp").status_code == 200
    assert erased.world.program("secretary-here").get("/api/v1/erasures").json()["erasures"][0]["state"] == "erased"
    assert clerk.get("/api/v1/erasures").json() == {"erasures": []}


def test_what_is_still_there_is_named(erased: Erased) -> None:
    """A text that came back, a state that nobody erased lawfully, one that was put back: each by its address."""
    house, stream = erased.world.house, erased.stream
    house.texts.put(erased.digest, ExtractedText("extracted", (SECRET,)))
    assert addresses(erased) == {("stale", "file", f"{stream}/3")}
    house.texts.forget(erased.digest)
    [row] = house.events.stored(erased.other.id)
    gone = b'{"erased":{"by":2,"state":"%b"}}' % digest_of(row.state).encode()
    set_state(erased, erased.other, gone)
    assert addresses(erased) == {("deleted", "event", f"{erased.other.id}/1")}
    set_state(erased, erased.other, row.state)
    first, *_ = states(erased.world, erased.record)
    set_state(erased, erased.record, first.replace(b'"by":3', b'"by":2'))
    assert addresses(erased) == {("deleted", "event", f"{stream}/1")}
    set_state(erased, erased.record, first)
    assert addresses(erased) == set()


def test_a_file_of_two_records_stays_for_the_other(erased: Erased) -> None:
    """There it can be read and found; one that is filed between an approval and the purge keeps its file as well."""
    world, house = erased.world, erased.world.house
    admin, secretary = house.operator(), house.directory().account("secretary-here").actor()
    [notice] = erased.other.files
    with house.blobs.open(notice.sha256) as reader:
        assert reader.read().decode() == SHARED
    assert house.texts.holds(notice.sha256)
    assert [each.shown.code for each in house.searching.search(admin, SearchRequest(query="同一份通知")).hits] == [
        erased.other.code
    ]
    text = "两次都要的材料"
    first = house.archive.file(
        admin, lecture(organisation=HERE, title="第三讲"), [stage(world, "材料.txt", text)]
    ).record
    world.catch_up()
    house.erasing.propose(secretary, first.code, "privacy", "教党〔2024〕7号", ["材料.txt"])
    assert house.erasing.approve(admin, first.code).shared == ()
    second = house.archive.file(
        admin, lecture(organisation=HERE, title="第四讲"), [stage(world, "又是.txt", text)]
    ).record
    world.catch_up()
    assert house.erasures.left() == []
    with house.blobs.open(second.files[0].sha256) as reader:
        assert reader.read().decode() == text
    assert [each.shown.code for each in house.searching.search(admin, SearchRequest(query=text)).hits] == [second.code]
    assert verify_archive(house).findings == []
    house.erasing.propose(secretary, second.code, "privacy", "教党〔2024〕8号", ["又是.txt"])
    house.erasing.approve(admin, second.code)
    world.catch_up()
    with pytest.raises(BlobErased):
        house.blobs.open(second.files[0].sha256)
    assert not house.texts.holds(second.files[0].sha256)
    assert verify_archive(house).findings == []


def addresses(erased: Erased) -> set[tuple[str, str, str | None]]:
    return {(each.klass, each.subject, each.event) for each in verify_archive(erased.world.house).findings}


def digest_of(state: bytes) -> str:
    return sha256(state).hexdigest()


def set_state(erased: Erased, record: Record, state: bytes) -> None:
    """As whoever may write to the table of events."""
    house = erased.world.house
    if isinstance(house.servers.database, Database):
        text = f"UPDATE jianzheng.stored_events SET state = decode('{state.hex()}', 'hex')"
        where = f" WHERE originator_id = '{record.id}' AND originator_version = 1"
        with house.servers.database.transaction() as link:
            link.execute(text + where)  # type: ignore[arg-type]  # the test's own
        return
    with closing(sqlite3.connect(house.settings.events_file)) as db, db:
        db.execute(
            "UPDATE stored_events SET state = ? WHERE originator_id = ? AND originator_version = 1",
            (state, record.id.hex),
        )
