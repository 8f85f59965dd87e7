"""Where a query was found in an original text, and the slice of it to show.

The text is folded as it was for the index, phrases are looked for in the fold, and the spans lead back to the very
characters of the original.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from domain.text.folding import WORD, Folded, fold
from domain.text.query import Phrase

LONGEST_SNIPPET = 120  # characters
_BEFORE = 30  # characters shown before the first mark
_MOST_MATCHES = 200  # of one phrase in one text: enough to choose the best passage

_SHORT = 2000  # characters: longer texts are folded anew each time, so that what is remembered stays small
_REMEMBERED = 1000  # texts: those of some fifty pages of hits

Span = tuple[int, int]


class Passage(NamedTuple):
    """``text`` is the original's ``[start:end)``; ``marks`` are offsets into ``text``."""

    start: int
    end: int
    text: str
    marks: tuple[Span, ...]


def pattern(phrase: Phrase) -> str:
    """A regular expression that finds in a fold what the phrase finds in an index."""
    parts: list[str] = []
    for nth, run in enumerate(phrase.runs):
        before = phrase.runs[nth - 1].kind if nth else None
        if run.kind == "break":
            parts.append(r"[^\w ]+")
        elif run.kind == "word":
            boundary = "" if phrase.open_start and nth == 0 else f"(?<!{WORD})"
            parts.append(" ?" + boundary + re.escape(run.text) if before == "word" else boundary + re.escape(run.text))
            if nth < len(phrase.runs) - 1:
                parts.append(f"(?!{WORD})")
        else:
            parts.append(re.escape(run.text))
    return "".join(parts)


@lru_cache(maxsize=512)
def _compiled(phrase: Phrase) -> re.Pattern[str]:
    return re.compile(pattern(phrase))


@lru_cache(maxsize=_REMEMBERED)
def _remembered(text: str) -> Folded:
    return fold(text)


def find(text: str, phrases: Sequence[Phrase]) -> list[Span]:
    """Spans of the original text that the phrases match, in order, joined where they touch."""
    if not phrases:
        return []
    folded = _remembered(text) if len(text) < _SHORT else fold(text)
    spans: list[Span] = []
    for phrase in phrases:
        matches = islice(_compiled(phrase).finditer(folded.text), _MOST_MATCHES)
        spans += [folded.origin(*match.span()) for match in matches]
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def passage(text: str, spans: Sequence[Span], longest: int = LONGEST_SNIPPET) -> Passage:
    """The passage with the most marked characters; the beginning of the text where nothing is marked."""
    best, most = (spans[0][0] if spans else 0), 0
    for nth, (start, _) in enumerate(spans if len(spans) > 1 else ()):
        limit = start + longest - _BEFORE
        marked = 0
        for begin, end in spans[nth:]:
            if begin >= limit:
                break
            marked += min(end, limit) - begin
        if marked > most:
            best, most = start, marked
    first = max(0, best - _BEFORE) if spans else 0
    if len(text) - first < longest:
        first = max(0, len(text) - longest)
    last = min(len(text), first + longest)
    cut = ((max(s, first) - first, min(e, last) - first) for s, e in spans)
    return Passage(first, last, text[first:last], tuple((s, e) for s, e in cut if s < e))
