"""Each format's text, read in this process; what a hostile file does is tested through the sandbox."""

from __future__ import annotations

import io

import pytest

from adapters.extraction import docx, html, markdown, odf, ofd, pdf, pptx, txt, xlsx, xml
from adapters.extraction.outcome import Budget, Refused, tidy
from domain.ports.texts import ExtractedText
from tests.unit.extraction import samples
from tests.unit.extraction.samples import SENTENCE, paragraph, run, word_around


def word(data: bytes) -> str:
    return docx.extract(io.BytesIO(data)).pages[0]


def test_docx_by_another_program() -> None:
    """Body, table, header and footer, in reading order, cells parted by tabs."""
    text = word(samples.word())
    assert f"专题党课记录\n{SENTENCE}\n姓名\t签到\n张敏\t已到" in text
    assert "页眉：第三中学" in text and "页脚：内部资料" in text


def test_docx_struck_out_text_is_evidence() -> None:
    """Insertions and deletions are both there, joined as they stand."""
    body = f"<w:p>{run('同意')}<w:del><w:r><w:delText>不</w:delText></w:r></w:del><w:ins>{run('暂缓')}</w:ins></w:p>"
    assert word(word_around(body)) == "同意不暂缓"


def test_docx_text_box_is_read_once_and_does_not_part_the_sentence() -> None:
    """A text box and its fallback for old programs are one text, behind the paragraph they are anchored in."""
    box = f"<w:txbxContent>{paragraph('盖章处')}</w:txbxContent>"
    body = (
        f"<w:p>{run('前半')}<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>{run('后半')}</w:p>{paragraph('下一段')}"
    )
    assert word(word_around(body)) == "前半后半\n盖章处\n下一段"


def test_docx_comments_and_notes_are_read() -> None:
    """Comments, footnotes and endnotes come after the body."""
    data = word_around(
        paragraph("正文"), comments=paragraph("批注"), footnotes=paragraph("脚注"), endnotes=paragraph("尾注")
    )
    assert word(data).split("\n") == ["正文", "脚注", "尾注", "批注"]


def test_docx_tabs_breaks_and_field_codes() -> None:
    """Tabs and breaks are characters; tab stops and field codes are not."""
    body = (
        '<w:p><w:pPr><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr><w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/>'
        "<w:instrText>PAGE</w:instrText><w:t>丙</w:t></w:r></w:p>"
    )
    assert word(word_around(body)) == "甲\t乙\n丙"


def test_docx_without_text_is_empty() -> None:
    """No visible character is `empty`, not an extracted nothing."""
    assert docx.extract(io.BytesIO(word_around("<w:p/>"))) == ExtractedText("empty")


def test_pdf_page_by_page() -> None:
    """Each page is an entry, so that a hit can name its page."""
    found = pdf.extract(io.BytesIO(samples.pdf()))
    assert found == ExtractedText("extracted", (SENTENCE, "第二页：签到表"), True)


def test_xlsx_sheet_by_sheet() -> None:
    """A sheet is a page that begins with its name; whole numbers and dates read as they are seen."""
    found = xlsx.extract(io.BytesIO(samples.sheet()))
    assert found.pages[0] == "签到表\n姓名\t出席\t日期\n张敏\tTRUE\t2023-04-21"
    assert [line.strip() for line in found.pages[1].split("\n")] == ["统计", SENTENCE, "24"]


def test_pptx_slide_by_slide() -> None:
    """Shapes, tables, groups and notes of a slide are on its page."""
    found = pptx.extract(io.BytesIO(samples.slides()))
    assert found.paged and found.pages[0].split("\n") == ["专题学习", SENTENCE, "备注：请李强记录"]
    assert found.pages[1].split("\n") == ["应到\t24人", "组合里的文字"]


def test_ofd_page_by_page_in_number_order() -> None:
    """Page 2 comes before page 10, runs of one text object are joined."""
    found = ofd.extract(io.BytesIO(samples.ofd()))
    assert found.pages == tuple(f"第{n}页：{SENTENCE}" for n in range(12))


def test_odt_paragraphs() -> None:
    """Spans are joined, white space of the XML is not text."""
    assert odf.extract(io.BytesIO(samples.odt())).pages == (f"标题\n{SENTENCE}",)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_html_shows_what_a_browser_shows(encoding: str) -> None:
    """Blocks are lines, inline marks part nothing, scripts and styles are not text, entities are."""
    page = (
        f"<html><head><meta http-equiv=content-type content='text/html; charset={encoding}'><title>通知</title>"
        "<style>p{color:red}</style><script>var x = '<p>不见</p>'</script></head><body><p>整改<b>落实</b>情况</p>"
        "<table><tr><td>甲</td><td>乙&amp;丙</td></tr></table>第一<br>第二<img src=x alt='签到照片'></body></html>"
    )
    found = html.extract(io.BytesIO(page.encode(encoding)))
    assert found.pages[0].split("\n") == ["通知", "整改落实情况", "甲\t乙&丙", "第一", "第二签到照片"]


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    """Emphasis inside a phrase no longer parts it; front matter stays as text."""
    source = (
        "---\ntitle: 记录\n---\n# 标题\n\n整改**落实**情况，见[附件](a.docx)与`代码`。\n\n- [x] 已办\n\n"
        "| 甲 | 乙 |\n|---|:-:|\n| 一 | 二 |\n\n2 * 3 * 4 和 a_b_c\n"
    )
    text = markdown.extract(io.BytesIO(source.encode())).pages[0]
    assert "title: 记录" in text and "\n标题\n" in text and "整改落实情况，见附件与代码。" in text
    assert "\n已办\n" in text and "| 一 | 二 |" in text and "---" not in text and "2 * 3 * 4 和 a_b_c" in text


def test_plain_text_and_xml() -> None:
    """Text is as it is; XML gives its character data and nothing of its entities."""
    assert txt.extract(io.BytesIO(SENTENCE.encode("gb18030"))).pages == (SENTENCE,)
    source = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>甲</b>&x;<c>乙</c></a>'
    assert xml.extract(io.BytesIO(source.encode())).pages == ("甲\n乙",)


def test_tidy_text_has_no_control_characters() -> None:
    """Line ends become one kind, controls and lone surrogates vanish, blank lines do not pile up."""
    assert tidy("甲 \r\n\r\n\r\n\r\n乙\x00\ud800\x0c丙\r丁\n") == "甲\n\n乙\n丙\n丁"


def test_budget_refuses_too_much_text() -> None:
    """The count runs over all parts of a file."""
    budget = Budget(10)
    budget.spend(10)
    with pytest.raises(Refused) as caught:
        budget.spend(1)
    assert caught.value.status == "too_large"
