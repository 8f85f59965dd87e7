"""The quick way from a text to its tokens gives what the plain way gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.text.folding import fold, unchanged_han
from domain.text.token_stream import token_stream
from domain.text.tokens import tokenize

TEXTS = st.text() | st.text(
    alphabet="区质黨黨 ()（）qūzhì\n\r\t，。、ａＢ⑩㎡…é_2028日・里裏々〇"
    "\u200b\u00a0\u3000\u2028\0\U00020000\U0002f800한・゛",
    max_size=80,
)


def plainly(text: str) -> str:
    return " ".join(tokenize(fold(text).text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "会",
        "  会  ",
        "党员大会，2023年",
        "整改\n措施",
        "整改\r\n措施",
        "整改\n \n措施",
        "整改 \u200b措施",
        "整改\r\n\r\n措施",
        "a\n\nb 会",
        "區(qū)教育 工委ａｂｃ\nＬＥＤ 屏",
        "会_议_a_1",
        "\U00020000\U00020001会议",
        "x" * 100 + "会",
        "质(qū)量、区(qū)域（zhì）会(",
        "⑴会⒜会(a)",
        "か\u3099会ｶﾞ議",
        "著作乾坤，瞭解答覆",
        "Open  House\nLED " * 9,
        "会・议、・员゠",
        "。，会,，议\0\0员",
    ],
)
def test_every_kind_of_text(text: str) -> None:
    """Blanks, lines, noise, characters beyond the basic plane, marks of our own, long words."""
    assert token_stream(text) == plainly(text)


def test_every_character_between_others() -> None:
    """Each character of the basic plane, and each that it folds to, behind punctuation and behind Han."""
    for first in range(0, 0x10000, 64):
        text = "".join(f"会{char}议。{char}a{char}" for char in map(chr, range(first, first + 64)))
        assert token_stream(text) == plainly(text)


@settings(max_examples=400)
@given(TEXTS)
def test_any_text(text: str) -> None:
    """Whatever the text, the tokens are those of its fold."""
    assert token_stream(text) == plainly(text)


def test_characters_that_are_their_own_fold() -> None:
    """Told of many characters at once, it is the same as of each by itself."""
    han = "".join(map(chr, range(0x4E00, 0xA000)))
    assert unchanged_han(han) == "".join(char for char in han if fold(char).text == char)


def test_the_common_characters_that_fold_to_others() -> None:
    """Each gives another Han character, so a run of them stays a run."""
    standard = "".join(map(chr, range(0x4E00, 0xA000))).encode("gb2312", "ignore").decode("gb2312")
    assert len(standard) == 6763
    for char in set(standard) - set(unchanged_han(standard)):
        assert token_stream(f"会{char}议") == plainly(f"会{char}议")
        assert len(fold(char).text) == 1
