"""The whole of it: bind the target, copy, build its views, check both ends, compare, and only then put it to use."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.disk.file_lock import LedgerLock
from adapters.home import parts
from adapters.home.house import House
from adapters.home.route import Route
from adapters.keys.ring import announced
from domain.event import Json
from domain.ports.surroundings import Lock
from domain.search.errors import IndexLocked
from indexers.pipeline import Pipeline, integrator
from operations.migration import target as place
from operations.migration.copy import Copy, Fault
from operations.migration.ends import source_of, target_of
from operations.migration.proof import compare
from operations.verification import silent, verify_archive
from operations.verify.findings import Progress, Verification


@dataclass
class Migrated:
    """What was done. ``behind``: leaves that the source got since; another run copies them."""

    tree_size: int = 0
    root: bytes = b""
    copied: Json = field(default_factory=dict)
    source: Verification | None = None  # None: no evidence was copied, only the search index was made
    target: Verification | None = None
    behind: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(check is None or check.ok for check in (self.source, self.target))


def no_fault(step: str) -> None:
    """What happens between steps outside tests."""


def migrate(source: House, route: Route, progress: Progress = silent, fault: Fault = no_fault) -> Migrated:
    """Safe to repeat: goes on where a run before ended, and copies what came since.

    The source is only read, but for its own ledger, which is brought up to date as by every check. While the last
    leaves are copied, filing waits. Where the copy's check finds anything, the copy is not put to use.
    """
    done = Migrated()
    with place.opened(source, route) as target:
        fault("bound")
        started = time.monotonic()
        ends = source_of(source), target_of(target)
        copy = Copy(
            *ends,
            route,
            locks=_locks(target, route),
            integrate=integrator(source).run_locked,
            vkeys=lambda size: announced(source.signer.history().at(size)),
            progress=progress,
            fault=fault,
        )
        if route.tables or route.files or route.home:
            copy.run()
        else:
            copy.size = source.ledger.size()
        done.tree_size = copy.size
        done.copied = {
            "events": copy.events, "leaves": copy.leaves, "batches": copy.batches, "checkpoints": copy.checkpoints,
            "tiles": copy.tiles, "files": copy.files.files, "bytes": copy.files.bytes, "texts": copy.files.texts,
            "passwords": copy.passwords, "tokens": copy.tokens,
        }  # fmt: skip
        fault("copied")
        done.seconds["copy"] = _since(started)
        started = time.monotonic()
        _build_views(target, route, progress)
        fault("built")
        done.seconds["build"] = _since(started)
        started = time.monotonic()
        done.root = compare(*ends, route, done.tree_size, progress)
        fault("compared")
        done.seconds["compare"] = _since(started)
        if route.tables or route.files or route.home:
            started = time.monotonic()
            done.target = verify_archive(target, progress=progress)
            done.source = verify_archive(source, progress=progress)
            fault("verified")
            done.seconds["verify"] = _since(started)
        done.behind = source.ledger.size() - done.tree_size
        if done.target is None or done.target.ok:
            place.complete(target.identity, target.servers, route)
    return done


def _locks(target: House, route: Route) -> list[Lock]:
    """One copy to a home at a time, and one into tables."""
    home = LedgerLock(target.settings.home / "migrate.lock")
    return [home, parts.tables(target.settings, target.servers).lock("migrate")] if route.tables else [home]


def _build_views(target: House, route: Route, progress: Progress) -> None:
    """What is no evidence is not copied, but made again from what is: search index, figures, the queue of texts."""
    progress("views", 0, 0)
    pipeline = Pipeline(target)
    if route.search and not route.tables:
        pipeline.rebuild()
        return
    with suppress(IndexLocked):  # the source's server holds the index that serves both: it brings it up to date
        pipeline.catch_up()


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
