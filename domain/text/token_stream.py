"""The tokens of a text as an engine takes them: one string, joined by blanks.

``token_stream(text)`` is ``" ".join(tokenize(fold(text).text))`` in a quarter of the time. An index needs no way back
to the original, so nothing is kept of it, and what a run of Han characters gives is made for all runs of a text at
once: its characters and the same ones moved by one are laid into every third place of an array of blanks.

    党员  大会   the runs, parted by a mark
    党员 员大 …  written as  党 员 ␣ 员 ∅ ␣ ∅ ∅ ␣ 大 会 ␣ 会
"""

from __future__ import annotations

import re
from array import array
from functools import lru_cache

from domain.text.folding import HAN, fold_characters, without_blanks
from domain.text.tokens import tokenize

_MARK = "\0"  # between runs; no Han, so never inside one
_BETWEEN = f"{_MARK} {_MARK}{_MARK} "
_HAN_RUN = re.compile(f"([{HAN}]+)")
# Signs among the Han, which stand for punctuation behind other punctuation only; "_" parts words and is no token.
_SIGNS = re.compile("[_\u3099\u309a\u30a0\u30fb]")
_NARROW = array("H", " ".encode("utf-16-le"))
_WIDE = array("I", " ".encode("utf-32-le"))
_SHORT = 32  # characters between two runs of Han, as a rule: punctuation, numbers; what they give is remembered


def token_stream(text: str) -> str:
    """The tokens of any text, not folded yet, in order."""
    folded = fold_characters(text)
    if _SIGNS.search(folded) is not None:
        return _others(folded)
    parts, others = _split(folded)
    if "" in others[1:-1]:  # blanks only, so the runs on both sides are one
        for nth, other in enumerate(others):
            if not other:
                parts[2 * nth] = ""
        parts, others = _split("".join(parts))
    parts[::2] = others
    if len(parts) > 1:
        parts[1::2] = _bigrams(parts[1::2])
    return " ".join(filter(None, parts))


def _split(folded: str) -> tuple[list[str], list[str]]:
    """Runs of Han at odd places and what stands between them at even ones; and the tokens of the latter."""
    parts = _HAN_RUN.split(folded)
    return parts, [_remembered(part) if len(part) < _SHORT else _others(part) for part in parts[::2]]


def _others(part: str) -> str:
    """The plain way. What stands between two runs of Han is as good as a text of its own."""
    return " ".join(tokenize(without_blanks(part)))


_remembered = lru_cache(maxsize=4096)(_others)


def _bigrams(runs: list[str]) -> list[str]:
    """Of each run its bigrams and its last character, joined by blanks."""
    firsts = _MARK.join(runs)
    seconds = (_MARK * 2).join([run[1:] for run in runs]) + _MARK
    narrow = firsts.encode("utf-16-le")
    if len(narrow) == 2 * len(firsts):
        laid = _NARROW * (3 * len(firsts))
        laid[::3] = array("H", narrow)
        laid[1::3] = array("H", seconds.encode("utf-16-le"))
        return _parted(str(laid, "utf-16-le"))
    wide = _WIDE * (3 * len(firsts))
    wide[::3] = array("I", firsts.encode("utf-32-le"))
    wide[1::3] = array("I", seconds.encode("utf-32-le"))
    return _parted(str(wide, "utf-32-le"))


def _parted(laid: str) -> list[str]:
    return laid[:-2].split(_BETWEEN)  # behind the last character stand a mark and a blank
