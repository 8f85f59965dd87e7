"""What a person types, understood by us and never handed raw to an engine: any engine gets the same tree.

    整改措施 食堂          both, anywhere in a record (and together is better)
    “整改措施 食堂” "…"    exactly these characters, whatever the script and whatever blanks lie between
    食堂 OR 餐厅           either; also ``或`` and ``|`` between blanks
    整改 -食堂             without; also ``NOT 食堂``
    form:党课 标题:计划    in one field; an unknown field is plain text

An operator counts only at the beginning of a word, so ``党-员``, a lone ``"`` and ``a:b`` are text. It means the same
in its wide form, as input methods write it: ``－食堂``, ``ＯＲ``, ``年：２０２３``. Text with its punctuation is a
phrase: a break in it stands for any punctuation.

**Copied text is found**, as it is or in quotes, in either script, wherever it was cut, except when (a) it holds no
letter, digit or Han character, or only bracketed pinyin that folding takes out; (b) the only word in it is the *rest*
of a word of letters or digits (``018`` out of ``2018``; with any neighbour, ``018〕9 号``, it is found); (c) unquoted,
a word of it begins with ``-`` or is ``NOT``, or it begins with the rest of a word and holds an ``OR``; (d) it reaches
from one page group of a file, or from a title, into the next text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from domain.errors import InvalidQuery
from domain.text.folding import PINYIN_LETTERS, fold, well_formed
from domain.text.tokens import BREAK, Run, bigrams, runs

LONGEST_QUERY = 2000  # characters
MOST_WORDS = 64

TextField = Literal["title", "body", "file"]

TEXT_FIELDS: dict[str, TextField] = {
    "title": "title",
    "body": "body",
    "file": "file",
    "标题": "title",
    "正文": "body",
    "附件": "file",
}
TAG_FIELDS = {
    "organisation": "organisation",
    "family": "family",
    "form": "form",
    "plan": "plan",
    "phase": "phase",
    "person": "person",
    "year": "year",
    "status": "status",
    "late": "late",
    "gaps": "gaps",
    "单位": "organisation",
    "类别": "family",
    "形式": "form",
    "方案": "plan",
    "人": "person",
    "年": "year",
    "阶段": "phase",
    "状态": "status",
    "补录": "late",
    "缺项": "gaps",
}

Tags = Mapping[tuple[str, str], tuple[str, ...]]
"""What a value typed for a field of `TAG_FIELDS` means in the index: field and text → values, any of them."""


@dataclass(frozen=True)
class Phrase:
    """Runs of text that follow one another. ``where`` limits it to one kind of text."""

    runs: tuple[Run, ...]
    where: TextField | None = None

    @property
    def open_start(self) -> bool:
        """Whether the first token may be the end of a longer word: a copy cut inside it."""
        return len(self.runs) > 1 and self.runs[0].kind == "word"

    @property
    def open_end(self) -> bool:
        """Whether the last token may be the beginning of a longer one."""
        last = self.runs[-1]
        return last.kind == "word" or len(last.text) == 1

    @property
    def tokens(self) -> tuple[str, ...]:
        """Tokens at consecutive positions; the last one of a run of Han is looked up by its bigrams only."""
        tokens: list[str] = []
        for nth, run in enumerate(self.runs):
            if run.kind == "break":
                tokens.append(BREAK)
            elif run.kind == "word":
                tokens.append(run.text)
            else:
                tokens += bigrams(run.text)
                if nth < len(self.runs) - 1 or len(run.text) == 1:
                    tokens.append(run.text[-1])
        return tuple(tokens)


@dataclass(frozen=True)
class Tag:
    """A value of one of the fields that are not text."""

    name: str
    value: str


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class Everything:
    """Nothing was asked for: all that the filters let through."""


@dataclass(frozen=True)
class Nothing:
    """Only punctuation was typed."""


Node = Phrase | Tag | And | Or | Not | Everything | Nothing

_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xFE63: "-", 0x2212: "-"}
"""Wide forms of ASCII, the small hyphen-minus and the minus sign: one character for one."""

_ITEM = re.compile(
    r"""\s*(?:
        (?P<either>OR|或|\||｜)(?=\s|$)
      | (?P<both>AND|且)(?=\s)
      | (?P<without>-(?=[\w“"「『《〈【(\[])|NOT\s+(?=\S))?
        (?:(?P<field>[^\W\d_]{1,12})[:：](?=\S))?
        (?: "(?P<quoted>[^"]*)"(?=\s|$) | “(?P<curly>[^”]*)”(?=\s|$) | (?P<plain>\S+) )
    )""",
    re.VERBOSE,
)
# Rest and beginning of bracketed pinyin at the edges of a copy, whatever quotation marks stand around it.
_CUT_NOISE_BEFORE = re.compile(rf"^[^\w(]*\(?[{PINYIN_LETTERS}]{{1,6}}\)")
_CUT_NOISE_BEHIND = re.compile(rf"\([{PINYIN_LETTERS}]{{1,6}}[^\w)]*$")


def parse(query: str, tags: Tags | None = None) -> Node:
    """The tree of a query; ``tags`` says what is meant by values of fields that are not text, where they are no keys.

    Raises `InvalidQuery` only for one that is too long or has too many words.
    """
    query = well_formed(query).translate(_NARROW)
    if len(query) > LONGEST_QUERY:
        raise InvalidQuery(f"超过 {LONGEST_QUERY} 个字", f"it is longer than {LONGEST_QUERY} characters")
    if not query.strip():
        return Everything()
    items = list(_ITEM.finditer(query.strip()))
    if len(items) > MOST_WORDS:
        raise InvalidQuery(f"多于 {MOST_WORDS} 个词", f"it has more than {MOST_WORDS} words")
    groups: list[list[Node]] = []
    either = False
    for nth, item in enumerate(items):
        if item["both"] and 0 < nth < len(items) - 1:
            continue
        if item["either"] and 0 < nth < len(items) - 1 and not items[nth - 1]["either"]:
            either = True
            continue
        node = _item(item, tags or {})
        if either and groups:
            groups[-1].append(node)
        else:
            groups.append([node])
        either = False
    tree = _all(tuple(_any(tuple(group)) for group in groups))
    if len(items) > 1 and not any(item["without"] or item["either"] for item in items):
        # The words together rank first, and a copy that begins inside a word is found as a whole.
        return _any((tree, phrase(query)))
    return tree


def typed_tags(query: str) -> set[tuple[str, str]]:
    """The fields that are not text with the values typed for them, as `parse` takes their meanings; raises likewise."""
    return set(_tags(parse(query)))


def _tags(node: Node) -> Iterator[tuple[str, str]]:
    match node:
        case Tag(name, value):
            yield name, value
        case And(parts) | Or(parts):
            for part in parts:
                yield from _tags(part)
        case Not(part):
            yield from _tags(part)


def positive_phrases(node: Node) -> list[Phrase]:
    """The phrases whose presence makes a document match: what a snippet shows."""
    if isinstance(node, Phrase):
        return [node]
    if isinstance(node, And | Or):
        return [positive for part in node.parts for positive in positive_phrases(part)]
    return []


def phrase(text: str, where: TextField | None = None) -> Node:
    """A phrase of any text; where its edge may be the rest of bracketed pinyin, with or without that."""
    folded = fold(text).text.strip()
    whole = _phrase(folded, where)
    trimmed = _CUT_NOISE_BEHIND.sub("", _CUT_NOISE_BEFORE.sub("", folded))
    return whole if trimmed == folded else _any((whole, _phrase(trimmed, where)))


def _phrase(folded: str, where: TextField | None) -> Node:
    trimmed = runs(folded)
    while trimmed and trimmed[0].kind == "break":
        del trimmed[0]
    while trimmed and trimmed[-1].kind == "break":
        del trimmed[-1]
    return Phrase(tuple(trimmed), where) if trimmed else Nothing()


def _item(item: re.Match[str], tags: Tags) -> Node:
    text = next((item[name] for name in ("quoted", "curly", "plain") if item[name] is not None), item[0].strip())
    node = _in_field(item["field"], text, item[0], tags) if item["field"] else phrase(text)
    if item["without"]:
        return Everything() if isinstance(node, Nothing) else Not(node)
    return node


def _in_field(name: str, text: str, typed: str, tags: Tags) -> Node:
    """A field's value, or the same characters as text: ``负责人:`` may have been copied from behind its ``负责``."""
    literal = phrase(typed.strip().removeprefix("-").removeprefix("NOT").strip())
    if name.lower() in TEXT_FIELDS:
        return _any((phrase(text, TEXT_FIELDS[name.lower()]), literal))
    if name.lower() in TAG_FIELDS:
        field = TAG_FIELDS[name.lower()]
        return _any((*(Tag(field, value) for value in tags.get((field, text), (text,))), literal))
    return literal


def _all(parts: tuple[Node, ...]) -> Node:
    """All of them. A word without a letter asks for nothing, unless there is nothing else."""
    asked = tuple(part for part in parts if not isinstance(part, Nothing | Everything))
    if not asked:
        return parts[0] if parts else Nothing()
    return asked[0] if len(asked) == 1 else And(asked)


def _any(parts: tuple[Node, ...]) -> Node:
    asked = tuple(dict.fromkeys(part for part in parts if not isinstance(part, Nothing)))
    if not asked:
        return Nothing()
    return asked[0] if len(asked) == 1 else Or(asked)
