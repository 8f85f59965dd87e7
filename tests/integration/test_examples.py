"""The demonstration archive: what is generated, that it is generated alike, and that it can be lived through."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.home.house import House, open_archive
from domain.access import decide
from domain.organisations.directory import Directory
from domain.records import content
from domain.records.families import FAMILIES
from domain.records.filing import record_target
from examples import demo, people
from examples.attachments import make_docx, make_gb18030, make_pptx, make_xlsx
from examples.generate import SEED, all_examples, codes_of, generate
from examples.office import Example
from indexers.pipeline import Pipeline
from tests.demo_world import demonstration

ZONE = ZoneInfo("Asia/Shanghai")
OUTSIDE = {"翁季川", "岑若衡", "家长代表六人"}
"""People in records who belong to no organisation of the demonstration: experts, and parents in a forum."""


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return all_examples()


def checked(example: Example) -> content.Checked:
    roles = [file.role for file in example.files]
    return content.check(example.raw, zone=ZONE, today=example.filed.date(), file_roles=roles)


# ── what is generated ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_form_of_every_family_occurs(examples: list[Example]) -> None:
    """Whatever a visitor opens, there is an example of it."""
    there = {(e.raw["family"], e.raw["form"]) for e in examples}
    assert {(family.key, form.key) for family in FAMILIES for form in family.forms} == there


def test_no_record_contradicts_itself(examples: list[Example]) -> None:
    """Every record is one that the archive takes."""
    assert [(e.name, checked(e).problems) for e in examples if checked(e).problems] == []


def test_gaps_are_only_those_left_on_purpose(examples: list[Example]) -> None:
    """Some records are incomplete, and each says so itself; nobody outside the roll is named by mistake."""
    for example in examples:
        found = checked(example)
        codes = {gap.code for gap in found.gaps} - {"person_not_on_roll"}
        assert codes == example.gaps - {"person_not_on_roll"}, example.name
        for _, person in content.people(found.content):
            assert person["name"] in people.BY_NAME or person["name"] in OUTSIDE, example.name
    assert sum(bool(e.gaps) for e in examples) >= 8


def test_who_is_named_is_there_on_that_day(examples: list[Example]) -> None:
    """A person named in a record holds a post in the record's line of organisations when it happens."""
    for example in examples:
        organisation, day = example.raw["organisation"], example.day.isoformat()
        near = people.within(organisation) | set(people.path(organisation))
        for path, person in content.people(checked(example).content):
            if person["name"] not in OUTSIDE:
                posts = people.BY_NAME[person["name"]].posts
                assert any(p.organisation in near and p.held_on(day) for p in posts), (example.name, path)


def test_the_numbers_that_are_promised(examples: list[Example]) -> None:
    """Three schools, sixty people, seven years, the five plans, and some hundred records of each important kind."""
    assert len(people.PEOPLE) == len(people.BY_NAME) == 60
    assert len(people.SCHOOLS) == 3
    assert 300 <= len(examples) <= 450
    years = Counter(e.day.year for e in examples)
    assert set(years) == set(range(2018, 2025))
    assert min(years.values()) >= 20
    plans = Counter(e.raw.get("plan") for e in examples)
    assert {p for p in plans if p} == {"p0-2018", "p1-2023", "p2-2021", "p3-2024", "p4-2022"}
    assert len(set(codes_of(examples).values())) == len(examples)


def test_stories_that_the_records_tell(examples: list[Example]) -> None:
    """A failed survey with its make-up, an overdue item, a revision, a return, a withdrawal, an approval in time."""
    codes = codes_of(examples)
    surveys = {codes[e.name]: e.raw for e in examples if e.raw["form"] == "satisfaction"}
    failed = [c for c, s in surveys.items() if (s["satisfied"] + s["mostly_satisfied"]) * 2 <= s["ballots"]]
    assert failed
    assert {s["makes_up_for"] for s in surveys.values() if "makes_up_for" in s} == set(failed)
    acts = Counter(act.act for e in examples for act in e.acts)
    assert all(acts[kind] for kind in ("sign_off", "return", "correct", "withdraw", "progress", "close"))
    items = [e for e in examples if e.raw["family"] == "rectification"]
    still_open = [e for e in items if not any(a.act == "close" for a in e.acts)]
    assert any(e.raw["deadline"] < "2025-01-01" for e in still_open)
    assert {e.raw["term"] for e in items} == {"immediate", "long_term"}
    assert any(e.raw["family"] == "self_analysis" and any(a.content for a in e.acts) for e in examples)
    approvals = [e for e in examples if e.raw["form"] == "approval"]
    assert all(e.day < date.fromisoformat(e.raw["held_on"]) for e in approvals)
    assert any((e.filed.date() - e.day).days > 40 for e in examples), "some are filed late"


def test_every_act_is_one_that_its_account_may_do(examples: list[Example]) -> None:
    """Accounts act within their roles; `filing` would stop at the first that does not."""
    accounts = {a.username: a for a in people.ACCOUNTS}
    for example in examples:
        last = example.filed
        for act in example.acts:
            account = accounts[act.by]
            day = act.at.date().isoformat()
            assert act.at > last, example.name
            assert account.organisation in people.path(example.raw["organisation"])
            assert account.until is None or day < account.until
            last = act.at


# ── the same again ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_documents_carry_no_time_of_their_making() -> None:
    """The same arguments give the same bytes, and every part of a package bears the document's date."""
    day = date(2023, 4, 21)
    for make in (
        lambda: make_docx("会议记录", [("时间", "四月")], [("一、议题", ["发言。"])], day, "尤佳禾"),
        lambda: make_pptx("课件", "副题", [("一页", ["一行"])], day),
    ):
        first = make()
        assert first == make()
        with zipfile.ZipFile(io.BytesIO(first)) as package:
            assert {part.date_time[:3] for part in package.infolist()} == {(2023, 4, 21)}
    rows = [[1, "尤佳禾"]]
    assert make_xlsx("签到表", ("序号", "姓名"), rows, day) == make_xlsx("签到表", ("序号", "姓名"), rows, day)
    assert make_gb18030("讲稿", ["同志们。"]).decode("gb18030").startswith("讲稿\r\n")


def test_the_same_seed_gives_the_same_records(examples: list[Example]) -> None:
    """Records, times and acts are alike between two runs; another seed gives others."""

    def told(found: list[Example]) -> str:
        return json.dumps([[e.name, e.raw, str(e.filed), [str(a) for a in e.acts]] for e in found], sort_keys=True)

    assert told(examples) == told(all_examples())
    assert told(examples) != told(all_examples(SEED + 1))


# ── the whole way ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demonstration(tmp_path_factory).evidence


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = open_archive(demonstration(tmp_path_factory).settings)
    yield opened
    opened.close()


def digests(folder: Path, names: set[str]) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (not names or path.parent.name in names or path.suffix == ".yaml")
    }


@pytest.mark.slow
def test_two_runs_write_the_same_bytes(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All yaml files, and the files of one record in eight: a picture, minutes, a sheet, a report are among them."""
    chosen = all_examples()[::8]
    monkeypatch.setattr("examples.generate.all_examples", lambda seed: chosen)
    generate(tmp_path)
    again = {k: v for k, v in digests(tmp_path, set()).items() if k.startswith("records/")}
    kinds = {Path(name).suffix for name in again}
    assert {".docx", ".xlsx", ".pdf", ".jpg", ".yaml"} <= kinds
    before = digests(evidence, set())
    assert {name: before[name] for name in again} == again


@pytest.mark.slow
def test_the_journal_is_lived_through(house: House) -> None:
    """Everything is filed under the foreseen codes, at the foreseen time, and a secretary has changed meanwhile."""
    codes = codes_of(all_examples())
    for example in all_examples()[::10]:
        record = house.archive.find(codes[example.name])
        assert record.content["title"] == example.raw["title"] or len(record.versions) > 1
        assert record.filed_at[:13] == example.filed.astimezone(ZoneInfo("UTC")).isoformat()[:13]
    directory = house.directory()
    assert directory.account("secretary-2-old").closed
    assert {p.name for p in directory.members("school-01-senior-g10", "2023-01-01")} >= {"时雨辰"}
    assert house.ledger.size() == house.events.head()


@pytest.mark.slow
def test_gaps_in_the_archive_are_the_intended_ones(house: House, examples: list[Example]) -> None:
    """Linking people by their names leaves nobody out but guests."""
    codes = codes_of(examples)
    for example in examples:
        first = house.archive.find(codes[example.name]).versions[0]
        assert {gap["code"] for gap in first.gaps} == example.gaps, example.name


@pytest.mark.slow
def test_late_filings_and_confidence(house: House, examples: list[Example]) -> None:
    """A few records are marked as filed late, and a reader may not open a self-analysis."""
    codes = codes_of(examples)
    records = [house.archive.find(code) for code in codes.values()]
    assert 5 <= sum(record.late for record in records) <= 20
    directory: Directory = house.directory()
    reader = directory.account("reader").actor()
    analysis = next(r for r in records if r.content["family"] == "self_analysis")
    assert not decide(reader, "record.read", record_target(analysis, directory), "2025-01-01").allowed


@pytest.mark.slow
def test_texts_of_all_kinds_are_read(house: House) -> None:
    """After the pipeline has run nothing waits, nothing was set aside, and Chinese in a PDF is found."""
    Pipeline(house).catch_up()
    status = house.queue.counts()
    assert not status.get("waiting", 0)
    assert house.queue.aside() == []


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The demonstration never writes into, and never removes, a folder that is not its own."""
    (tmp_path / "letter.txt").write_text("mine")
    assert demo.main(["--fill-only"], {"JIANZHENG_HOME": str(tmp_path)}) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    assert "was not touched" in capsys.readouterr().out


def test_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong port is said before anything is made."""
    assert demo.main([], {"DEMO_PORT": "http"}) == 2
    assert "DEMO_PORT" in capsys.readouterr().out


@pytest.mark.slow
def test_filling_once_and_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-made archive is made anew; a complete one is used as it is."""
    few = all_examples()[:12]
    monkeypatch.setattr("examples.generate.all_examples", lambda seed: few)
    home = tmp_path / "demo-data"
    (tmp_path / "demo-data.part" / "archive").mkdir(parents=True)
    assert demo.main(["--fill-only"], {"JIANZHENG_HOME": str(home)}) == 0
    assert "starting again" in capsys.readouterr().out
    assert not (tmp_path / "demo-data.part").exists()
    made = (home / "archive.json").read_bytes()
    with socket.create_server((demo.HOST, 0)) as other:
        port = other.getsockname()[1]
        assert demo.main([], {"JIANZHENG_HOME": str(home), "DEMO_PORT": str(port)}) == 3
    assert f"Port {port} is taken" in capsys.readouterr().out
    assert demo.main(["--fill-only"], {"JIANZHENG_HOME": str(home)}) == 0
    assert "is there already" in capsys.readouterr().out
    assert (home / "archive.json").read_bytes() == made
    for account in people.ACCOUNTS[:5]:
        assert account.password in demo.introduction(8000)
