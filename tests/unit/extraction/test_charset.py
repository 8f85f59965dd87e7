"""Text in the encodings that Chinese offices have used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.formats.charset import decode
from tests.unit.extraction.samples import SENTENCE, TRADITIONAL

SIMPLIFIED = (
    "签到表",
    "会议记录",
    "张敏",
    "整改台账",
    SENTENCE,
    "2023年4月21日 第三会议室，应到24人。",
    "一、学习内容\n二、讨论发言\n三、整改措施",
    "从历史中汲取力量——专题党课",
)
TRADITIONALS = (
    "會議記錄",
    "學習內容",
    TRADITIONAL,
    "一、學習內容\n二、討論發言\n三、整改措施",
    "這是我們學校的黨課。",
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-32"])
@pytest.mark.parametrize("repeat", [1, 2000])
@pytest.mark.parametrize("text", SIMPLIFIED)
def test_simplified_chinese_is_read(text: str, encoding: str, repeat: int) -> None:
    """A name of two characters is enough, and a long text is no different."""
    decoded = decode((text * repeat).encode(encoding))
    assert decoded is not None and decoded.text == text * repeat


@pytest.mark.parametrize("encoding", ["utf-8", "big5", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("repeat", [1, 2000])
@pytest.mark.parametrize("text", TRADITIONALS)
def test_traditional_chinese_is_read(text: str, encoding: str, repeat: int) -> None:
    """Big5 is told from GB18030 although nearly every byte pair is valid in both."""
    data = ("\ufeff" * encoding.startswith("utf-16") + text * repeat).encode(encoding)
    decoded = decode(data)
    assert decoded is not None and decoded.text == text * repeat


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read(encoding: str) -> None:
    """Line ends and digits give it away."""
    text = "会议记录 2023 年\r\n一、学习内容\r\n" * 20
    decoded = decode(text.encode(encoding))
    assert decoded is not None and decoded.text == text


@pytest.mark.parametrize("encoding", ["gb18030", "big5"])
def test_a_character_cut_at_the_end_does_no_harm(encoding: str) -> None:
    """A text that lost its last byte is still that text."""
    text = SENTENCE if encoding == "gb18030" else TRADITIONAL
    decoded = decode(text.encode(encoding)[:-1])
    assert decoded is not None and decoded.text == text[:-1]


def test_a_declared_encoding_is_believed_when_it_fits() -> None:
    """``gb2312`` means GB18030, as in every browser; an unknown or unfit name is ignored."""
    for declared in ("gb2312", "GBK", "no-such", "ascii", "hex"):
        decoded = decode("龘靐齉爩".encode("gb18030") + SENTENCE.encode("gb18030"), declared)
        assert decoded is not None and decoded.text.endswith(SENTENCE)


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\x00" * 100, b"\x7fELF\x02\x01\x01" + bytes(50)])
def test_binary_data_is_no_text(data: bytes) -> None:
    """Bytes full of zeros and controls are refused rather than read as rare characters."""
    assert decode(data) is None


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    """Anything is either text or not."""
    decoded = decode(data)
    assert decoded is None or isinstance(decoded.text, str)


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=200))
def test_utf8_is_always_read_as_utf8(text: str) -> None:
    """Valid UTF-8 is never taken for anything else."""
    decoded = decode(text.encode())
    assert decoded is not None and decoded.text == text.removeprefix("\ufeff")
