"""All keys of an archive as one signer: every checkpoint carries a signature of each key that is in force.

Which are, the events say (`domain.keys.history`), so that a change of keys takes effect with the event that records it,
on every machine, and never by half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.disk.durable import replace
from adapters.keys.key_folder import KeySigner, SigningKeys
from adapters.keys.signing import verifier_of
from domain.errors import IntegrityFault, Unavailable
from domain.event import Event
from domain.keys.events import KeyEvent, keys_stream
from domain.keys.history import KeyHistory, fold
from domain.ledger.note import Note, Signature, VerifierKey, parse_vkey
from domain.ports.events import EventStore


class SigningKeyMissing(Unavailable):
    """A checkpoint that lacks a signature is not published: who trusts that key alone could not check it."""

    code = "signing_key_missing"
    zh = "本机没有正在使用的签名密钥 {key}。"
    en = "The signing key {key}, which is in force, is not on this machine."
    next_zh = (
        "记录照常保存，账本暂停签署。请把密钥文件放回密钥目录，或设好签名命令；多台服务器时把整个密钥目录复制过来。"
        "密钥确已丢失时，见说明“密钥”。"
    )
    next_en = (
        "Records are filed as usual; the ledger signs nothing. Put the key file back into the key folder, or set the"
        " signing command; where there are several servers, copy the whole folder. For a key that is lost for good,"
        " see the page “keys”."
    )

    def __init__(self, key: VerifierKey) -> None:
        super().__init__(key=key.key_id.hex())


class KeyRing:
    """`domain.ports.ledger.Signer` with as many keys as are in force. ``load`` reads the key folder again: another
    process may have changed it."""

    def __init__(self, keys: SigningKeys, events: EventStore, load: Callable[[], SigningKeys] | None = None) -> None:
        self.keys = keys
        self.name = keys.name
        self._events = events
        self._load = load
        self._seen: list[Event] = []
        self._history = fold(keys.anchors, (), verifier_of)

    def __repr__(self) -> str:
        return f"KeyRing({self.keys.known()!r})"

    def use(self, keys: SigningKeys) -> None:
        """Go on with these: the key folder was changed."""
        self.keys, self._seen = keys, []
        self._history = fold(keys.anchors, (), verifier_of)

    def _read_again(self) -> None:
        if self._load is not None:
            self.keys = self._load()

    # ── which keys ──────────────────────────────────────────────────────────────────────────────────────────────

    def history(self) -> KeyHistory:
        """As the events say now."""
        seen = self._seen
        new = self._events.stream(keys_stream(self.name), after=len(seen))
        if new:
            self._read_again()
            seen = [*seen, *new]
            acts = (event for event in seen if isinstance(event, KeyEvent))
            self._history, self._seen = fold(self.keys.anchors, acts, verifier_of), seen
        return self._history

    def known(self) -> tuple[VerifierKey, ...]:
        """Every key whose signature is taken for this log's own: as the events say, or the key folder alone."""
        with suppress(Unavailable, IntegrityFault):
            self.history()  # another process may have changed keys, and signed with them
        return tuple(dict.fromkeys([*self.keys.known(), *self._history.ever]))

    @property
    def key(self) -> VerifierKey:
        """The newest key in force."""
        return parse_vkey(self.vkey())

    def vkeys(self) -> tuple[str, ...]:
        """The keys in force, the newest first."""
        try:
            history = self.history()
        except (Unavailable, IntegrityFault):
            if len(self.keys.known()) > 1 and not self._seen:
                raise
            history = self._history  # nothing here speaks of another key, or it is what was true a moment ago
        return tuple(key.encode() for key in history.now)

    def vkey(self) -> str:
        """The newest key in force: who takes a key only now should take this one."""
        return self.vkeys()[0]

    # ── signing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def signers(self, keys: Sequence[VerifierKey]) -> list[KeySigner]:
        """Raises `SigningKeyMissing`."""
        if any(self.keys.signer(key) is None for key in keys):
            self._read_again()
        signers = []
        for key in keys:
            signer = self.keys.signer(key)
            if signer is None:
                raise SigningKeyMissing(key)
            signers.append(signer)
        return signers

    def sign(self, message: bytes) -> bytes:
        """With the key that `vkey` names."""
        return self.signers(self.history().now[:1])[0].sign(message)

    def sign_note(self, text: str, size: int | None = None) -> str:
        """Signed with each key that is in force: at that tree size, or from now on. The oldest comes first."""
        history = self.history()
        keys = history.now if size is None else history.at(size)
        message = text.encode()
        lines = [Signature(each.name, each.key.key_id, each.sign(message)) for each in self.signers(keys[::-1])]
        return Note(text, tuple(lines)).encode()


def announced(vkeys: Iterable[VerifierKey]) -> bytes:
    """The public file ``vkey``: a line for each key in force, the newest first."""
    return "".join(f"{key.encode()}\n" for key in vkeys).encode()


class Announcer:
    """Writes the public file ``vkey`` anew when the keys have changed, before the first checkpoint that they sign."""

    def __init__(self, ring: KeyRing, path: Path, staging: Path) -> None:
        self._ring, self._path, self._staging = ring, path, staging
        self._written: bytes | None = None

    def __call__(self, size: int) -> None:
        history = self._ring.history()
        if not history.acts:  # the file is that of `init`: nobody has a reason to touch it
            return
        data = announced(history.at(size))
        if data != self._written:
            replace(self._path, data, staging=self._staging)
            self._written = data
