"""One spelling for every way of writing the same text: used on what is indexed and on what is typed.

``fold`` is *context-free*: the fold of a passage, cut anywhere but inside a character, is the same cut of the
fold. So whatever a person copies out of a document is found in it again. The steps, in order:

1. a letter and the combining marks behind it become one character (NFC, UAX #15);
2. each character by itself: NFKC, traditional to simplified, lower case;
3. pinyin that a faulty character conversion left behind its character, as in ``區(qū)``, is taken out;
4. white space is taken out except between two words of letters or digits; a blank line becomes ``\\n``.

The original is never altered: ``Folded.origin`` leads from a span of the fold back to the characters it came from.
Whoever changes what comes out raises ``FOLDING_VERSION``, and every index is rebuilt.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain

FOLDING_VERSION = 1

HAN = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
"""Inside of a regular expression's brackets: characters of scripts written without blanks between words."""
WORD = rf"[^\W_{HAN}]"
"""One letter or digit of any other script."""
PINYIN_LETTERS = "a-zāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ"

_VARIANTS = dict(
    zip(
        "著衞枱揹瞭薰敍伕簷覆痺藉座俱甦彷沈拏澂斲鲶幺颚",
        "着卫台背了熏叙夫檐复痹借坐具苏仿沉拿澄斫鲇么腭",
        strict=True,
    )
)
"""What converters write for a character in some words only (了 but 瞭解, 复 but 答覆), which no table of single
characters holds; collected by converting a dictionary of 47,111 phrases to each region's script and back."""

_INVISIBLE = "\u200b"  # stands for format characters, soft hyphens, byte-order marks: taken out with the blanks
_TONED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ]")
_BRACKETED = re.compile(rf"\(([{PINYIN_LETTERS}]{{1,6}})\)")
_NOISE = re.compile(rf"(?<=[{HAN}]){_BRACKETED.pattern}")
_BLANKS = re.compile(rf"[\s{_INVISIBLE}]+")
_LINE_END = re.compile("\r\n|[\n\r\x0b\x85\u2028\u2029]")
_WORD_CHARACTER = re.compile(WORD)

Edit = tuple[int, int, int, int]
"""(source start, source end, result start, result end) of one replacement; what lies between edits is copied."""


@dataclass(frozen=True)
class Folded:
    """``text`` is the fold; ``steps`` are the edits that made it from ``original``, in order."""

    original: str
    text: str
    steps: tuple[tuple[Edit, ...], ...] = ()

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that ``text[start:end]`` (not empty) came from."""
        for edits in reversed(self.steps):
            start, end = _source(edits, start)[0], _source(edits, end - 1)[1]
        return start, end


def fold(text: str) -> Folded:
    """Fold, and keep the way back; linear in the length of the text."""
    steps: list[tuple[Edit, ...]] = []
    folded = text
    for step in (_compose, _translate, _without_noise, _without_blanks):
        folded, edits = step(folded)
        if edits:
            steps.append(tuple(edits))
    return Folded(text, folded, tuple(steps))


def fold_characters(text: str) -> str:
    """All of a fold but the last step, without the way back."""
    return _without_noise(_compose(text)[0].translate(_CHARACTERS))[0]


def without_blanks(text: str) -> str:
    """The last step of a fold."""
    return _BLANKS.sub(lambda blanks: _blank(text, blanks), text)


def _source(edits: tuple[Edit, ...], at: int) -> tuple[int, int]:
    """The source span of the one character at result offset ``at``."""
    nth = bisect_right(edits, at, key=lambda edit: edit[2]) - 1
    if nth < 0:
        return at, at + 1
    source_start, source_end, _, result_end = edits[nth]
    if at < result_end:
        return source_start, source_end
    at += source_end - result_end
    return at, at + 1


def _replace(text: str, changes: Iterable[tuple[int, int, str]]) -> tuple[str, list[Edit]]:
    """Apply changes (start, end, new text) that are in order and apart from each other."""
    pieces: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for start, end, new in changes:
        pieces += (text[done:start], new)
        length += start - done
        edits.append((start, end, length, length + len(new)))
        length += len(new)
        done = end
    if not edits:
        return text, edits
    pieces.append(text[done:])
    return "".join(pieces), edits


# ── 1 and 2: characters ─────────────────────────────────────────────────────────────────────────────────────────


# Every block with combining marks below plane 2, and more: quick to look for, and absent from most texts.
_PERHAPS_MARKS = re.compile(
    "[\u0300-\u0373\u0483-\u0489\u0591-\u1fff\u20d0-\u20ff\u2cef-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabff\ufb1e\ufe20-\ufe2f\U00010000-\U0001ffff]"
)


@cache
def _marked() -> re.Pattern[str]:
    """A letter with the combining marks behind it."""
    codes = [code for code in range(0x300, 0x20000) if unicodedata.combining(chr(code))]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    marks = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    return re.compile(rf"[^{marks}][{marks}]+")


def _compose(text: str) -> tuple[str, list[Edit]]:
    if _PERHAPS_MARKS.search(text) is None:
        return text, []
    return _replace(text, ((m.start(), m.end(), unicodedata.normalize("NFC", m[0])) for m in _marked().finditer(text)))


@cache
def _converters() -> tuple[Callable[[str], str], Callable[[str], str]]:
    from opencc import OpenCC  # loads its dictionaries: only where text is folded

    return OpenCC("t2s").convert, OpenCC("s2t").convert


def _simplified(char: str) -> str:
    """One character for all that the dictionaries lead to from it, there and back (侭 → 儘 → 尽)."""
    if char < "\u3400":
        return char
    simplify, complicate = _converters()
    for convert in (simplify, simplify, complicate, simplify, simplify):
        converted = convert(char)
        char = converted if len(converted) == 1 else char
    return _VARIANTS.get(char, char)


def unchanged_han(characters: str) -> str:
    """Those of ``characters``, all of them simplified or traditional Han, that are their own fold: found in one go."""
    simplify, complicate = _converters()
    lines = "\n".join(characters)  # each by itself: the dictionaries hold words, too
    there, back = simplify(lines).split("\n"), simplify(complicate(lines)).split("\n")
    return "".join(
        char
        for char, simplified, again in zip(characters, there, back, strict=True)
        if char == simplified == again and char not in _VARIANTS
    )


class _Characters(dict[int, str]):
    """The fold of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


_CHARACTERS = _Characters()


def _fold_character(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):
        return _INVISIBLE
    if category in ("Cs", "Co", "Cn") or char == "_":  # no letters, though regular expressions take "_" for one
        return "."
    folded = "".join(map(_simplified, unicodedata.normalize("NFKC", char))).lower()
    folded = unicodedata.normalize("NFKC", folded)
    # An ellipsis or another sign that unfolds to signs stays one character: the way back stays short.
    return folded if len(folded) == 1 or _has_letter(folded) else folded[:1] or _INVISIBLE


def _has_letter(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _translate(text: str) -> tuple[str, list[Edit]]:
    folded = text.translate(_CHARACTERS)
    if len(folded) == len(text):  # nothing ever becomes empty, so each character became one
        return folded, []
    longer = ((i, i + 1, new) for i, char in enumerate(text) if len(new := _CHARACTERS[ord(char)]) != 1)
    edits: list[Edit] = []
    shift = 0
    for start, end, new in longer:
        edits.append((start, end, start + shift, start + shift + len(new)))
        shift += len(new) - 1
    return folded, edits


# ── 3: pinyin behind its character ──────────────────────────────────────────────────────────────────────────────


def _without_noise(text: str) -> tuple[str, list[Edit]]:
    if "(" not in text:
        return text, []
    brackets = (m for m in _NOISE.finditer(text) if is_noise(text[m.start() - 1], m[1]))
    return _replace(text, ((m.start(), m.end(), "") for m in brackets))


def perhaps_noise(text: str) -> bool:
    """Whether a fold without its blanks taken out holds what would be noise behind the right character."""
    return "(" in text and _BRACKETED.search(text) is not None


def is_noise(char: str, letters: str) -> bool:
    """Whether ``letters`` carry a tone mark and are a reading of ``char``."""
    return _TONED.search(letters) is not None and letters in _readings(char)


@cache
def _readings(char: str) -> frozenset[str]:
    from pypinyin import Style, pinyin  # 30 MB of dictionaries: only where such a bracket occurs

    return frozenset(chain.from_iterable(pinyin(char, style=Style.TONE, heteronym=True, errors="ignore")))


# ── 4: white space ──────────────────────────────────────────────────────────────────────────────────────────────


def _without_blanks(text: str) -> tuple[str, list[Edit]]:
    pieces: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for blanks in _BLANKS.finditer(text):
        start, end = blanks.span()
        new = _blank(text, blanks)
        if end - start == 1 and new == text[start]:
            continue
        pieces += (text[done:start], new)
        begin = length + start - done
        length = begin + len(new)
        edits.append((start, end, begin, length))
        done = end
    if not edits:
        return text, edits
    pieces.append(text[done:])
    return "".join(pieces), edits


@lru_cache(maxsize=256)
def _is_blank_line(blanks: str) -> bool:
    return len(_LINE_END.findall(blanks)) > 1


def _blank(text: str, blanks: re.Match[str]) -> str:
    """What remains of a run of blanks."""
    start, end = blanks.span()
    if end - start > 1 and _is_blank_line(blanks[0]):
        return "\n"
    if start == 0 or end == len(text) or not blanks[0].strip(_INVISIBLE):
        return ""
    return " " if _WORD_CHARACTER.match(text[start - 1]) and _WORD_CHARACTER.match(text[end]) else ""


def well_formed(text: str) -> str:
    """The text without lone surrogates, which no engine can store."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
