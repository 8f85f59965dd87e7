"""A witness: a folder with its keys and its memory, and what it answers (C2SP ``tlog-witness`` v1.0.0)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.disk.durable import make_dirs, storage_errors
from adapters.keys.signing import verifier_of
from adapters.witness.keys import FILES, WitnessSigner, create_witness_key, load_witness_key
from adapters.witness.limit import RateLimit
from adapters.witness.state import Cosigned, WitnessState
from domain.errors import Conflict, InputError, JianzhengError
from domain.ledger.note import Note, Verifier, VerifierKey, check_key_name
from domain.ledger.witness import Accepted, Seen, WitnessReply, accept, judge, origin_hash

RATE, BURST = 10.0, 50
"""Submissions of one log a second, and at once."""

STATE = "witness.sqlite"

log = logging.getLogger("jianzheng.witness")


class WitnessExists(Conflict):
    code = "witness_exists"
    zh = "“{folder}”里已经有东西，没有改动它。"
    en = "“{folder}” already holds something; it was not touched."
    next_zh = "请用一个空目录，或用 --folder 指定别处。"
    next_en = "Use an empty folder, or name another one with --folder."


class WitnessMissing(InputError):
    code = "witness_missing"
    zh = "“{folder}”里没有见证方。"
    en = "There is no witness in “{folder}”."
    next_zh = "请先运行 jianzheng witness init，或用 --folder 指定它所在的目录。"
    next_en = "Run jianzheng witness init first, or name its folder with --folder."


def create_witness(folder: Path, name: str) -> Witness:
    """A new witness with a key of each kind. Raises `WitnessExists`, `InvalidNote` for a name that no key can have."""
    check_key_name(name)
    with storage_errors():
        if folder.exists() and any(folder.iterdir()):
            raise WitnessExists(folder=str(folder))
        make_dirs(folder)
        folder.chmod(0o700)
    for kind in FILES:
        create_witness_key(folder, name, kind)
    WitnessState(folder / STATE).create()
    return open_witness(folder)


def open_witness(folder: Path, *, rate: float = RATE, burst: int = BURST) -> Witness:
    """One key is enough. Raises `WitnessMissing`, and the errors of a damaged key."""
    signers = [load_witness_key(path) for name in FILES.values() if (path := folder / name).exists()]
    if not signers or not (folder / STATE).exists():  # SQLite would make an empty memory: it would cosign anything
        raise WitnessMissing(folder=str(folder))
    return Witness(WitnessState(folder / STATE), signers, RateLimit(rate, burst, time.monotonic))


class Witness:
    """Safe to share between threads. ``now``: seconds since 1970."""

    def __init__(
        self,
        state: WitnessState,
        signers: Sequence[WitnessSigner],
        limit: RateLimit,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.state, self.signers = state, tuple(signers)
        self._limit, self._now = limit, now
        self._verifiers: dict[VerifierKey, Verifier] = {}

    @property
    def name(self) -> str:
        return self.signers[0].key.name

    def add_checkpoint(self, data: bytes) -> WitnessReply:
        """The answer to a submission; what it promises is durable when this returns."""
        accepted = accept(data, self._known())
        if isinstance(accepted, WitnessReply):
            return accepted
        origin = accepted.checkpoint.origin
        if wait := self._limit.wait(origin):
            return WitnessReply(429, "too many requests\n", retry_after=wait)
        answer: list[WitnessReply] = []

        def decide(seen: Seen, last: int) -> Cosigned | None:
            refusal = judge(accepted, seen)
            if refusal is not None:
                answer.append(refusal)
                return None
            made = self._cosign(
                accepted, max(int(self._now()), last, 1)
            )  # a clock set back must not unsay what was said
            lines = made.note.removeprefix(accepted.note.encode())
            answer.append(WitnessReply(200, lines))
            return made

        self.state.replace(origin, origin_hash(origin), decide)
        if answer[0].status == 422:
            self._suspect(origin, data)
        return answer[0]

    def checkpoint(self, digest: str) -> str | None:
        """What was cosigned last for the log with this hash of its origin; None where nothing ever was."""
        cosigned = self.state.by_hash(digest)
        return None if cosigned is None else cosigned.note

    def _known(self) -> dict[str, list[Verifier]]:
        known: dict[str, list[Verifier]] = {}
        for key in self.state.logs():
            if key not in self._verifiers:
                self._verifiers[key] = verifier_of(key)
            known.setdefault(key.name, []).append(self._verifiers[key])
        return known

    def _cosign(self, accepted: Accepted, at: int) -> Cosigned:
        checkpoint, note = accepted.checkpoint, accepted.note
        cosigned = tuple(signer.cosign(note.text, at) for signer in self.signers)
        whole = Note(note.text, (*note.signatures, *cosigned)).encode()
        return Cosigned(Seen(checkpoint.size, checkpoint.root), at, whole)

    def _suspect(self, origin: str, data: bytes) -> None:
        log.warning("%s: a signed checkpoint does not continue the one that was cosigned last", origin)
        with suppress(JianzhengError):  # the refusal counts, not the note of it
            self.state.suspect(origin, int(self._now()), data.decode("utf-8", "replace"))
