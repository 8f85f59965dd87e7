"""Changing the keys of the ledger, on the machine that has the key folder.

Everything happens under the ledger's lock, so that nobody signs meanwhile. The event is what counts: killed before it,
nothing has changed but that a key lies ready, which the next call takes; killed after it, whoever integrates next signs
with the keys that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adapters.disk.durable import make_dirs, storage_errors
from adapters.home import parts
from adapters.home.house import House
from adapters.keys.command import CommandSigner
from adapters.keys.key_folder import FIRST, KNOWN, KeySigner, SigningKeys
from adapters.keys.ring import KeyRing
from adapters.keys.signing import verifier_of
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.publisher import Fault
from domain.access import Actor
from domain.errors import ArchiveBusy, Conflict, InputError, NotFound
from domain.keys.events import KeyRetired, KeyRotated, KeySucceeded
from domain.keys.history import KeyHistory, Span
from domain.keys.keeping import KeyKeeping
from domain.ledger.checkpoint import open_checkpoint, parse_checkpoint
from domain.ledger.errors import InvalidNote, LastSignedDamaged
from domain.ledger.note import VerifierKey, parse_note, parse_vkey
from domain.ports.ledger import LedgerPublisher, LedgerTables
from domain.ports.surroundings import Lock
from domain.words import Words
from indexers.ledger import no_fault
from indexers.pipeline import LEDGER_WAIT

OLDEST = "oldest"


class NoNewKey(InputError):
    """The command has no key that was not used before."""

    code = "no_new_key"
    zh = "JIANZHENG_SIGN_VKEY 里没有还没用过的密钥。"
    en = "JIANZHENG_SIGN_VKEY names no key that was not used before."
    next_zh = "请在签名设备上做一个新密钥，把它的公钥加在 JIANZHENG_SIGN_VKEY 里，与旧的用空格分开。"
    next_en = "Make a key in the signing device, and add its public key to JIANZHENG_SIGN_VKEY, beside the old one."


class KeyNotLost(Conflict):
    """A successor is for keys that are lost; this one is here."""

    code = "key_not_lost"
    zh = "正在使用的密钥 {key} 就在本机，不需要另立新密钥。"
    en = "The key {key} is in force and on this machine: no successor is needed."
    next_zh = "要换密钥，请用 jianzheng key rotate；只丢了其中一个，用 jianzheng key retire 停用它。"
    next_en = "To change keys, use jianzheng key rotate; where one of several is lost, jianzheng key retire."


class LostKeyNeeded(InputError):
    """Nothing on this machine says which key the ledger was signed with."""

    code = "lost_key_needed"
    zh = "密钥目录里什么都没有，看不出账本原来用的是哪个密钥。"
    en = "The key folder is empty, and does not say which key the ledger was signed with."
    next_zh = "请用 --lost 写明原来的公钥；别人手里的回执策略、抄存的公钥里都有。"
    next_en = "Name the former public key with --lost; it stands in the policies and notes that others keep."


KeyState = Literal["in_force", "retired", "ready"]
STATES: dict[str, Words] = {
    "in_force": Words("使用中", "in force"),
    "retired": Words("已停用", "retired"),
    "ready": Words("备用", "ready"),
}


@dataclass(frozen=True)
class Held:
    """A key of the ledger as this machine sees it. No ``span``: no event names it yet, and it signs nothing."""

    key: VerifierKey
    span: Span | None
    place: str | None  # a file's name, "command", or None where the private half is not here

    @property
    def state(self) -> KeyState:
        """Whether checkpoints are signed with it now, no more, or not yet."""
        if self.span is None:
            return "ready"
        return "in_force" if self.span.last is None else "retired"


@dataclass(frozen=True)
class KeyChanges:
    """Everything that a change touches. ``load`` reads the key folder, which another process may have changed."""

    origin: str  # of the ledger
    ring: KeyRing
    load: Callable[[], SigningKeys]
    keeping: KeyKeeping
    guard: GuardedSigner
    ledger: LedgerTables
    publisher: LedgerPublisher
    lock: Lock

    def listing(self) -> list[Held]:
        """All keys that ever were, in the order in which they came, and those that lie ready."""
        history, keys = self.ring.history(), self.ring.keys
        named = [Held(span.key, span, _place(keys, span.key)) for span in history.spans]
        ready = [each.key for each in keys.signers if each.key not in history.ever]
        return [*named, *(Held(key, None, _place(keys, key)) for key in ready)]

    def rotate(self, actor: Actor, *, command: bool = False, fault: Fault = no_fault) -> KeyRotated:
        """From the next checkpoint on, a new key signs as well; ``command``: one that the signing command has.

        Raises `NotAllowed`, `ArchiveBusy`, `SigningKeyMissing`, `SigningFailed`, `NoNewKey`, `KeyActRefused`.
        """
        self.keeping.require(actor)
        with self._alone() as history:
            size = self._signed_size()
            if (begun := _under_way(history, size)) is not None:
                return begun
            old = self.ring.signers(history.now)[0]
            keys, new = _new_key(self.ring.keys, history, command)
            fault("key-made")
            self.ring.use(keys.learn(new.key))
            fault("key-known")
            act = self.keeping.rotate(actor, keys.anchors, old, new, size)
            fault("act-recorded")
            return act

    def retire(self, actor: Actor, key: str, reason: str, *, fault: Fault = no_fault) -> KeyRetired:
        """From the next checkpoint on, a key signs no more. ``key``: its id, its vkey, or ``oldest`` for that in force.

        Raises what `rotate` does, and `NotFound`.
        """
        self.keeping.require(actor)
        with self._alone() as history:
            size = self._signed_size()
            gone = next((each for each in history.ever if key in (each.key_id.hex(), each.encode())), None)
            if key == OLDEST:
                gone = history.now[-1]
            if gone is None:
                raise NotFound("密钥", "key", key[:200], field="key")
            staying = self.ring.signers([each for each in history.now if each != gone])
            for each in history.ever:
                self.ring.use(self.ring.keys.learn(each))
            fault("key-known")
            act = self.keeping.retire(actor, self.ring.keys.anchors, gone, staying, size, reason)
            fault("act-recorded")
            return act

    def succeed(self, actor: Actor, reason: str, *, command: bool = False, fault: Fault = no_fault) -> KeySucceeded:
        """A new key takes the place of those in force, none of which is here any more. Raises what `rotate` does, and
        `KeyNotLost`."""
        self.keeping.require(actor)
        with self._alone() as history:
            for key in history.now:
                if self.ring.keys.signer(key) is not None:
                    raise KeyNotLost(key=key.key_id.hex())
            keys, new = _new_key(self.ring.keys, history, command)
            fault("key-made")
            self.ring.use(keys.learn(new.key, trusted=True))
            fault("key-known")
            self._restore_last_signed(history)
            fault("guard-restored")
            act = self.keeping.succeed(actor, self.ring.keys.anchors, new, self._signed_size(), reason)
            fault("act-recorded")
            return act

    @contextmanager
    def _alone(self) -> Iterator[KeyHistory]:
        with self.lock.held(LEDGER_WAIT) as ours:
            if not ours:
                raise ArchiveBusy
            self.ring.use(self.load())  # another process may have changed the folder
            yield self.ring.history()

    def _signed_size(self) -> int:
        """The tree size of the last checkpoint, by whatever tells: another machine may have signed the newest."""
        last = self.guard.last()
        if last is None and self.ledger.published():
            raise LastSignedDamaged(file=str(self.guard.path))
        return max(last[0].size if last else 0, self.ledger.published(), *(size for size, _ in self._checkpoints()))

    def _checkpoints(self) -> list[tuple[int, str]]:
        """The checkpoints that the archive shows the world, and that its tables keep, unverified."""
        seen = []
        readers: list[Callable[[], str]] = [lambda: self.publisher.checkpoint().decode(), self.ledger.checkpoint]
        for read in readers:
            try:
                note = read()
                seen.append((parse_checkpoint(parse_note(note).text).size, note))
            except (NotFound, InvalidNote, UnicodeDecodeError):  # not there; what is damaged, the check names
                continue
        return seen or [(0, "")]

    def _restore_last_signed(self, history: KeyHistory) -> None:
        """The guard's memory was lost with the keys: the newest checkpoint that a lost key signed takes its place."""
        if self.guard.path.exists():
            return
        for size, note in sorted(self._checkpoints(), reverse=True):
            try:
                open_checkpoint(note, self.origin, map(verifier_of, history.at(size)))
            except InvalidNote:
                continue
            self.guard.remember(note)
            return


def key_changes(house: House) -> KeyChanges:
    """Changes of this archive's keys, with the key folder read anew each time."""
    return KeyChanges(
        origin=house.identity.origin,
        ring=house.signer,
        load=lambda: parts.keys(house.settings),
        keeping=house.key_keeping,
        guard=house.guard,
        ledger=house.ledger,
        publisher=house.publisher,
        lock=house.ledger_lock,
    )


def make_ready(folder: Path, lost: str | None, *, fault: Fault = no_fault) -> None:
    """Before an archive whose keys are lost can be opened: write the key that was into the folder, as the anchor.

    Raises `LostKeyNeeded`, `InvalidNote`; does nothing where the key folder says it already.
    """
    with storage_errors():
        if (folder / FIRST).exists() or (folder / KNOWN).exists():
            return
        if lost is None:
            raise LostKeyNeeded
        key = parse_vkey(lost)
        make_dirs(folder)
        folder.chmod(0o700)
    SigningKeys(folder, (), (key,)).learn(key, trusted=True)
    fault("anchor-written")


def _under_way(history: KeyHistory, size: int) -> KeyRotated | None:
    """The rotation that was recorded and then interrupted: no checkpoint carries its signatures yet."""
    last = history.acts[-1] if history.acts else None
    return last if isinstance(last, KeyRotated) and size <= last.size else None


def _new_key(keys: SigningKeys, history: KeyHistory, command: bool) -> tuple[SigningKeys, KeySigner]:
    """One that lies ready, as an interrupted call leaves it, or one that is made now."""
    ready = [each for each in keys.signers if each.key not in history.ever]
    fitting = next((each for each in ready if isinstance(each, CommandSigner) is command), None)
    if fitting is not None:
        return keys, fitting
    if command:
        raise NoNewKey
    return keys.with_new()


def _place(keys: SigningKeys, key: VerifierKey) -> str | None:
    return "command" if isinstance(keys.signer(key), CommandSigner) else keys.place(key)
