"""record.yaml as text: values, lines, and what is refused; hostile text included."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.record_yaml import MAX_BYTES, MAX_DEPTH, RecordSyntax, RecordUnreadable, parse, plain, read_record
from domain.errors import InvalidRecord, NotFound

RECORD = """\
organisation: school-01
occurred: {from: 2023-04-21T14:30+08:00}
attendance:
  expected: 24
  on_leave:
    - {person: 王芳, reason: 病假}
    - person: 赵军
      reason: 出差
files:
  签到表.jpg: {role: attendance_sheet}
body: |
  第一行
  第二行
"""


def test_values_and_lines_are_read_together() -> None:
    """Every place in the record has the line on which it was written."""
    record = parse(RECORD)
    assert record.raw["occurred"] == {"from": "2023-04-21T14:30+08:00"}
    assert record.raw["attendance"]["on_leave"][1] == {"person": "赵军", "reason": "出差"}
    assert record.raw["body"] == "第一行\n第二行\n"
    assert record.lines["attendance.expected"] == 4
    assert record.lines["attendance.on_leave.0.reason"] == 6
    assert record.lines["attendance.on_leave.1.reason"] == 8
    assert record.lines["files.签到表.jpg.role"] == 10


@pytest.mark.parametrize(
    ("path", "line"),
    [("attendance.on_leave.1.reason", 8), ("attendance.present", 3), ("title", 1), ("files.签到表.jpg", 10)],
)
def test_a_place_that_was_not_written_is_where_it_should_be(path: str, line: int) -> None:
    """What is missing is reported at the nearest thing around it."""
    assert parse(RECORD).line_of(path) == line


def test_an_error_learns_its_file_and_line() -> None:
    """An error that knows only the field is told where that is."""
    error = InvalidRecord("错", "wrong", field="attendance.expected")
    assert parse(RECORD, "a/record.yaml").locate(error) is error
    assert (error.file, error.line) == ("a/record.yaml", 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24", 24), ("0", 0), ("-3", -3), ("2.5", 2.5), ("true", True), ("False", False), ("", None), ("~", None),
        ("007", "007"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("14:30", "14:30"), ("2023-04-21", "2023-04-21"),
        ("yes", "yes"), ("no", "no"), ("1e3", "1e3"), ("2.50", "2.50"), (".inf", ".inf"), ("9" * 40, "9" * 40),
    ],
)  # fmt: skip
def test_a_scalar_is_converted_only_where_nothing_is_lost(text: str, value: object) -> None:
    """Dates, times, leading zeros and YAML 1.1's surprises stay the text that was written."""
    found = plain(text)
    assert found == value
    assert type(found) is type(value)


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=20)))
def test_what_is_converted_reads_back(value: object) -> None:
    """A scalar that becomes a number was exactly how that number is written."""
    text = str(value)
    found = plain(text)
    if isinstance(found, int | float) and not isinstance(found, bool):
        assert str(found) == text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\na: 2", 2, "写了两次"),
        ("a:\n  b: 1\n  b: 2", 3, "写了两次"),
        ("a: &x 1\nb: *x", 1, "锚点"),
        ("b: *x", 1, "锚点"),
        ("a: 1\nb: !!python/object/apply:os.system [id]", 2, "标签"),
        ("a: !!binary aGVsbG8=", 1, "标签"),
        ("a: 1\n---\nb: 2", 2, "一条记录"),
        ("- a\n- b", 1, "名称: 值"),
        ("just text", 1, "名称: 值"),
        ("", 1, "名称: 值"),
        ("? [a, b]\n: 1", 1, "名称应是文字"),
        ("a: 1\n b: 2", 2, "冒号"),
        ("a: 1\n\tb: 2", 2, "制表符"),
        ("a:\n\tb: 2", 2, "制表符"),
        ("a: [1, 2", 2, "配对"),
        ("a: 'text", 1, "配对"),
        ("a: \x01", 1, "控制字符"),
        ("a: \x00", 1, "控制字符"),
        ("a: 食堂台账\nb: 大\x07家\nc: 1\nd: 2\n", 2, "控制字符"),
        ("%YAML 3.0\n---\na: 1", 1, "YAML"),
        ("a: " + "[" * 100_000, 1, f"{MAX_DEPTH} 层"),
        ("- " * 100_000, 1, f"{MAX_DEPTH} 层"),
        ("a: [" + "1," * 300_000 + "]", 1, "超过"),
    ],
)
def test_what_no_record_needs_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    """Repetition, references, tags, nesting and broken syntax: one typed error, in both languages, with the line."""
    with pytest.raises(RecordSyntax) as caught:
        parse(text, "x/record.yaml")
    error = caught.value
    assert (error.line, error.file) == (line, "x/record.yaml")
    assert said in error.message("zh")
    assert "x/record.yaml" in error.message("en")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is in the file, nothing but the typed error comes out."""
    try:
        record = parse(text)
    except RecordSyntax as error:
        assert error.line is not None
        assert error.line >= 1
    else:
        assert isinstance(record.raw, dict)


@given(st.text(alphabet="a:- \n[]{},'\"&*!|>#?%@`\t~", max_size=80))
def test_any_punctuation_is_read_or_refused(text: str) -> None:
    """The same for text made of what has a meaning in YAML."""
    try:
        parse(text)
    except RecordSyntax as error:
        assert error.message("zh")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (path := tmp_path / "record.yaml").write_bytes("\ufefftitle: 甲".encode())
    assert read_record(path).raw == {"title": "甲"}


def test_another_encoding_is_named_with_the_line(tmp_path: Path) -> None:
    """A file saved as GBK says on which line it is no UTF-8."""
    (path := tmp_path / "record.yaml").write_bytes(b"organisation: a\ntitle: " + "党课".encode("gbk"))
    with pytest.raises(RecordUnreadable) as caught:
        read_record(path)
    assert caught.value.line == 2
    assert "UTF-8" in caught.value.message("zh")


def test_a_missing_a_huge_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    """Each has its own error."""
    with pytest.raises(NotFound):
        read_record(tmp_path / "record.yaml")
    with pytest.raises(RecordUnreadable, match="cannot be read"):
        read_record(tmp_path)
    (path := tmp_path / "record.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(RecordUnreadable, match="larger than"):
        read_record(path)
