"""``events.md``: what is stored for ever."""

from __future__ import annotations

import dataclasses

from docs.reference_pages.markdown import codes, first_line, heading, import_everything, row, table
from domain.event import Event


def all_events() -> list[type[Event]]:
    """Every event of the domain by topic; importing a module registers its events."""
    import_everything("domain")
    found: list[type[Event]] = []
    waiting = [Event]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        # Tests define events of their own; those are not of the domain.
        found += [child for child in children if "TOPIC" in vars(child) and child.__module__.startswith("domain.")]
    return sorted(found, key=lambda event: event.TOPIC)


def meaning(event: type[Event]) -> str:
    """What its docstring says; a dataclass without one gets its signature as one, which explains nothing."""
    return "" if (event.__doc__ or "").startswith(f"{event.__name__}(") else first_line(event)


def page() -> str:
    inherited = [f.name for f in dataclasses.fields(Event)]
    lines = heading(
        "事件 · Events",
        f"What is stored for ever, under its topic. Each event carries {codes(inherited)}, and its own attributes.",
    )
    lines += table("topic", "version", "attributes", "means")
    for event in all_events():
        own = [f.name for f in dataclasses.fields(event) if f.name not in inherited]
        lines.append(row(f"`{event.TOPIC}`", str(event.class_version), codes(own), meaning(event)))
    return "\n".join([*lines, ""])
