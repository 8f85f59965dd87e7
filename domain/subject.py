"""How a subject declares itself: its streams, its events, and all that others have to know of them.

A `Subject` stands in the subject's own folder and is entered in `domain.streams`, where whoever needs to know something
of an event looks it up. What everybody has to decide has no default: nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from domain.event import Event, stream_id

if TYPE_CHECKING:
    from datetime import date

    from domain.files import FileEntry, Keeping
    from domain.ports.search import SearchDocument
    from domain.ports.texts import ExtractedText

    TextOf = Callable[[FileEntry], ExtractedText | None]
    Documents = Callable[..., list[SearchDocument]]  # of history, directory, zone and texts, as `Subject` says

FILES = "files"
"""The attribute in which an event lists the files that it names, each as `domain.files.FileEntry` in JSON. Of
no other attribute anybody thinks that a file has to stay for its sake."""

Attributes = Mapping[str, Any]
"""What is stored of an event: plain JSON values, each of its annotation's type."""


class Impossible(NamedTuple):
    """Event ``version`` of a stream is the first that the rules could not have made, and why."""

    version: int
    zh: str
    en: str


class LeafEvent(NamedTuple):
    """An event and its place in the ledger."""

    leaf: int
    event: Event


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a hit shows of what it found, as it stood then. ``version`` is that one's number, ``newest`` the present's;
    ``files`` are the names of its files, ``path`` is where its page is."""

    path: str
    code: str
    title: str
    organisation: str
    family: str
    form: str
    occurred_on: str
    recorded_at: str
    status: str
    version: int
    newest: int
    late: bool = False
    gaps: int = 0
    item: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of event, and what the act is called that it tells of.

    ``files``: whether it names files, which then stay as long as it does. ``stream``: the attributes that say in which
    stream it lies, where ids are derived. ``name`` is the act's in JSON answers; empty for the topic. ``when``: the
    states in which the act is possible, where its subject has states. ``coded``: its attribute ``code`` is the archival
    code under which the register has the stream. ``numbered``: it makes a new version of what the stream is about.

    ``sound``: whether attributes of the right types hold what the rules look at. ``fits``: whether nothing in them
    speaks against the event. ``alone`` is False where only the whole stream can tell.
    """

    event: type[Event]
    zh: str
    en: str
    _: KW_ONLY
    files: bool
    stream: tuple[str, ...] = ()
    name: str = ""
    when: frozenset[str] | None = None
    coded: bool = False
    numbered: bool = False
    sound: Callable[[Attributes], bool] | None = None
    fits: Callable[[Attributes], bool] | None = None
    alone: bool = True

    @property
    def topic(self) -> str:
        """Under which events of this kind are stored."""
        return self.event.TOPIC


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One kind of stream. ``name`` is for ever: ids of derived streams are made with it.

    ``topics``: with which the topics of its events begin. ``base``: what all its events are, and no others. ``ids``: a
    stream's id is ``random``, or ``derived`` from what its events say. ``first``: the kind that begins a stream, and
    stands nowhere else; None where any may. ``also``: what may stand in the place of its events and is never stored.

    ``audit``: why events of a stream that lie where they belong, are of the right types and count from one, could not
    have been made by the rules; None where such events never contradict each other. Of streams with random ids whose
    events all fit alone, it is asked once for each way in which kinds can follow each other: more than the order of the
    kinds it may not object to in them. ``keeps``: by all events of a stream, and today's date, how long each file has
    to be kept.

    ``documents``: what searches find of a stream, by all its events, the directory, the zone and the texts of files;
    ``shown``: what a hit shows of it as it stood after the event of that version, None where it is erased. Without them
    nothing of it is found.
    """

    name: str
    zh: str
    en: str
    topics: str
    ids: Literal["random", "derived"]
    kinds: tuple[Kind, ...]
    base: type[Event] = Event
    first: type[Event] | None = None
    also: tuple[type[Event], ...] = ()
    audit: Callable[[Sequence[Event]], Impossible | None] | None = None
    keeps: Callable[[Sequence[Event], date], dict[str, Keeping]] | None = None
    documents: Documents | None = None
    shown: Callable[[Sequence[Event], int], Shown | None] | None = None

    def stream(self, *key: object) -> UUID:
        """The id of a stream of ours by the values of its kinds' ``stream``, where ids are derived."""
        return stream_id(self.name, "/".join(map(str, key)))


def faults(subjects: Sequence[Subject]) -> Iterator[str]:
    """What is missing in declarations, or contradicts others; a sentence each."""
    seen: dict[str, str] = {}
    for subject in subjects:
        if subject.name in seen:
            yield f"two subjects are called {subject.name}"
        seen[subject.name] = subject.name
        yield from _of_subject(subject)
        for kind in subject.kinds:
            if (other := seen.setdefault(kind.topic, subject.name)) != subject.name:
                yield f"{kind.topic} is declared by {other} and by {subject.name}"
            yield from (f"{kind.topic}: {fault}" for fault in _of_kind(kind, subject))


def _of_subject(subject: Subject) -> Iterator[str]:
    names = [kind.name for kind in subject.kinds if kind.name]
    if len({kind.event for kind in subject.kinds}) != len(subject.kinds) or len({*names}) != len(names):
        yield f"{subject.name} declares an event or a name twice"
    if subject.ids == "random" and subject.first is None:
        yield f"{subject.name} does not say which event begins a stream"
    if subject.first is not None and subject.first not in {kind.event for kind in subject.kinds}:
        yield f"{subject.name} begins with an event that it does not declare"
    if any(kind.files for kind in subject.kinds) and subject.keeps is None:
        yield f"{subject.name} names files and does not say how long they are kept"
    if subject.documents is not None and subject.shown is None:
        yield f"{subject.name} is searched and does not say what a hit shows"
    if not all(_words(subject.zh, subject.en)):
        yield f"{subject.name} has no name in Chinese or none in English"


def _of_kind(kind: Kind, subject: Subject) -> Iterator[str]:
    names = {field.name for field in fields(kind.event)}
    if not kind.topic.startswith(subject.topics) or not issubclass(kind.event, subject.base):
        yield f"it is not of the family {subject.topics} {subject.base.__name__}"
    if bool(kind.stream) is not (subject.ids == "derived") or not names.issuperset(kind.stream):
        yield "its stream does not follow from attributes that it has, or is said where ids are random"
    if kind.files is not (FILES in names):
        yield f"it says that it names files, and has no attribute {FILES}; or the other way round"
    if kind.coded and "code" not in names:
        yield "it has no archival code"
    if kind.alone and subject.ids == "derived" and subject.audit is not None:
        yield "its subject judges whole streams, so it cannot be judged alone"
    if not all(_words(kind.zh, kind.en)):
        yield "its act has no name in Chinese or none in English"


def _words(zh: str, en: str) -> tuple[bool, bool]:
    return any("\u4e00" <= char <= "\u9fff" for char in zh), any(char.isascii() and char.isalpha() for char in en)
