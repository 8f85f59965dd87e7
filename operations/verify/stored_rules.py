"""The archive's own rules, for the check of every stored event by itself (`domain.audit.fits_alone`)."""

from __future__ import annotations

from adapters.events.transcoding import decode
from domain.audit import fits_alone
from domain.event import Event
from domain.streams import TOPICS


def stored_event_fits(stream: str, version: int, topic: str, state: bytes) -> bool:
    """Whether the rules have no objection to a stored event by itself; False for whatever cannot be read.

    An event of an earlier shape is left to `domain.audit.audit`, which sees it after its upcasting.
    """
    kind = kind_of(topic)
    if kind is None or kind.class_version != 1:
        return False
    try:
        attributes = decode(state)
    except ValueError:
        return False
    return isinstance(attributes, dict) and fits_alone(kind, stream, version, attributes)


def kind_of(topic: str) -> type[Event] | None:
    """The event that a topic names, None for whatever is no event of ours."""
    kind = TOPICS.get(topic)
    return None if kind is None else kind.event
