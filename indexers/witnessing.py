"""Having witnesses cosign what was published. It follows the ledger, and nothing ever waits for it.

A checkpoint is published before any witness is asked. Cosignatures that come are verified, kept, and added to the
published note as further signature lines, as long as it is still the one that they are of: its text never changes.
Witnesses are asked side by side; a slow one holds up no other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace

from adapters.keys.signing import verifier_of
from adapters.ledger.guard import GuardedSigner
from adapters.witness.asking import Again, Ahead, Endpoint, Question, endpoints, understand
from adapters.witness.client import Reply, WitnessClient
from adapters.witness.faults import WitnessRefused, WitnessSawAnother, WitnessUnreachable
from adapters.witness.store import Asked, CosignatureStore, Witnessed
from adapters.work.log import Fault
from domain.errors import JianzhengError, NotFound
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.note import Note, Signature, parse_note
from domain.ledger.policy import Policy
from domain.ledger.witness import origin_hash
from domain.ports.ledger import LedgerPublisher, LedgerTables
from domain.ports.surroundings import Lock
from indexers.loop.backoff import BackOff, Chance

REST = 2.0
"""Seconds between two checkpoints that are sent to witnesses, however quickly they follow each other."""

PATIENCE = 3.0
"""Seconds for which the quick witnesses wait for the slow ones before their cosignatures are published."""

LOCK_WAIT = 5.0

PAUSES = BackOff(first=2.0, longest=300.0)
"""How long a witness is left alone that did not cosign, where it does not say so itself."""

log = logging.getLogger("jianzheng.witnesses")


class Witnessing:
    """One process asks at a time. ``now``: seconds since 1970."""

    def __init__(
        self,
        ledger: LedgerTables,
        publisher: LedgerPublisher,
        guard: GuardedSigner,
        lock: Lock,
        store: CosignatureStore,
        client: WitnessClient,
        policy: Callable[[], Policy],
        now: Callable[[], float],
        chance: Chance,
    ) -> None:
        self._ledger, self._publisher, self._guard, self._lock = ledger, publisher, guard, lock
        self._store, self._client, self._policy, self._now, self._chance = store, client, policy, now, chance
        self._running: dict[str, tuple[Question, Future[Reply]]] = {}  # by address
        self._greeted: set[str] = set()  # witnesses that cosigned since this process began
        self._to_publish: str | None = None  # note whose cosignatures may not be published yet

    def run_once(self, patience: float = PATIENCE, *, forced: bool = False) -> int:
        """Ask those that are due; returns how many cosigned. ``forced``: whatever they answered before."""
        try:
            note = self._ledger.checkpoint()
        except NotFound:
            return 0
        checkpoint, policy = parse_checkpoint(parse_note(note).text), self._policy()
        if self._to_publish is None and not self._greeted:
            self._to_publish = note  # what a process that was killed had kept, and not added
        for endpoint, asked in self._due(policy, checkpoint.size, forced):
            old = asked.size if asked.size <= checkpoint.size else 0  # it says itself that it is ahead, if it is
            self._start(Question(endpoint, note, checkpoint, old))
        cosigned = self._settle(patience)
        if self._to_publish is not None:
            self._publish(self._to_publish, policy)
        return cosigned

    def _due(self, policy: Policy, size: int, forced: bool) -> list[tuple[Endpoint, Asked]]:
        known, now, due = self._store.asked(), self._now(), []
        signed = {(each.name, each.key_id) for each in self._store.signatures(size)}
        for endpoint in endpoints(policy):
            asked = known.get(endpoint.url, Asked(endpoint.url))
            if endpoint.url in self._running:
                continue
            if any((key.name, key.key_id) in signed for key in endpoint.keys) and endpoint.url in self._greeted:
                continue
            if forced or now >= asked.not_before or asked.not_before - now > PAUSES.longest * 13:  # a clock set back
                due.append((endpoint, asked))
        return due

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, question: Question) -> None:
        """In a thread of its own, which ends with the process: the longest answer must not keep that from ending."""
        url, future = question.endpoint.url, Future[Reply]()
        body = question.body(self._ledger.range_hash)

        def ask() -> None:
            try:
                future.set_result(self._client.submit(url, body))
            except Exception as error:  # it is raised again where the answer is read
                future.set_exception(error)

        self._running[url] = question, future
        threading.Thread(target=ask, name="ask-witness", daemon=True).start()

    def _settle(self, patience: float) -> int:
        """Read the answers that come in time; the others are read the next time. Returns how many cosigned."""
        cosigned, until = 0, self._now() + patience
        while self._running:
            left = max(0.0, min(patience, until - self._now()))
            done, _ = wait([future for _, future in self._running.values()], left, "FIRST_COMPLETED")
            if not done:
                break
            for url, (question, future) in list(self._running.items()):
                if future in done:
                    del self._running[url]
                    cosigned += self._read(question, future)
        return cosigned

    def _read(self, question: Question, future: Future[Reply]) -> int:
        endpoint, size = question.endpoint, question.checkpoint.size
        asked = self._store.asked().get(endpoint.url, Asked(endpoint.url))
        try:
            answer = understand(question, future.result(), verifier_of)
            if isinstance(answer, Ahead):
                answer = self._ahead(question, answer)
        except WitnessSawAnother as error:
            self._hold_against_us(question)
            self._failed(asked, error)
            return 0
        except JianzhengError as error:
            self._failed(asked, error)
            return 0
        except Exception as error:  # of a library: whatever a witness sends must not stop the others
            log.exception("asking %s stumbled", endpoint.url)
            self._failed(asked, WitnessUnreachable(type(error).__name__))
            return 0
        if isinstance(answer, Again):
            self._store.remember(replace(asked, size=answer.old if answer.told is not None else asked.size))
            self._start(replace(question, old=answer.old, told=answer.told, tries=question.tries + 1))
            return 0
        if answer:
            self._store.add(size, answer)
            self._to_publish = question.note
            self._greeted.add(endpoint.url)
            self._store.remember(Asked(endpoint.url, size, self._now()))
        return len(answer)

    def _ahead(self, question: Question, answer: Ahead) -> tuple[Signature, ...]:
        """Another process of ours may have gone on meanwhile; otherwise the witness saw what is not there any more."""
        if self._ledger.published() >= answer.size:
            self._store.remember(Asked(question.endpoint.url, answer.size))
            return ()
        raise WitnessSawAnother(
            question.checkpoint.size, f"它见证过 {answer.size} 条", f"it cosigned {answer.size} leaves"
        )

    def _failed(self, asked: Asked, error: JianzhengError) -> None:
        alarm, fault = isinstance(error, WitnessSawAnother), Fault.of(error)
        if fault != asked.fault:
            log.log(logging.ERROR if alarm else logging.WARNING, "%s: %s", asked.url, error)
        after = error.after if isinstance(error, WitnessRefused) else None
        pause = PAUSES.after(asked.failures + 1, self._chance) if after is None else max(after, 1.0)
        self._store.remember(
            replace(
                asked,
                failures=asked.failures + 1,
                not_before=self._now() + pause,
                fault=asked.fault if asked.alarm and not alarm else fault,  # an alarm stands until it cosigns again
                alarm=asked.alarm or alarm,
            )
        )

    def _hold_against_us(self, question: Question) -> None:
        """Have the witness show the checkpoint: where it is signed by us, the signer heeds it from now on."""
        origin = question.checkpoint.origin
        with suppress(JianzhengError, UnicodeError):
            data = self._client.checkpoint(question.endpoint.url, origin_hash(origin))
            if data is not None and (shown := self._guard.opened(data)) is not None and self._contradicts(shown):
                self._guard.heed(data.decode())

    def _contradicts(self, shown: Checkpoint) -> bool:
        return shown.size > self._ledger.size() or self._ledger.root(shown.size) != shown.root

    # ── publishing ──────────────────────────────────────────────────────────────────────────────────────────────

    def _publish(self, note: str, policy: Policy) -> None:
        """Add what is kept of this checkpoint to the published one, unless a newer one is published."""
        ours = parse_note(note)
        size = parse_checkpoint(ours.text).size
        kept = self._store.signatures(size)
        whole = Note(ours.text, (*ours.signatures, *kept)).encode()
        signed = {(each.name, each.key_id) for each in kept}
        cosigned = [name for name, one in policy.witnesses.items() if (one.key.name, one.key.key_id) in signed]
        if policy.witnessed and policy.satisfied(cosigned):
            last = self._store.witnessed()
            if last is None or last.size < size or (last.size == size and last.note != whole):
                self._store.keep(Witnessed(size, self._now(), whole))
        if kept and not self._add_lines(ours.text, kept):
            return  # the ledger is busy; the next time
        self._to_publish = None

    def _add_lines(self, text: str, kept: list[Signature]) -> bool:
        with self._lock.held(LOCK_WAIT) as ours:
            if not ours:
                return False
            published = parse_note(self._publisher.checkpoint())
            there = {(each.name, each.key_id) for each in published.signatures}
            more = tuple(each for each in kept if (each.name, each.key_id) not in there)
            if published.text == text and more:
                self._publisher.publish(Note(text, (*published.signatures, *more)).encode())
        return True
