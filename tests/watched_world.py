"""A ledger whose checkpoints witnesses are asked to cosign."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from adapters.keys.signing import verifier_of
from adapters.witness.client import HttpWitnesses
from adapters.witness.service import Witness
from adapters.witness.store import SQLiteCosignatures
from domain.ledger.note import COSIGNATURE_ED25519
from domain.ledger.policy import Policy, parse_policy
from domain.ledger.trust import open_signed
from indexers.witnessing import Witnessing
from operations.verify.run import Subject, verify
from tests.ledger_world import World, evidence, open_world, some_rows
from tests.witness_world import make_witness, says


@dataclass
class Now:
    at: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Watched:
    """A ledger, and what asks its witnesses. ``grow`` adds events and publishes."""

    world: World
    now: Now = field(default_factory=Now)
    policy: Policy | None = None

    def __post_init__(self) -> None:
        self.store = SQLiteCosignatures(self.world.home / "witnesses.sqlite")
        self.rows = iter(some_rows(2000))
        self.asking = self.fresh()

    def fresh(self) -> Witnessing:
        """As another process has it."""
        return Witnessing(
            self.world.ledger, self.world.publisher, self.world.signer, self.world.lock, self.store, HttpWitnesses(),
            self._policy, self.now, lambda: 0.0,
        )  # fmt: skip

    def _policy(self) -> Policy:
        assert self.policy is not None
        return self.policy

    def grow(self, count: int = 3) -> int:
        self.world.events.add([next(self.rows) for _ in range(count)])
        self.world.integrator().run_once()
        return self.world.ledger.size()

    def trust(self, lines: str) -> None:
        self.policy = parse_policy(f"log {self.world.signer.signer.vkey()}\n{lines}".encode())

    def published(self) -> bytes:
        return self.world.publisher.checkpoint()

    def cosigned(self) -> set[str]:
        """Who cosigned what is published, every line verified."""
        return set(open_signed(self.published(), self._policy(), verifier_of).cosigned)

    def code(self, url: str) -> str | None:
        fault = self.store.asked()[url].fault
        return None if fault is None else fault.code


def witness_of(watched: Watched, folder: Path, name: str) -> Witness:
    made = make_witness(folder, name=name)
    made.state.add_log(watched.world.signer.signer.key, 0.0)
    return made


def line(name: str, witness: Witness, url: str, kind: int = COSIGNATURE_ED25519) -> str:
    [key] = [signer.vkey() for signer in witness.signers if signer.key.kind == kind]
    return f"witness {name} {key} {url}\n"


def of(witness: Witness, change: Callable[[str], str] = str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """The witness's own answers, changed on the way."""

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        found = witness.add_checkpoint(body)
        said = change(found.body) if found.cosigned else found.body
        says(found.status, said.encode(), Content_Type=found.media_type)(handler, body)

    return answer


def found_by_check(world: World) -> set[str]:
    """The classes of what the forensic check finds."""
    subject = Subject(evidence(world.home), world.last_signed, world.signer.signer.vkey())
    return {str(each.klass) for each in verify(subject).findings}


def remembered(world: World) -> dict[str, bytes]:
    """Everything but the world's memory of what the witness showed."""
    for database in (world.home / "events.sqlite", world.home / "ledger.sqlite"):
        _checkpoint(database)
    return {
        str(path.relative_to(world.home)): path.read_bytes()
        for path in world.home.rglob("*")
        if path.is_file() and path.name != "witness-saw" and not path.name.startswith("witnesses")
    }


def _checkpoint(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def restore(world: World, files: dict[str, bytes]) -> None:
    world.close()
    for path in world.home.rglob("*"):
        if path.is_file() and path.name != "witness-saw" and not path.name.startswith("witnesses"):
            path.unlink()
    for name, data in files.items():
        (world.home / name).write_bytes(data)
        (world.home / name).chmod(0o600)
    fresh = open_world(world.home)
    world.events, world.ledger = fresh.events, fresh.ledger
    world.publisher, world.signer, world.lock = fresh.publisher, fresh.signer, fresh.lock
