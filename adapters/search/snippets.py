"""What is shown under a hit: the passages where the query was found, with marks in the original characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.search.schema import head_rank, kind_of, split_title
from domain.ports.search import SearchDocument, Snippet
from domain.text.highlight import find, passage
from domain.text.query import Phrase, TextField

MOST_SNIPPETS = 3


def snippets(head: SearchDocument, parts: Iterable[SearchDocument], phrases: Sequence[Phrase]) -> tuple[Snippet, ...]:
    """Title first, then the text, then files; where nothing is marked, the beginning of the text."""
    marked: list[Snippet] = []
    for document in (head, *sorted(parts, key=head_rank)):
        if len(marked) < MOST_SNIPPETS:
            marked += _marked(document, phrases)
    if not marked:
        _, name, text = _texts(head)[-1]
        beginning = passage(text.strip(), ()).text
        return (Snippet(name, head.page, beginning, ()),) if beginning else ()
    return tuple(marked[:MOST_SNIPPETS])


def _texts(document: SearchDocument) -> list[tuple[TextField, str, str]]:
    """(kind, name shown, text) of the texts in a document."""
    kind = kind_of(document.source)
    if kind == "record":
        title, body = split_title(document)
        return [("title", "title", title), ("body", "body", body)]
    return [(kind, document.source_name, document.text)]


def _marked(document: SearchDocument, phrases: Sequence[Phrase]) -> Iterable[Snippet]:
    for kind, name, text in _texts(document):
        spans = find(text, [phrase for phrase in phrases if phrase.where in (None, kind)])
        if spans:
            shown = passage(text, spans)
            yield Snippet(name, document.page, shown.text, shown.marks)
