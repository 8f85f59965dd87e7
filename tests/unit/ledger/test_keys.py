"""The history of a ledger's keys: which acts hold, and which keys are in force at which tree size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import Ed25519Signer, verifier_of
from domain.audit import audit, fits_alone
from domain.errors import NotAllowed
from domain.keys.events import KeyEvent, KeyRotated, keys_stream
from domain.keys.history import MOST_IN_FORCE, fold, statement
from domain.keys.keeping import KeyActRefused, KeyKeeping
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import Note, Signature
from tests.fakes import NOON, SHANGHAI, Chance, MemoryEvents, stamp
from tests.unit.test_audit import School

ORIGIN = "archive.example/log"
A, B, C = (Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2, 3))


class Keeping:
    """The use cases over events in memory, with the administrators of a small school."""

    def __init__(self) -> None:
        self.school = School()
        self.events = MemoryEvents()
        self.admin = self.school.actor("admin")
        self.keys = KeyKeeping(
            ORIGIN,
            events=self.events,
            directory=lambda: self.school.directory(),
            verifier_of=verifier_of,
            clock=lambda: NOON,
            entropy=Chance(),
            zone=SHANGHAI,
        )

    def history(self, *anchors):
        return self.keys.history([key.key for key in anchors or (A,)])

    def rotate(self, old=A, new=B, size=10):
        return self.keys.rotate(self.admin, [A.key], old, new, size)

    def retire(self, key=A, by=(B,), size=20, reason="到期更换"):
        return self.keys.retire(self.admin, [A.key], key.key, by, size, reason)


@pytest.fixture
def keeping() -> Keeping:
    return Keeping()


def test_a_rotation_overlaps_until_the_old_key_is_retired(keeping):
    """Each tree size has its keys, the newest first; what was signed before stays the old key's."""
    assert keeping.history().at(10**9) == (A.key,)
    keeping.rotate()
    keeping.retire()
    history = keeping.history()
    assert [history.at(size) for size in (0, 10, 11, 20, 21)] == [
        (A.key,), (A.key,), (B.key, A.key), (B.key, A.key), (B.key,)
    ]  # fmt: skip
    assert (history.now, history.refused) == ((B.key,), ())


def test_a_successor_counts_only_for_whoever_trusts_it(keeping):
    """The lost key signed nothing: without the anchor nothing changes, and that is said."""
    keeping.keys.succeed(keeping.admin, [A.key, B.key], B, 10, "磁盘损坏")
    assert keeping.history(A, B).at(11) == (B.key,)
    assert keeping.history(A, B).at(10) == (A.key,)
    stranger = keeping.history(A)
    assert stranger.now == (A.key,)
    assert "not trusted" in stranger.refused[0].en


@pytest.mark.parametrize(
    "act",
    [
        lambda k: k.rotate(old=B, new=C),
        lambda k: k.rotate(new=A),
        lambda k: k.retire(),
        lambda k: (k.rotate(), k.retire(key=C)),
        lambda k: (k.rotate(), k.retire(by=())),
        lambda k: (k.rotate(), k.retire(by=(A,))),
        lambda k: (k.rotate(), k.retire(), k.rotate(old=B, new=A, size=30)),
        lambda k: (k.rotate(), k.retire(size=9)),
        lambda k: k.keys.succeed(k.admin, [A.key], B, 10, "磁盘损坏"),
    ],
    ids=[
        "endorsed by a stranger", "the same key again", "the only key", "a key that never was", "signed by nobody",
        "signed by the retired key", "a retired key comes back", "from before the last act", "nobody trusts it",
    ],
)  # fmt: skip
def test_what_the_rules_refuse_is_not_recorded(keeping, act):
    """The same rules by which a history is read."""
    with pytest.raises((KeyActRefused, InvalidNote)):
        act(keeping)
    assert all(isinstance(event, KeyEvent) for event in keeping.events.events)
    assert keeping.history().refused == ()


def test_only_so_many_keys_sign_together(keeping):
    """Readers of notes need not take more than sixteen signatures."""
    keys = [Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(2, 9)]
    for key in keys[: MOST_IN_FORCE - 1]:
        keeping.rotate(new=key)
    with pytest.raises(KeyActRefused, match="too many"):
        keeping.rotate(new=keys[-1])


@pytest.mark.parametrize("username", ["clerk", "secretary", "reader"])
def test_only_administrators_of_the_top_may_change_keys(keeping, username):
    """Nobody else, whatever they may do with records."""
    with pytest.raises(NotAllowed):
        keeping.keys.require(keeping.school.actor(username))
    keeping.keys.require(keeping.admin)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 201, "a\x07b"])
def test_a_reason_is_one_line_of_text(keeping, reason):
    """It becomes a line of the signed note."""
    keeping.rotate()
    with pytest.raises(Exception, match="reason"):
        keeping.retire(reason=reason)
    assert keeping.retire(reason="被盗\n用").note.count("reason 被盗 用\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"size": 11}, {"old": C.vkey()}, {"new": C.vkey()}, {"note": ""}, {"note": "x\n\n— y z\n"},
        {"originator_version": 2}, {"origin": "other.example/log"}, {"size": -1}, {"size": "10"}, {"old": 7},
        {"note": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_altered_act_changes_nothing(keeping, change):
    """Whoever administers the database can write events, and has no key to sign them with."""
    forged = replace(keeping.rotate(), **change)
    history = fold([A.key], [forged], verifier_of)
    assert history.now == (A.key,)
    assert [refused.act for refused in history.refused] == [forged]


def test_an_act_endorsed_by_the_attackers_own_key_changes_nothing(keeping):
    """It is well formed, and audit alone would believe it; the signatures decide."""
    mine = KeyRotated(
        origin=ORIGIN, size=10, old=A.vkey(), new=C.vkey(), note="", **stamp().header(keys_stream(ORIGIN), 1)
    )
    text = statement(mine)
    lines = tuple(Signature(ORIGIN, key.key.key_id, C.sign(text.encode())) for key in (A, C))
    forged = replace(mine, note=Note(text, lines).encode())
    assert audit([forged]) is None
    assert fold([A.key], [forged], verifier_of).now == (A.key,)
    half = replace(mine, note=Note(text, (Signature(ORIGIN, C.key.key_id, C.sign(text.encode())),)).encode())
    assert "not both" in fold([A.key], [half], verifier_of).refused[0].en


def test_a_statement_is_no_checkpoint(keeping):
    """A note of an act, shown as a checkpoint, is refused."""
    note = keeping.rotate().note
    with pytest.raises(InvalidNote):
        parse_checkpoint(note.rpartition("\n\n")[0] + "\n")


def test_audit_takes_possible_histories_and_names_impossible_ones(keeping):
    """Without the signatures: order, streams and shapes."""
    rotated, retired = keeping.rotate(), keeping.retire()
    assert audit([rotated, retired]) is None
    assert audit([rotated, replace(retired, key=C.vkey())]).version == 2
    assert audit([replace(rotated, origin="other.example/log")]).version == 1
    assert audit([replace(rotated, size="many")]).version == 1
    assert audit([replace(rotated, old="nonsense")]).version == 1
    assert audit([retired]).version == 2
    assert audit([replace(retired, originator_version=1)]).version == 1


def test_an_act_on_keys_is_never_judged_alone(keeping):
    """The fast pass leaves its stream to whoever has the keys."""
    stored = {name: value for name, value in vars(keeping.rotate()).items() if not name.startswith("originator")}
    assert not fits_alone(KeyRotated, keys_stream(ORIGIN).hex, 1, stored)


def test_a_history_without_acts_has_one_key():
    """As every archive begins."""
    history = fold([A.key], (), verifier_of)
    assert (history.ever, history.size) == ((A.key,), 0)
