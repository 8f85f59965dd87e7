"""Signed checkpoints: the published one, the one signed last, and all that were kept. They anchor everything else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.evidence.questions import LedgerEvidence, PublishedFiles
from adapters.keys.signing import verifier_of
from adapters.ledger.publisher import CHECKPOINT
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import VerifierKey, open_note
from operations.verify.findings import Verification
from operations.verify.keys import LedgerKeys, OutOfForce
from operations.verify.walk import TreeWalk

LAST_SIGNED = "keys/last-signed"
WITNESS_SAW = "keys/witness-saw"


class Take(Protocol):
    def __call__(self, data: bytes | str, name: str, known: bool = True) -> Checkpoint | None:
        """Open a checkpoint; says what is wrong with one that is known to have been there."""
        ...


@dataclass(frozen=True)
class Anchors:
    """What is known to be signed. ``roots`` maps each signed size to the root that was signed for it."""

    roots: dict[int, bytes]
    kept: set[int]  # sizes of the checkpoints recorded in the ledger's database: their publication was completed
    published: int  # size of the published checkpoint; that of the newest where it does not open
    since: Checkpoint | None  # what the caller kept

    @property
    def size(self) -> int:
        return max(self.roots, default=0)


def read_anchors(
    result: Verification,
    ledger: LedgerEvidence,
    ends: Sequence[int],
    published: PublishedFiles,
    last_signed: Path,
    keys: LedgerKeys,
    since: str | None,
    witnesses: Collection[VerifierKey] = (),
) -> Anchors:
    """Opens every signed checkpoint there is, reports those that do not open, and those that contradict each other.

    ``ends`` are the sizes at which batches end; each has its checkpoint, but for one that is about to be published.
    """
    roots: dict[int, bytes] = {}
    kept: set[int] = set()

    def take(data: bytes | str, name: str, known: bool = True) -> Checkpoint | None:
        try:
            checkpoint = keys.open(data)
        except OutOfForce as error:
            key = error.key.key_id.hex()
            result.add(
                "unauthorised",
                "checkpoint",
                f"检查点 {name}（{error.size} 条）由密钥 {key} 签发，这个密钥当时不在使用中：它可能被盗用。",
                f"The checkpoint {name} of {error.size} leaves is signed with the key {key}, which was not in force: it"
                " may be stolen.",
                file=name,
            )
            return None
        except InvalidNote as error:
            if not known:
                return None
            result.add(
                "altered",
                "checkpoint",
                f"检查点 {name} 已不是签署时的内容：{error.params['problem_zh']}。",
                f"The checkpoint {name} is not what was signed: {error.params['problem_en']}.",
                file=name,
            )
            return None
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            result.add(
                "forked",
                "checkpoint",
                f"{name}：同一大小 {checkpoint.size} 有两个都签了名、根却不同的检查点，历史被改写后重新签过名。",
                f"{name}: two signed checkpoints of size {checkpoint.size} have different roots: history was rewritten"
                " and signed again.",
                file=name,
            )
        return checkpoint

    newest_kept = _kept(ledger, ends, take, kept, result)
    _, last = _file(lambda: _read(last_signed), LAST_SIGNED, bool(kept), take, result)
    _file(lambda: _read(last_signed.with_name("witness-saw")), WITNESS_SAW, False, take, result)
    data, current = _file(lambda: published.read(CHECKPOINT), CHECKPOINT, bool(kept), take, result)

    if current is not None:
        _cosigned(data or b"", [*keys.at(current.size), *witnesses], result)

    newest = max(roots, default=0)
    if current is not None and current.size < max(kept, default=0):
        result.add(
            "rolled back",
            "checkpoint",
            f"公布的检查点是旧的（{current.size} 条），此前已公布到 {max(kept)} 条。",
            f"The published checkpoint is an old one ({current.size} leaves); {max(kept)} were published before.",
            file=CHECKPOINT,
        )
    elif current is not None and newest_kept is not None and current.size == newest_kept[0]:
        _compare(data or b"", newest_kept[1], result)
    if last is not None and last.size < newest:
        result.add(
            "rolled back",
            "checkpoint",
            f"签署记录停在 {last.size} 条，而签过名的检查点已到 {newest} 条。",
            f"The note of what was signed last stands at {last.size} leaves, but {newest} were signed.",
            file=LAST_SIGNED,
        )
    published_size = newest if current is None else current.size
    mine = None if since is None else keys.open(since)  # the caller's own input: it may raise
    return Anchors(roots, kept, published_size, mine)


def matches(walk: TreeWalk, anchors: Anchors) -> bool:
    """Whether every signed root is that of the tree."""
    return all(walk.roots.get(size) == root for size, root in anchors.roots.items() if size <= walk.size)


def _kept(
    ledger: LedgerEvidence, ends: Sequence[int], take: Take, kept: set[int], result: Verification
) -> tuple[int, str] | None:
    newest, all_ends = None, frozenset(ends)
    for size, note in ledger.checkpoints():
        name, known = f"{ledger.name}:checkpoints/{size}", size in all_ends
        checkpoint = take(note if isinstance(note, bytes | str) else b"", name, known)
        if checkpoint is not None and checkpoint.size == size:
            newest = (size, note)
        elif not known:
            result.add("inserted", "checkpoint", f"多出检查点 {name}。", f"{name} does not belong there.", file=name)
            continue
        elif checkpoint is not None:
            result.add(
                "altered",
                "checkpoint",
                f"保存的检查点 {name} 内容是 {checkpoint.size} 条的。",
                f"The kept checkpoint {name} is that of {checkpoint.size} leaves.",
                file=name,
            )
        kept.add(size)
    completed = max(kept, default=0)
    for size in ends:
        if size not in kept and size < completed:
            name = f"{ledger.name}:checkpoints/{size}"
            result.add("deleted", "checkpoint", f"检查点 {name} 不见了。", f"{name} is missing.", file=name)
            kept.add(size)  # its tiles were published
    return newest


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _file(
    read: Callable[[], bytes | None], name: str, required: bool, take: Take, result: Verification
) -> tuple[bytes | None, Checkpoint | None]:
    try:
        data = read()
    except OSError as error:
        result.add("altered", "checkpoint", f"检查点 {name} 读不出。", f"{name} cannot be read: {error}.", file=name)
        return None, None
    if data is not None:
        return data, take(data, name)
    if required:
        result.add("deleted", "checkpoint", f"检查点 {name} 不见了。", f"The checkpoint {name} is missing.", file=name)
    return None, None


def _cosigned(data: bytes, keys: Collection[VerifierKey], result: Verification) -> None:
    """A line of a witness that the policy names must be its cosignature of this very text; others are nobody's."""
    try:
        open_note(data, map(verifier_of, keys))
    except InvalidNote as error:
        result.add(
            "altered",
            "checkpoint",
            f"公布的检查点里有见证方的签名被改动：{error.params['problem_zh']}。",
            f"A cosignature of the published checkpoint was altered: {error.params['problem_en']}.",
            file=CHECKPOINT,
        )


def _compare(data: bytes, kept: str, result: Verification) -> None:
    """A signature of another key may be added to a checkpoint later, but our text and signature stay."""
    if not data.startswith(kept.encode()) and not any(f.file == CHECKPOINT for f in result.findings):
        result.add(
            "altered",
            "checkpoint",
            "公布的检查点与签署时留存的不同。",
            "The published checkpoint differs from the one kept when it was signed.",
            file=CHECKPOINT,
        )
