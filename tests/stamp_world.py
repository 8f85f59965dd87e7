"""A small ledger with time stamps: the world of `tests.ledger_world`, authorities of `tests.authority`, a clock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.disk.file_lock import LedgerLock
from adapters.timestamps.address import AuthorityAddress
from adapters.timestamps.answers import Checker
from adapters.timestamps.folder import FolderTimestamps
from adapters.timestamps.http import HttpAuthority
from adapters.work.log import SQLiteWorkLog
from indexers.timestamping import Stamping
from operations.verify import Subject, Verification, verify
from operations.verify.timestamps import Stamps
from tests.authority import Authority
from tests.ledger_world import World, evidence, some_rows


@dataclass
class StampWorld:
    """``ahead``: seconds by which the archive's clock is ahead of the authorities'."""

    ledger: World
    authorities: Sequence[Authority]
    ahead: float = 0.0
    deadline: float = 10.0

    def __post_init__(self) -> None:
        self.store = FolderTimestamps(self.ledger.public, self.ledger.home / "stamping")
        self.work = SQLiteWorkLog(self.ledger.home / "views.sqlite")

    def now(self) -> float:
        return time.time() + self.ahead

    def grow(self, count: int) -> None:
        """File some events, and publish them."""
        size = self.ledger.ledger.size()
        self.ledger.events.add(some_rows(size + count)[size:])
        self.ledger.integrator().run_once()

    def stamping(self) -> Stamping:
        """A process that stamps."""
        asked = [
            HttpAuthority(AuthorityAddress(name, each.url), each.roots, self.deadline)
            for name, each in self.names().items()
        ]
        return Stamping(
            authorities=asked,
            store=self.store,
            register=self.ledger.ledger,
            checkpoint=self.ledger.publisher.checkpoint,
            work=self.work,
            lock=LedgerLock(self.ledger.home / "timestamp.lock"),
            zone=ZoneInfo("Asia/Shanghai"),
            now=self.now,
            chance=lambda: 0.0,
        )

    def names(self) -> dict[str, Authority]:
        return {each.folder.name: each for each in self.authorities}

    def files(self) -> set[str]:
        return {Path(name).name for name in self.store.names()}

    def path(self, name: str) -> Path:
        return self.ledger.public / "timestamps" / name

    def check(self, checked: bool = True) -> Verification:
        """The forensic check of the ledger; without the authorities' roots where not ``checked``."""
        roots = {name: each.roots for name, each in self.names().items()}
        stamps = Stamps(
            lambda name: Checker(name, roots[name]) if checked else Checker(name, Path("none")),
            frozenset(self.store.unfinished()),
        )
        home = self.ledger.home
        vkey = self.ledger.signer.signer.vkey()
        return verify(Subject(evidence(home), self.ledger.last_signed, vkey, stamps=stamps))

    def close(self) -> None:
        self.work.close()
        self.ledger.close()
