"""Time stamps of checkpoints: who is asked and when, and how an answer is kept (`domain.ledger.timestamps`).

For each stamp, in this order, every step durable before the next begins: it is noted as begun; the note is kept beside
the checkpoint; the answer, already verified, is kept beside it; the ledger's database remembers the answer's digest;
the note of its beginning goes. Whatever is interrupted is completed by the next run: the note that lies there is
stamped, or the answer that lies there is recorded. Nothing that was kept is ever changed.

Nobody waits for an authority: servers ask in a thread that does nothing else. One that fails is asked again later, less
often each time; who fails, and since when, is in the work log under `OUTSIDE` and its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.timestamps.answers import Checker, require_imprint
from adapters.work.log import OUTSIDE, Fault, Stopped, WorkLog
from domain.errors import ArchiveBusy, InputError, JianzhengError, NotFound
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import parse_note
from domain.ledger.timestamps import (
    CLOCKS_DIFFER,
    NOTE,
    STAMP,
    InvalidTimestamp,
    Stamped,
    StampName,
    TimestampAuthority,
    TimestampRegister,
    TimestampStore,
    as_log_signed,
    is_due,
    parse_name,
    seal_of,
)
from domain.ports.surroundings import Lock
from indexers.loop.backoff import BackOff, Chance

PAUSES = BackOff(first=600.0, longest=6 * 3600.0, factor=2.0)
"""How long an authority that failed is left alone."""

LOOK = 300.0
"""Seconds between two looks whether a checkpoint is to be stamped."""

WAIT = 60.0
"""Seconds that a command waits for another process that is asking."""


class NoAuthorities(InputError):
    code = "timestamp_none_configured"
    zh = "没有设置时间戳机构。"
    en = "No time-stamping authority is set."
    next_zh = "请用 JIANZHENG_TIMESTAMP_AUTHORITIES 写明机构的名称和地址，并把它的根证书放好。"
    next_en = "Name one in JIANZHENG_TIMESTAMP_AUTHORITIES, and put its root certificate in its place."


@dataclass(frozen=True)
class Outcome:
    """Of asking one authority: a stamp that is kept, or why there is none. ``fresh``: it was made just now."""

    authority: str
    size: int
    stamped: Stamped | None = None
    fault: JianzhengError | None = None
    fresh: bool = False
    offset: float = 0.0  # seconds that the authority's clock is ahead of ours

    @property
    def clocks_differ(self) -> bool:
        return abs(self.offset) > CLOCKS_DIFFER.total_seconds()


@dataclass(frozen=True)
class Kept:
    """A stamp that lies there; ``problem`` where it does not show what it should."""

    name: StampName
    stamped: Stamped | None
    problem: JianzhengError | None


class Stamping:
    """``now``: seconds since 1970, as the work log counts; ``checkpoint`` reads the published one."""

    def __init__(
        self,
        *,
        authorities: Sequence[TimestampAuthority],
        store: TimestampStore,
        register: TimestampRegister,
        checkpoint: Callable[[], bytes],
        work: WorkLog,
        lock: Lock,
        zone: ZoneInfo,
        now: Callable[[], float],
        chance: Chance,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._authorities, self._store, self._register = authorities, store, register
        self._checkpoint, self._work, self._lock, self._zone = checkpoint, work, lock, zone
        self._now, self._chance, self._stopping = now, chance, stopping
        self._look = float("-inf")

    def run_once(self) -> int:
        """Ask those whose time has come, unless another process is at it; returns 0: nothing follows from it."""
        now = self._now()
        if self._authorities and not 0 <= now - self._look < LOOK:
            with self._lock.held() as ours:
                if ours:
                    self._run_due()
            self._look = now
        return 0

    def run_all(self) -> list[Outcome]:
        """Ask every authority, now. Raises `NoAuthorities`, `NotFound` before the first checkpoint, `ArchiveBusy`."""
        if not self._authorities:
            raise NoAuthorities
        with self._lock.held(WAIT) as ours:
            if not ours:
                raise ArchiveBusy
            newest = self._newest()
            if newest is None:
                raise NotFound("检查点", "checkpoint", "checkpoint")
            size, note = newest
            return [self._ask(each, StampName(size, each.name), note) for each in self._authorities]

    def _run_due(self) -> None:
        failed = {each.part: each for each in self._work.standing()}
        waiting = [each for each in self._authorities if not self._rests(failed.get(OUTSIDE + each.name))]
        for name in self._store.unfinished():
            if (note := self._store.read(name.file(NOTE))) is None:
                self._store.end(name)  # nothing of it was kept
                continue
            for authority in [each for each in waiting if each.name == name.authority]:
                if not self._stopping() and self._ask(authority, name, note).fault is not None:
                    waiting.remove(authority)
        newest = self._newest() if waiting else None
        if newest is None:
            return
        last = self._last()
        for authority in waiting:
            moment = datetime.fromtimestamp(self._now(), UTC)
            if not self._stopping() and is_due(newest[0], last.get(authority.name), moment, self._zone):
                self._ask(authority, StampName(newest[0], authority.name), newest[1])

    def _rests(self, failed: Stopped | None) -> bool:
        if failed is None:
            return False
        return 0 <= self._now() - failed.last < PAUSES.after(failed.attempts, self._chance)

    def _newest(self) -> tuple[int, bytes] | None:
        """Size and note of the published checkpoint; None where there is none yet."""
        try:
            note = as_log_signed(self._checkpoint())
        except NotFound:
            return None
        return parse_checkpoint(parse_note(note).text).size, note

    def _last(self) -> dict[str, tuple[int, datetime]]:
        """Size and time of the newest stamp of each authority that is asked."""
        newest: dict[str, int] = {}
        for size, authority, _ in self._register.timestamps():
            newest[authority] = max(size, newest.get(authority, 0))
        last = {}
        for each in self._authorities:
            if each.name in newest:
                name = StampName(newest[each.name], each.name)
                with suppress(InvalidTimestamp):  # damaged, or its roots are gone: as good as none
                    last[each.name] = (name.size, each.check(self._store.read(name.file(STAMP)) or b"").time)
        return last

    def _ask(self, authority: TimestampAuthority, name: StampName, note: bytes) -> Outcome:
        part = OUTSIDE + name.authority
        try:
            stamped, fresh = self._made(authority, name, note)
        except JianzhengError as error:
            self._work.stopped(part, Fault.of(error), self._now())
            return Outcome(name.authority, name.size, fault=error)
        self._work.goes(part)
        offset = stamped.time.timestamp() - self._now() if fresh else 0.0
        return Outcome(name.authority, name.size, stamped, fresh=fresh, offset=offset)

    def _made(self, authority: TimestampAuthority, name: StampName, note: bytes) -> tuple[Stamped, bool]:
        """The stamp of that name, made where there is none, and whether it was made now."""
        answer = self._store.read(name.file(STAMP))
        known = any((size, by) == name for size, by, _ in self._register.timestamps())
        if known and answer is None:  # another one in its place would hide that it was taken away
            raise InvalidTimestamp(f"{name.file(STAMP)} 不见了", f"{name.file(STAMP)} is missing")
        if not known:
            self._store.begin(name)
            self._store.keep(name.file(NOTE), note)
        note = self._store.read(name.file(NOTE)) or b""  # an earlier one where the log has signed again since
        fresh = answer is None
        answer = answer or authority.stamp(note)
        stamped = authority.check(answer)
        require_imprint(stamped, note)
        if fresh:
            self._store.keep(name.file(STAMP), answer)
        if not known:
            self._register.record_timestamp(*name, seal_of(name, answer))
        self._store.end(name)
        return stamped, fresh


def kept(store: TimestampStore, roots_of: Callable[[str], Path], newest: bool = False) -> list[Kept]:
    """The stamps of an archive by ascending size, each held against its note; only the ``newest`` of each authority.

    ``roots_of`` gives the file of an authority's root certificates.
    """
    names = sorted(
        parsed[0] for name in store.names() if (parsed := parse_name(name)) is not None and parsed[1] == STAMP
    )
    if newest:
        names = sorted({each.authority: each for each in names}.values())
    checkers = {name: Checker(name, roots_of(name)) for name in {each.authority for each in names}}
    return [_held(each, store, checkers[each.authority]) for each in names]


def _held(label: StampName, store: TimestampStore, checker: Checker) -> Kept:
    try:
        stamped = checker.check(store.read(label.file(STAMP)) or b"")
        require_imprint(stamped, store.read(label.file(NOTE)) or b"")
    except JianzhengError as error:
        return Kept(label, None, error)
    return Kept(label, stamped, None)


def failing(work: WorkLog) -> dict[str, Stopped]:
    """The authorities that did not answer well when they were asked last, by name."""
    standing = work.standing()
    return {each.part.removeprefix(OUTSIDE): each for each in standing if each.part.startswith(OUTSIDE)}
