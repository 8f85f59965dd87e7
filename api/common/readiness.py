"""Can the archive be read and written now? Asked by ``/readyz`` and by ``jianzheng check --quick``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import JianzhengError

if TYPE_CHECKING:
    from adapters.home.settings import Settings
    from adapters.s3.client import Client
    from domain.ports.events import EventStore
    from domain.ports.ledger import LedgerReader
    from domain.ports.search import SearchEngine

NEEDED = ("events", "ledger", "files")
"""Search may be down without stopping the rest."""


def parts(
    probe: Callable[[], None],
    *,
    events: EventStore,
    ledger: LedgerReader,
    engine: Callable[[], SearchEngine],
    files: Callable[[], bool],
    witnesses: Callable[[], Mapping[str, Any]] | None,
) -> dict[str, str]:
    """``ok``, ``missing`` or an error's code for each part, in a few seconds whatever the servers do: ``probe`` asks
    each of them whether it is there. ``engine`` opens the search engine, ``files`` says whether there is a place for
    files.

    Where ``witnesses`` are asked, it is said whether enough of them cosigned.
    """
    probe()
    questions: dict[str, Callable[[], bool]] = {
        "events": lambda: events.head() > 0,
        "ledger": lambda: ledger.size() >= 0,
        "files": files,
        "search": lambda: engine().position() >= 0,
    }
    states: dict[str, str] = {}
    for name, reach in questions.items():
        try:
            states[name] = "ok" if reach() else "missing"
        except JianzhengError as error:
            states[name] = error.code
    if witnesses is not None:
        states["witnesses"] = _state(witnesses)
    return states


def sound(states: dict[str, str]) -> bool:
    """Whether all parts are there that an archive cannot do without."""
    return all(states[name] == "ok" for name in NEEDED)


def files_there(settings: Settings, bucket: Client | None) -> bool:
    """Whether the place of the files is there. Raises what keeps the bucket from being asked."""
    if bucket is None:
        return settings.blobs_folder.is_dir()
    bucket.require_bucket()
    return True


def _state(witnesses: Callable[[], Mapping[str, Any]]) -> str:
    """``witnessed``, ``unwitnessed``, ``alarm``, or an error's code; none of them stops anything."""
    try:
        return str(witnesses()["state"])
    except JianzhengError as error:
        return error.code
