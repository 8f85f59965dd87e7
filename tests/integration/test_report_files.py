"""The report as HTML and as PDF: what is on the page, and what happens without fonts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from adapters.rendering.html import html
from adapters.rendering.page import runs, size, value
from adapters.rendering.pdf import FontMissing, PdfRenderer, TypesettingFailed
from tests.report_world import TOP, furnish, world
from tests.unit.reports.facts import Story, record

NOTO = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
needs_noto = pytest.mark.skipif(not NOTO.exists(), reason="fonts-noto-cjk is not installed")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with world(tmp_path_factory.mktemp("report") / "archive") as made:
        furnish(made)
        yield made.report(TOP).as_json()


def test_the_page_stands_alone(report: dict[str, Any]) -> None:
    """HTML names no outside address, runs no script, and links every number to its source."""
    text = html(report, "zh").decode()
    for word in ("http://", "https://", "<script", "src=", "@import", "url("):
        assert word not in text
    for name, figure in report["figures"].items():
        if figure["events"]:
            assert f'id="f-{name}"' in text
    assert "示范区教育局" in text
    assert "Rectification" in html(report, "en").decode()


def test_what_people_wrote_is_escaped() -> None:
    """A title with markup is shown as it was typed, and does nothing."""
    story = Story()
    title = "<script>alert(1)</script>"
    story.filed(record(1), "rectification", "problem_item", "2023-02-01", title=title, deadline="2023-03-01")
    text = html(story.report().as_json(), "zh").decode()
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_an_empty_year_is_a_report_too() -> None:
    """Nothing happened: the files are made all the same."""
    empty = Story().report(last=None).as_json()
    assert "2023 年度报告" in html(empty, "zh").decode()


@needs_noto
def test_the_pdf_says_the_same(report: dict[str, Any]) -> None:
    """Title, sections and figures are text in the PDF; the page is A4."""
    document = pypdfium2.PdfDocument(PdfRenderer()(report, "zh"))
    try:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        width, height = document[0].get_size()
    finally:
        document.close()
    for word in ("示范区教育局", "2023 年度报告", "一、全年开展情况", "走廊照明", "hours.person.p-zhang"):
        assert word in text
    assert (round(width * 25.4 / 72), round(height * 25.4 / 72)) == (210, 297)


@needs_noto
def test_the_pdf_is_dated_by_the_last_event(report: dict[str, Any]) -> None:
    """The date inside is that of the checkpoint's last event, and two makings are equal."""
    data = PdfRenderer()(report, "zh")
    assert data == PdfRenderer()(report, "zh")
    assert report["generated_from"]["last_recorded_at"][:10].replace("-", "").encode() in data
    assert b"pdfaid" in data


@needs_noto
def test_the_operators_fonts_are_used(report: dict[str, Any], tmp_path: Path) -> None:
    """A folder named in the settings is enough, without any font of the system."""
    shutil.copy(NOTO, tmp_path)
    renderer = PdfRenderer([tmp_path], system_fonts=False)
    assert "Noto Sans CJK SC" in renderer.families()
    assert renderer(report, "zh").startswith(b"%PDF")


def test_without_a_font_it_refuses(report: dict[str, Any], tmp_path: Path) -> None:
    """No font: an error in both languages that names what to install and what to set."""
    with pytest.raises(FontMissing) as caught:
        PdfRenderer([tmp_path], system_fonts=False)(report, "zh")
    for said in (caught.value.next_step("zh"), caught.value.next_step("en")):
        assert "fonts-noto-cjk" in said
        assert "JIANZHENG_FONTS" in said
    assert caught.value.exit_code == 3


@needs_noto
def test_a_character_without_a_glyph_refuses(report: dict[str, Any]) -> None:
    """Empty boxes are never printed: a character that no font has is named."""
    odd = {**report, "organisation_name": "示范区\U0001305f"}
    with pytest.raises(FontMissing):
        PdfRenderer()(odd, "zh")


@needs_noto
def test_other_faults_of_typesetting_are_ours(report: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that does not compile is an error of ours, not a traceback."""
    monkeypatch.setattr("adapters.rendering.pdf.TEMPLATE", Path(__file__))
    with pytest.raises(TypesettingFailed):
        PdfRenderer()(report, "zh")


@needs_noto
@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="poppler-utils is not installed")
def test_fonts_are_embedded(report: dict[str, Any], tmp_path: Path) -> None:
    """Every font is in the file, so that it looks the same everywhere."""
    (tmp_path / "a.pdf").write_bytes(PdfRenderer()(report, "zh"))
    lines = subprocess.run(["pdffonts", str(tmp_path / "a.pdf")], capture_output=True, text=True, check=True).stdout
    fonts = lines.splitlines()[2:]
    assert fonts
    assert all(" yes yes yes " in line for line in fonts)


def test_how_numbers_are_spelt() -> None:
    """Thousands, per cent, bytes and runs of leaves, the same in every locale."""
    assert value({"value": 1234, "unit": "records"}, "zh") == "1,234 条"
    assert value({"value": 0.9167, "unit": "ratio"}, "en") == "91.7 %"
    assert [size(n) for n in (0, 999, 1_000, 2_450_000, 999_960_000, 5 * 10**12)] == [
        "0 B", "999 B", "1.0 kB", "2.5 MB", "1.0 GB", "5.0 TB",
    ]  # fmt: skip
    assert runs([3, 4, 5, 7, 9, 10], "zh") == "3–5, 7, 9–10"
    assert "另有 60 条" in runs(range(0, 200, 2), "zh")
