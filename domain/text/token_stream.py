"""The tokens of a text as an engine takes them: one string, joined by blanks.

``token_stream(text)`` is ``" ".join(tokenize(fold(text).text))`` in a fraction of the time. An index needs no way back
to the original, so nothing is kept of it; and nothing is done character by character:

- a text is split at once into runs of common Han characters, of which very few are not their own fold, and what stands
  between them: punctuation, numbers, blanks, which is short, of few kinds, and remembered with the tokens it gives;
- a text with other Han characters, or with letters in brackets, is folded first;
- the bigrams of all runs are made together: the characters, and the same ones moved by one, are laid into every third
  place of an array of blanks.
"""

from __future__ import annotations

import re
from array import array
from functools import cache, lru_cache
from typing import NamedTuple

from domain.text.folding import HAN, fold_characters, perhaps_noise, unchanged_han, without_blanks
from domain.text.tokens import tokenize

_MARK = "\0"  # between runs; no Han, so never inside one
_BETWEEN = f"{_MARK} {_MARK}{_MARK} "  # what a mark comes to between the bigrams
_HAN_RUN = re.compile(f"([{HAN}]+)")
# Signs among the Han, which stand for punctuation behind other punctuation only; "_" parts words and is no token.
_SIGNS = re.compile("[_\u3099\u309a\u30a0\u30fb]")
_ANY_HAN = re.compile(f"[{HAN}]")
_NARROW, _WIDE = " ".encode("utf-16-le"), " ".encode("utf-32-le")
_SHORT = 32  # characters between two runs of Han, as a rule


def token_stream(text: str) -> str:
    """The tokens of any text, not folded yet, in order."""
    common = _common()
    parts = common.run.split(text)  # runs stand at odd places
    between = [_remembered(part) if len(part) < _SHORT else _between(part) for part in parts[::2]]
    if None in between:
        return _folded_first(text)
    runs = parts[1::2]
    joined = _MARK.join(runs)
    if common.other_folds.search(joined) is not None:
        runs = common.other_folds.sub(lambda match: fold_characters(match[0]), joined).split(_MARK)
    return _joined(runs, between)  # type: ignore[arg-type]  # None is not in it


def _folded_first(text: str) -> str:
    folded = fold_characters(text)
    if _SIGNS.search(folded) is not None:
        return _plainly(folded)
    parts = _HAN_RUN.split(folded)
    return _joined(parts[1::2], [_plainly(part) for part in parts[::2]])


class _Common(NamedTuple):
    run: re.Pattern[str]
    other_folds: re.Pattern[str]


@cache
def _common() -> _Common:
    """The characters of GB 2312, beyond which hardly any text of today goes, and the few that fold to another (座)."""
    rows, columns = range(0xB0, 0xF8), range(0xA1, 0xFF)
    standard = b"".join(bytes((row, column)) for row in rows for column in columns).decode("gb2312", "ignore")
    others = "".join(sorted(set(standard) - set(unchanged_han(standard))))
    return _Common(re.compile(f"([{standard}]+)"), re.compile(f"[{others}]"))


def _between(part: str) -> str | None:
    """The tokens of what stands between two runs; None where it must be seen together with them.

    The edges of a run are as good to it as those of a text: no blank is kept there, and no word goes on.
    """
    folded = fold_characters(part)
    if _ANY_HAN.search(folded) or _SIGNS.search(folded) or perhaps_noise(folded):
        return None
    return _plainly(folded)


_remembered = lru_cache(maxsize=4096)(_between)


def _plainly(folded: str) -> str:
    return " ".join(tokenize(without_blanks(folded)))


def _joined(runs: list[str], between: list[str]) -> str:
    """The tokens of runs and, one more, of what stands before, between and behind them."""
    if "" in between[1:-1]:  # nothing but blanks: the runs on both sides are one
        runs, between = _connected(runs, between)
    tokens = between + runs
    tokens[::2] = between
    if runs:
        tokens[1::2] = _bigrams(runs)
    return " ".join(filter(None, tokens))


def _connected(runs: list[str], between: list[str]) -> tuple[list[str], list[str]]:
    connected, others = runs[:1], between[:1]
    for tokens, run in zip(between[1:], runs[1:], strict=False):
        if tokens:
            connected.append(run)
            others.append(tokens)
        else:
            connected[-1] += run
    return connected, [*others, between[-1]]


def _bigrams(runs: list[str]) -> list[str]:
    """Of each run its bigrams and its last character, joined by blanks."""
    firsts = _MARK.join(runs)
    seconds = (_MARK * 2).join([run[1:] for run in runs]) + _MARK
    narrow = firsts.encode("utf-16-le")
    if len(narrow) == 2 * len(firsts):
        laid = array("H", _NARROW * (3 * len(firsts)))
        laid[::3] = array("H", narrow)
        laid[1::3] = array("H", seconds.encode("utf-16-le"))
        bigrams = str(laid, "utf-16-le")
    else:
        laid = array("I", _WIDE * (3 * len(firsts)))
        laid[::3] = array("I", firsts.encode("utf-32-le"))
        laid[1::3] = array("I", seconds.encode("utf-32-le"))
        bigrams = str(laid, "utf-32-le")
    return bigrams[:-2].split(_BETWEEN)  # behind the last character stand a mark and a blank
