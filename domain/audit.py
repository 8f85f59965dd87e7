"""Could the rules have produced this stream? What `verify` calls *unauthorised* is decided here.

Each kind of stream has its own history, and its subject knows it (`domain.streams`); what all have in common is judged
here: a stream counts from one, its events are of one subject, have the shape of their kind, and lie where what they say
puts them.

`audit` is the authority: it judges a stream. `fits_alone` judges one event, for a check of millions: in a stream all
of whose events fit alone, `audit` has nothing left to object to but a hole in the count, and, where its id is random,
the order of the kinds of acts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from domain.event import Event
from domain.files import FileEntry
from domain.streams import KINDS, SUBJECT_OF, derived, place_of, stream_of
from domain.subject import FILES, Attributes, Impossible, Subject


def audit(events: Sequence[Event]) -> Impossible | None:
    """All events of one stream, in order. None where the rules could have made them."""
    for n, event in enumerate(events, start=1):
        if event.originator_version != n:
            return Impossible(event.originator_version, "它前面缺了事件", "events before it are missing")
    for event in events:
        if not _has_shape(type(event), vars(event)):
            return Impossible(event.originator_version, "它的内容不是这类事件的", "its content is not that of its kind")
    subject = SUBJECT_OF.get(type(events[0]))
    if subject is None:
        return Impossible(1, "没有这一类事件", "there are no events of this kind")
    for event in events:
        if SUBJECT_OF.get(type(event)) is not subject:
            return Impossible(event.originator_version, "它不属于这个流", "it does not belong into this stream")
        if subject.ids == "derived" and event.originator_id != stream_of(event):
            return Impossible(event.originator_version, "它放错了流", "it lies in the wrong stream")
        if not _in_turn(event, subject):
            return Impossible(event.originator_version, "这样的流不这样开始", "such a stream begins in another way")
    return None if subject.audit is None else subject.audit(events)


def _in_turn(event: Event, subject: Subject) -> bool:
    """Whether it begins its stream exactly if it is of the kind that does. What stands in an event's place, once that
    was erased, does not say which kind it was."""
    begins = event.originator_version == 1
    return subject.first is None or type(event) not in KINDS or (type(event) is subject.first) is begins


def fits_alone(kind: type[Event], stream: str, version: int, attributes: Attributes) -> bool:
    """Whether nothing in the event itself speaks against it; ``attributes`` are what is stored of it, without the
    stream (32 hexadecimal digits) and the version.

    An id says of itself whether it is random or derived, so that no stream of events that fit alone mixes the two. What
    does not fit alone may still be possible: `audit` says.
    """
    rule = _rule(kind)
    if not rule.alone or not _of_types(rule, attributes):
        return False
    if (stream[_UUID_VERSION] != _RANDOM) if rule.key is None else (stream != derived(rule.name, rule.key(attributes))):
        return False
    if rule.first is not None and rule.first is not (version == 1):
        return False
    return rule.fits is None or rule.fits(attributes)


_UUID_VERSION, _RANDOM = 12, "4"
"""Where the digits of a UUID say how it was made."""


class _Rule(NamedTuple):
    """What is asked of each event of a kind: there are a few dozen of them, and millions of events."""

    types: dict[str, tuple[type, ...]]
    sound: Callable[[Attributes], bool] | None
    files: bool
    alone: bool
    name: str  # of the subject
    key: Callable[[Attributes], Any] | None
    first: bool | None  # whether it begins its stream, and only it; None where any may
    fits: Callable[[Attributes], bool] | None


_RULES: dict[type[Event], _Rule] = {}


def _rule(event: type[Event]) -> _Rule:
    return _RULES.get(event) or _RULES.setdefault(event, _rule_of(event))


def _rule_of(event: type[Event]) -> _Rule:
    kind = KINDS.get(event)
    if kind is None:
        return _Rule(_types(event), None, False, False, "", None, None, None)
    subject = SUBJECT_OF[event]
    key = place_of(kind) if kind.stream else None
    first = None if subject.first is None else event is subject.first
    return _Rule(_types(event), kind.sound, kind.files, kind.alone, subject.name, key, first, kind.fits)


# ── shape ───────────────────────────────────────────────────────────────────────────────────────────────────────

_IDENTITY = {"originator_id", "originator_version"}
_FILE_NAMES = {field.name for field in fields(FileEntry)}
_FILE_REQUIRED = {field.name for field in fields(FileEntry) if field.default is MISSING}


def _has_shape(kind: type[Event], attributes: Attributes) -> bool:
    return _of_types(_rule(kind), {name: value for name, value in attributes.items() if name not in _IDENTITY})


def _of_types(rule: _Rule, attributes: Attributes) -> bool:
    """Whether these are the attributes of a kind of event, each of its type, as far as the rules look at them."""
    if len(attributes) != len(rule.types):
        return False
    for name, allowed in rule.types.items():
        if type(attributes.get(name, _types)) not in allowed:
            return False
    if rule.sound is not None and not rule.sound(attributes):
        return False
    return not rule.files or all(
        type(file) is dict and _FILE_REQUIRED <= file.keys() <= _FILE_NAMES for file in attributes[FILES]
    )


def _types(kind: type[Event]) -> dict[str, tuple[type, ...]]:
    """The types that a stored attribute may have: those of its annotation, whatever they contain."""
    hints = get_type_hints(kind)
    return {
        field.name: tuple(get_origin(each) or each for each in _union(hints[field.name]))
        for field in fields(kind)
        if field.name not in _IDENTITY
    }


def _union(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
