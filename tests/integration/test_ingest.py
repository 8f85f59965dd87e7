"""Filing folders from disk: what is filed, what is refused, and that nothing is half done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.home.settings import read
from adapters.intake import record_folder
from adapters.intake.folders import Filed, Ingest, NotFiled

NOW = datetime(2023, 4, 25, 2, 0, tzinfo=UTC)
RECORD = """\
organisation: school-01
family: study_session
form: 党课
title: 专题党课
occurred: {from: 2023-04-21T14:30+08:00, to: 2023-04-21T16:30+08:00}
attendance:
  expected: 24
  present: 22
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An archive with one school."""
    settings = read({"JIANZHENG_HOME": str(tmp_path / "home")})
    house = create_archive(settings, name="教育局", origin="archive.example/test", clock=lambda: NOW)
    house.administration.add_organisation(house.operator(), "school-01", "第一小学")
    yield house
    house.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A record's folder with two files."""
    return make_record(
        tmp_path / "in" / "党课", RECORD, {"签到表.jpg": b"\xff\xd8\xff photo", "记录.txt": "讲稿".encode()}
    )


def make_record(path: Path, text: str, files: dict[str, bytes]) -> Path:
    path.mkdir(parents=True)
    (path / "record.yaml").write_text(text, "utf-8")
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def run(house: House, *paths: Path, organisation: str | None = None) -> tuple[list[Filed | NotFiled], Ingest]:
    ingest = Ingest(house.archive, house.blobs, house.settings.zone, house.operator(), organisation)
    return list(ingest.run(paths)), ingest


def filed(outcomes: list[Filed | NotFiled]) -> Filed:
    (outcome,) = outcomes
    assert isinstance(outcome, Filed), outcome
    return outcome


def refused(outcomes: list[Filed | NotFiled]) -> NotFiled:
    (outcome,) = outcomes
    assert isinstance(outcome, NotFiled), outcome
    return outcome


def nothing_is_left(house: House) -> bool:
    """No record, no file kept, nothing in staging."""
    return not staged(house) and not list(house.blobs.digests()) and not any("record" in r.topic for r in rows(house))


def staged(house: House) -> list[Path]:
    """Bytes in staging, the store's own lock aside."""
    return [path for path in house.settings.staging_folder.iterdir() if path.stat().st_size or "lock" not in path.name]


def rows(house: House) -> list[Any]:
    return house.events.rows(0, 1000)


def test_a_folder_is_a_record_and_its_files_attachments(house: House, folder: Path) -> None:
    """Given a folder with record.yaml, when it is ingested, then every other file in it is attached."""
    text = RECORD + "files: {签到表.jpg: {role: attendance_sheet}}\n"
    (folder / "record.yaml").write_text(text, "utf-8")
    record = filed(run(house, folder)[0]).outcome.record
    assert record.code == "school-01-2023-0001"
    assert [(f.name, f.role, f.media_type) for f in record.files] == [
        ("签到表.jpg", "attendance_sheet", "image/jpeg"),
        ("记录.txt", "other", "text/plain"),
    ]
    assert {f.sha256 for f in record.files} == set(house.blobs.digests())


def test_the_same_folder_again_files_nothing_twice(house: House, folder: Path) -> None:
    """Given a filed folder, when it is ingested again, moved or laid out differently, then it is unchanged."""
    first = filed(run(house, folder)[0])
    before = len(rows(house))
    (folder / "record.yaml").write_text("# again\n" + RECORD, "utf-8")
    moved = folder.rename(folder.parent / "moved")
    again = filed(run(house, moved)[0])
    assert not again.outcome.changed
    assert again.outcome.record.id == first.outcome.record.id
    assert len(rows(house)) == before
    assert not staged(house)


def test_records_are_found_below_a_folder_once(house: House, folder: Path) -> None:
    """Folders are searched; a folder that is named twice is filed once; what is no record is said."""
    make_record(folder.parent / "sub" / "b", RECORD.replace("专题党课", "另一次党课"), {})
    (folder.parent / "README.txt").write_text("x")
    outcomes, ingest = run(house, folder.parent, folder, folder / "record.yaml")
    assert [isinstance(o, Filed) for o in outcomes] == [True, True]
    assert [p.code for p in ingest.passed] == ["no_record"]


def test_a_bad_folder_does_not_stop_the_good_ones(house: House, folder: Path) -> None:
    """Errors carry file, line and field, all problems of a record at once."""
    bad = RECORD.replace("  expected", "  absent: 1\n  expected") + "retention: 20y\n"
    make_record(folder.parent / "bad", bad, {"a.txt": b"a"})
    outcomes, _ = run(house, folder.parent)
    wrong = next(o for o in outcomes if isinstance(o, NotFiled))
    assert sum(isinstance(o, Filed) for o in outcomes) == 1
    assert wrong.error.code == "record_invalid"
    assert wrong.error.file is not None
    assert wrong.error.file.endswith("bad/record.yaml")
    assert [(line, p.field) for line, p in wrong.problems] == [(7, "attendance.absent"), (10, "retention")]


def test_hidden_files_and_litter_are_no_evidence(house: House, folder: Path) -> None:
    """What file managers and office programs leave behind is not attached."""
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$记录.docx"):
        (folder / name).write_bytes(b"litter")
    assert len(filed(run(house, folder)[0]).outcome.record.files) == 2


def test_names_are_the_same_however_accents_are_composed(house: House, tmp_path: Path) -> None:
    """A file system's decomposed name is the name that record.yaml says."""
    text = RECORD + "files: {café.txt: {role: minutes}}\n"
    make_record(tmp_path / "r", text, {"cafe\u0301.txt": b"x"})
    (entry,) = filed(run(house, tmp_path / "r")[0]).outcome.record.files
    assert (entry.name, entry.role) == ("caf\u00e9.txt", "minutes")


def test_an_empty_file_is_kept_and_said(house: House, tmp_path: Path) -> None:
    """0 bytes are allowed, and a warning."""
    make_record(tmp_path / "r", RECORD, {"空.txt": b""})
    outcomes, ingest = run(house, tmp_path / "r")
    assert filed(outcomes).outcome.record.files[0].size == 0
    assert [p.code for p in ingest.passed] == ["empty_file"]


@pytest.mark.parametrize(
    ("files", "field", "line", "said"),
    [
        ("files: {没有.jpg: {role: photo}}\n", "files.没有.jpg", 9, "没有文件“没有.jpg”"),
        ("files: {../记录.txt: {role: photo}}\n", "files.../记录.txt", 9, "目录"),
        ("files: {记录.txt: {role: 自拍}}\n", "files.记录.txt.role", 9, "照片（photo）"),
        ("files: {记录.txt: {rolle: photo}}\n", "files.记录.txt.rolle", 9, "role"),
        ("files: [记录.txt]\n", "files", 9, "role"),
    ],
)
def test_what_the_record_says_of_files_must_be_so(
    house: House, folder: Path, files: str, field: str, line: int, said: str
) -> None:
    """A file that is not there, a path, an unknown role: named with field and line, and nothing is filed."""
    (folder / "record.yaml").write_text(RECORD + files, "utf-8")
    error = refused(run(house, folder)[0]).error
    assert (error.field, error.line) == (field, line)
    assert said in error.message("zh")
    assert nothing_is_left(house)


def test_a_subfolder_is_refused_by_name(house: House, folder: Path) -> None:
    """Its files would be lost silently."""
    (folder / "照片").mkdir()
    error = refused(run(house, folder)[0]).error
    assert error.code == "subfolder_in_record"
    assert "照片" in error.message("zh")


def test_links_lead_nowhere_outside(house: House, folder: Path, tmp_path: Path) -> None:
    """A link within the folder is the file; one that leads out, is broken or goes in circles is refused."""
    (folder / "a.txt").symlink_to("记录.txt")
    assert len(filed(run(house, folder)[0]).outcome.record.files) == 3
    (tmp_path / "secret.txt").write_text("secret")
    for target, code in (("../../secret.txt", "outside_folder"), ("nowhere", "file_vanished"), ("b.txt", "not_a_file")):
        (folder / "b.txt").unlink(missing_ok=True)
        (folder / "b.txt").symlink_to(target)
        assert refused(run(house, folder)[0]).error.code == code


def test_pipes_and_unreadable_names_are_refused(house: House, folder: Path) -> None:
    """A named pipe would block for ever; a name that is no text could not be shown again."""
    os.mkfifo(folder / "pipe")
    assert refused(run(house, folder)[0]).error.code == "not_a_file"
    (folder / "pipe").unlink()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xb5\xb3.txt")).write_bytes(b"x")
    outcome = refused(run(house, folder)[0])
    assert outcome.error.code == "bad_file_name"
    outcome.error.message("zh").encode("utf-8")
    assert nothing_is_left(house)


def _disturb(monkeypatch: pytest.MonkeyPatch, name: str, act: Any) -> None:
    """Do something to a file as soon as its first block was read."""
    real, done = os.read, []

    def read_(handle: int, size: int) -> bytes:
        data = real(handle, size)
        if not done and Path(f"/proc/self/fd/{handle}").resolve().name == name:
            done.append(True)
            act()
        return data

    monkeypatch.setattr(record_folder.os, "read", read_)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda path: path.unlink(), "file_vanished"),
        (lambda path: path.write_bytes(b"other bytes, more of them"), "file_changed"),
        (lambda path: os.utime(path, (1, 1)), "file_changed"),
        (
            lambda path: (path.with_name(".new").write_bytes(b"x" * 6), path.with_name(".new").replace(path)),
            "file_changed",
        ),
    ],
    ids=["removed", "rewritten", "touched", "replaced"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch, act: Any, code: str
) -> None:
    """Given a file that is removed, rewritten or replaced meanwhile, then it has its own error and nothing is filed."""
    path = folder / "记录.txt"
    _disturb(monkeypatch, path.name, lambda: act(path))
    assert refused(run(house, folder)[0]).error.code == code
    assert nothing_is_left(house)


def test_a_file_that_vanished_before_it_was_read_is_named(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed, and was gone when it was opened."""
    real = os.open

    def open_(path: Any, *rest: Any, **more: Any) -> int:
        if Path(path).name == "记录.txt":
            Path(path).unlink()
        return real(path, *rest, **more)

    monkeypatch.setattr(record_folder.os, "open", open_)
    error = refused(run(house, folder)[0]).error
    assert error.code == "file_vanished"
    assert "记录.txt" in error.message("zh")


def test_a_record_that_is_refused_late_leaves_nothing(house: House, folder: Path) -> None:
    """The organisation is looked up when it is filed; what was staged by then is thrown away."""
    (folder / "record.yaml").write_text(RECORD.replace("school-01", "school-99"), "utf-8")
    error = refused(run(house, folder)[0]).error
    assert (error.code, error.field, error.line) == ("not_found", "organisation", 1)
    assert nothing_is_left(house)


def test_a_single_file_becomes_a_paper(house: House, tmp_path: Path) -> None:
    """Its title is the heading of the text; again it is the same record, whatever its time says."""
    (path := tmp_path / "x.txt").write_bytes("首页 > 通知\n\n关于开展学习的实施方案\n正文".encode("gb18030"))
    first = filed(run(house, path, organisation="school-01")[0])
    content = first.outcome.record.content
    assert (content["family"], content["form"], content["title"]) == ("paper", "document", "关于开展学习的实施方案")
    os.utime(path, (1_500_000_000, 1_500_000_000))
    assert not filed(run(house, path, organisation="school-01")[0]).outcome.changed
    (binary := tmp_path / "扫描 件.pdf").write_bytes(b"%PDF-1.4")
    assert filed(run(house, binary, organisation="school-01")[0]).outcome.record.content["title"] == "扫描 件"


def test_a_single_file_needs_an_organisation(house: House, tmp_path: Path) -> None:
    """It does not say whose it is."""
    (path := tmp_path / "x.txt").write_text("x")
    assert refused(run(house, path)[0]).error.code == "organisation_needed"


def test_a_place_that_may_not_be_entered_is_named(house: House, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights that are missing are an error of the path, and of no other path."""
    closed = folder.parent / "a closed"
    closed.mkdir()
    real = Path.exists

    def exists(path: Path) -> bool:
        if path.parent == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "exists", exists)
    outcomes, _ = run(house, closed, folder)
    assert [isinstance(o, Filed) for o in outcomes] == [False, True]
    assert refused(outcomes[:1]).error.code == "file_unreadable"


def test_paths_that_hold_nothing_are_named(house: House, tmp_path: Path) -> None:
    """A missing path and a folder without records are errors of their own."""
    (tmp_path / "empty").mkdir()
    outcomes, _ = run(house, tmp_path / "nowhere", tmp_path / "empty")
    assert [o.error.code for o in outcomes if isinstance(o, NotFiled)] == ["path_missing", "nothing_to_file"]
