"""Which characters these bytes are: Unicode by its rules, the old Chinese encodings by how Chinese the result reads.

GB18030 and Big5 share most of their byte pairs, so that nearly every text in the one is also valid in the other, as
rare characters in senseless order. The commonest few hundred characters make up most of any real text; the reading
that shows more of them is the right one, even for a single sentence.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)

SAMPLE_BYTES = 1 << 16
"""As much as is looked at to choose between encodings; the whole text is decoded once, with the one chosen."""

MAX_BAD = 0.01
"""Share of undecodable places up to which a text counts as slightly damaged rather than as something else."""

# The most frequent characters of modern Chinese, simplified and traditional where they differ.
_FREQUENT = frozenset(
    "的一是不了在人有我他这这個个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
    "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工"
    "使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化"
    "老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受"
    "目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思"
    "王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔队校党委支部学习整改责任"
    "时间地点记录主持讲话精神群众干部会议讨论评议调研台账签到人员参加单位材料报告总结计划措施落实检查督导组织纪律作风李刘陈杨赵黄"
    "這個們來為國說時會對於著過發後裡種經麼學現當沒動還進樣開從實軍無與長機關點業將兩間問並應戰頭體見產話給門兒東聲員解論處義幾"
    "認條係氣題爾變總電數報結務場計資統區隊決馬書則聽達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運筆黨習責錄講議討評調臺"
    "帳簽參單績檢組紀風劉陳楊趙"
)
_PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》【】「」『』—…·　％￥０１２３４５６７８９")


class Decoded(NamedTuple):
    text: str
    encoding: str
    certain: bool  # by a byte order mark, strict UTF-8, or a reading that is clearly Chinese


def decode(data: bytes, declared: str | None = None) -> Decoded | None:
    """The text, or None for what is no text at all. ``declared`` is an encoding that the file itself names."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return Decoded(_loosely(data[len(mark) :], encoding), encoding, True)
    if (text := _strictly(data, "utf-8")) is not None:
        return Decoded(text, "utf-8", True) if _is_text(text) else None
    if utf16 := _utf16_without_mark(data):
        return Decoded(_loosely(data, utf16), utf16, True)
    if b"\x00" in data[:SAMPLE_BYTES]:
        return None
    if declared and (codec := _known(declared)) and _bad_share(data[:SAMPLE_BYTES], codec) <= MAX_BAD:
        return Decoded(_loosely(data, codec), codec, True)
    return _legacy(data)


def _legacy(data: bytes) -> Decoded | None:
    sample = data[:SAMPLE_BYTES]
    if _bad_share(sample, "utf-8") <= MAX_BAD and len(sample) > 1 / MAX_BAD:
        return Decoded(_loosely(data, "utf-8"), "utf-8", False)
    scores = {encoding: _chineseness(sample, encoding) for encoding in ("gb18030", "big5hkscs")}
    best = max(scores, key=scores.__getitem__)  # on a tie the first: GB18030 is the standard here
    if scores[best] > 0:
        text = _loosely(data, best)
        return Decoded(text, best, scores[best] > 0.25) if _is_text(text) else None
    return _elsewhere(data)


def _chineseness(sample: bytes, encoding: str) -> float:
    """From about 0.6 for running text read rightly, through 0.1 for the same read wrongly, to -1 for no text."""
    if _bad_share(sample, encoding) > MAX_BAD:
        return -1
    foreign = [char for char in _loosely(sample, encoding) if char > "\x7f"]
    if not foreign:
        return -1
    good = sum(1.0 if char in _FREQUENT else 0.5 if char in _PUNCTUATION else 0.0 for char in foreign)
    odd = sum(1 for char in foreign if not _is_common_range(char))
    common = sum(1 for char in foreign if char in _level_one())
    return (good + 0.05 * common - 0.5 * odd) / len(foreign) + 0.01


def _is_common_range(char: str) -> bool:
    return "一" <= char <= "鿿" or char in _PUNCTUATION or "\u2000" <= char <= "\u2fff" or "！" <= char <= "～"


@lru_cache(maxsize=1)
def _level_one() -> frozenset[str]:
    """GB 2312 level one, the 3,755 characters in daily use, and Big5 level one, the 5,401 of the other side."""
    gb = bytes(byte for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFF) for byte in (lead, trail))
    big5 = bytes(
        byte
        for lead in range(0xA4, 0xC7)
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
        for byte in (lead, trail)
    )
    return frozenset(gb.decode("gb2312", "ignore")) | frozenset(big5.decode("big5", "ignore"))


def _elsewhere(data: bytes) -> Decoded | None:
    """Neither Unicode nor Chinese: what the statistics of `charset-normalizer` make of it."""
    import charset_normalizer  # slow to load, seldom needed

    best = charset_normalizer.from_bytes(data[:SAMPLE_BYTES]).best()
    if best is None or _bad_share(data[:SAMPLE_BYTES], best.encoding) > MAX_BAD:
        return None
    text = _loosely(data, best.encoding)
    return Decoded(text, best.encoding, False) if _is_text(text) else None


def _utf16_without_mark(data: bytes) -> str | None:
    """Spaces, line ends and digits of a UTF-16 text have a zero byte on the same side; 一 (U+4E00) on the other."""
    sample = data[: SAMPLE_BYTES & ~1]
    if sample.count(0) < max(1, len(sample) // 200):  # what most bytes are refused by, without taking them apart
        return None
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    if len(sample) < 4 or max(zeros) < max(1, len(sample) // 200) or min(zeros) > max(zeros) // 2:
        return None
    encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    text = _strictly(sample, encoding)
    plausible = text is not None and sum(map(_is_usual, text)) >= 0.9 * len(text)
    return encoding if plausible else None


def _is_usual(char: str) -> bool:
    return "\x20" <= char <= "\x7e" or char in "\t\r\n" or _is_common_range(char)


def _strictly(data: bytes, encoding: str) -> str | None:
    """Decoded without a fault; a character cut off by the end of the data is none."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data, final=False)
    except UnicodeDecodeError:
        return None


def _loosely(data: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(data, final=False)


def _bad_share(sample: bytes, encoding: str) -> float:
    return _loosely(sample, encoding).count("\ufffd") / max(1, len(sample))


def _is_text(text: str) -> bool:
    """Hardly any control characters: a binary file may well be valid in some encoding."""
    sample = text[:SAMPLE_BYTES]
    controls = len(re.findall(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]", sample))
    return controls <= max(0, len(sample) // 200)


def _known(name: str) -> str | None:
    """Python's name of an encoding that a file declares; the two GB names as their superset, as browsers do."""
    try:
        codec = codecs.lookup(name.strip().lower())
    except (LookupError, ValueError):
        return None
    if not getattr(codec, "_is_text_encoding", True):
        return None
    return {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(codec.name, codec.name)
