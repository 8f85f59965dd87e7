"""What we make now, other people's Go packages read: receipts, notes, cosignatures, proofs, policies."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from domain.access import SYSTEM
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.cosignature import Cosignature, signed_message
from domain.ledger.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, Signature, VerifierKey, parse_note
from domain.ledger.policy import Group, Known, Policy
from domain.ledger.proof import parse_proof
from domain.ledger.receipt import encode_receipt
from domain.ledger.tree import consistency_proof, inclusion_proof
from tests.fakes import lecture
from tests.http_world import HERE, make_world
from tests.interop import programs
from tests.interop.logs import grow, log_at
from tests.interop.questions import asked, ours
from tests.ledger_world import World

SIZE = 300
NOW = 1_700_000_000


class Witness(NamedTuple):
    key: VerifierKey
    secret: Any

    def cosign(self, text: str, time: int = NOW) -> str:
        said = Cosignature(time, self.secret.sign(signed_message(self.key, time, text)))
        return Signature(self.key.name, self.key.key_id, said.blob()).line()


def witness(name: str, kind: int = COSIGNATURE_ED25519) -> Witness:
    secret: Any = (Ed25519PrivateKey if kind == COSIGNATURE_ED25519 else MLDSA44PrivateKey).generate()
    return Witness(VerifierKey(name, kind, secret.public_key().public_bytes_raw()), secret)


EAST, WEST = witness("east.example/w"), witness("west.example/w")
LATTICE = witness("lattice.example/w", COSIGNATURE_ML_DSA_44)


@pytest.fixture(scope="module")
def program() -> Path:
    return programs.interop()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = log_at(tmp_path_factory.mktemp("ours"))
    for size in (1, 17, 256, SIZE):
        grow(made, size)
    yield made
    made.close()


def both(program: Path, questions: list[dict[str, Any]], good: bool) -> None:
    """Go and we say alike, of each."""
    for question, go in zip(questions, asked(program, questions), strict=True):
        we = ours(question)
        assert (go["ok"], we["ok"]) == (good, good), (question, go, we)


def keys(log: World, *witnesses: Witness) -> list[str]:
    return [log.signer.signer.vkey(), *(each.key.encode() for each in witnesses)]


def cosigned(log: World, *witnesses: Witness) -> str:
    note = log.ledger.checkpoint()
    return note + "".join(each.cosign(parse_note(note).text) for each in witnesses)


def receipt(log: World, index: int, note: str) -> tuple[bytes, bytes]:
    """The file, and the leaf hash of its event."""
    leaf = log.ledger.leaves(index, 1)[0]
    [row] = log.events.rows(leaf.position - 1, 1)
    proof = inclusion_proof(index, SIZE, log.ledger.range_hash)
    made = encode_receipt(row.id, row.version, row.topic, row.state, index=index, hashes=proof, checkpoint=note)
    return made.encode(), leaf.hash


def policy(log: World, *witnesses: Witness, least: int) -> bytes:
    known = {f"w{n}": Known(each.key, f"https://{each.key.name}/") for n, each in enumerate(witnesses)}
    group = {"g": Group(least, tuple(known))}
    return Policy("g", (Known(log.signer.signer.key),), known, group).encode()


@pytest.mark.parametrize("witnesses", [(), (EAST,), (LATTICE,), (EAST, WEST, LATTICE)])
def test_checkpoints(program: Path, log: World, witnesses: tuple[Witness, ...]) -> None:
    """With our signature alone, and with those of witnesses, who and when."""
    question = {"kind": "note", "text": cosigned(log, *witnesses).encode(), "keys": keys(log, *witnesses)}
    both(program, [question], good=True)
    [go] = asked(program, [question])
    assert {(each["name"], each.get("time", 0)) for each in go["signers"]} == {
        (log.signer.origin, 0),
        *((each.key.name, NOW) for each in witnesses),
    }
    assert (go["size"], go["root"]) == (SIZE, b64encode(log.ledger.root(SIZE)).decode())


def test_receipts(program: Path, log: World) -> None:
    """Of events all over the log, cosigned, under a policy; index and event as we wrote them."""
    note = cosigned(log, EAST, LATTICE)
    files = [receipt(log, index, note) for index in (0, 1, 16, 17, 255, 256, 298, 299)]
    common = {"kind": "tlog-proof", "keys": keys(log, EAST, LATTICE), "policy": policy(log, EAST, LATTICE, least=2)}
    questions = [{**common, "text": text, "leaf": leaf} for text, leaf in files]
    both(program, questions, good=True)
    for (text, _), go in zip(files, asked(program, questions), strict=True):
        proof = parse_proof(text)
        assert (go.get("index", 0), go["extra"]) == (proof.index, b64encode(proof.extra or b"").decode())


def respelt(text: bytes, changed: bytes) -> bool:
    """Whether the line that differs still stands for the same bytes: of 64 bytes, base64 uses but two bits of the
    last character, and Go reads any character that has these two (`encoding/base64`, not `Strict`)."""
    [(was, now)] = [two for two in zip(text.splitlines(), changed.splitlines(), strict=True) if two[0] != two[1]]
    try:
        return b64decode(was.split(b" ")[-1], validate=True) == b64decode(now.split(b" ")[-1], validate=True)
    except ValueError:
        return False


def test_receipts_that_were_spoilt(program: Path, log: World) -> None:
    """Any character of the proof or of its checkpoint changed, the wrong leaf, a quorum that is not met. We refuse
    every one; Go accepts one that spells the same bytes differently, and no other."""
    random = Random(5)
    common: dict[str, Any] = {"kind": "tlog-proof", "keys": keys(log, EAST)}
    text, leaf = receipt(log, 130, cosigned(log, EAST))
    spoilt: list[dict[str, Any]] = []
    for at in range(text.index(b"index "), len(text)):
        others = [c for c in b"AZaz09+/=- \n" if c != text[at]]
        for other in others if text[at + 1 : at + 2] == b"=" else random.sample(others, 1):
            changed = text[:at] + bytes([other]) + text[at + 1 :]
            spoilt.append({**common, "text": changed, "leaf": leaf, "policy": policy(log, EAST, least=1)})
    assert not any(ours(question)["ok"] for question in spoilt)
    accepted = [q["text"] for q, go in zip(spoilt, asked(program, spoilt), strict=True) if go["ok"]]
    assert all(respelt(text, changed) for changed in accepted), accepted
    questions = [
        {**common, "text": text, "leaf": log.ledger.leaves(131, 1)[0].hash},
        {**common, "text": text, "leaf": leaf, "policy": policy(log, EAST, WEST, least=2)},
        {**common, "text": text, "leaf": leaf, "keys": [WEST.key.encode()]},
        {**common, "text": text, "leaf": leaf, "keys": keys(log, EAST)[1:]},
    ]
    both(program, questions, good=False)


def test_a_receipt_of_a_long_record(program: Path, tmp_path: Path) -> None:
    """200 KB of text: `golang.org/x/mod` verifies it. The package for this format reads no line beyond 64 KiB;
    it gets a copy without the line of the event, which the format does not ask for."""
    world = make_world(tmp_path / "archive")
    house = world.house
    body = "大家围绕立行立改谈了认识。" * 5_200
    assert len(body.encode()) > 200_000
    record = house.archive.file(SYSTEM, lecture(organisation=HERE, body=body)).record
    world.catch_up()
    text = house.receipts.one(SYSTEM, record.code)
    leaf = house.ledger.leaf_of(record.id, 1)
    assert leaf is not None and len(text) > 250_000
    short = re.sub("^extra .*\n", "", text, flags=re.MULTILINE)
    common = {"leaf": leaf.hash, "keys": [house.signer.vkey()]}
    ways = [(kind, each.encode()) for kind in ("bare tlog-proof", "tlog-proof") for each in (text, short)]
    answers = asked(program, [{**common, "kind": kind, "text": each} for kind, each in ways])
    assert [each["ok"] for each in answers] == [True, True, False, True], answers
    assert b64decode(answers[0]["extra"]) == parse_proof(text.encode()).extra
    assert all(ours({**common, "kind": "tlog-proof", "text": each.encode()})["ok"] for each in (text, short))
    other = {**common, "leaf": house.ledger.leaves(0, 1)[0].hash, "kind": "bare tlog-proof", "text": text.encode()}
    assert not asked(program, [other])[0]["ok"]
    house.close()


def test_policies(program: Path, log: World) -> None:
    """Our policies are read, and met by the same cosignatures."""
    everybody = (EAST, WEST, LATTICE)
    for least in (1, 2, 3):
        for present in ((), (EAST,), (EAST, LATTICE), everybody):
            question = {
                "kind": "policy",
                "policy": policy(log, *everybody, least=least),
                "text": cosigned(log, *present).encode(),
            }
            both(program, [question], good=len(present) >= least)


def test_proofs(program: Path, log: World) -> None:
    """Of inclusion and of consistency, between any two sizes of the log."""
    random, questions = Random(7), []
    root, hash_of = log.ledger.root, log.ledger.range_hash
    for _ in range(150):
        size = random.randint(1, SIZE)
        index, old = random.randrange(size), random.randint(1, size)
        leaf = log.ledger.leaves(index, 1)[0].hash
        where = {"kind": "inclusion", "index": index, "size": size, "leaf": leaf, "root": root(size)}
        questions.append({**where, "hashes": inclusion_proof(index, size, hash_of)})
        where = {"kind": "consistency", "index": old, "size": size, "old_root": root(old), "root": root(size)}
        questions.append({**where, "hashes": consistency_proof(old, size, hash_of)})
    both(program, questions, good=True)
    for question in questions:
        question["root"] = bytes(32)
    both(program, questions, good=False)


def test_a_note_of_any_text(program: Path, log: World) -> None:
    """Extension lines and a large size; and a cosignature of the wrong checkpoint."""
    signer = log.signer.signer
    for extra in ((), ("one", "two 三")):
        note = signer.sign_note(Checkpoint(signer.name, 2**63 - 1, bytes(32), extra).text())
        good = note + EAST.cosign(parse_note(note).text)
        wrong = note + EAST.cosign(parse_note(cosigned(log)).text)
        both(program, [{"kind": "note", "text": good.encode(), "keys": keys(log, EAST)}], good=True)
        both(program, [{"kind": "note", "text": wrong.encode(), "keys": keys(log, EAST)}], good=False)
