"""Receipts of every kind with policies of every kind: what the command and the browser's page must say alike.

Each vector is the bytes of a receipt and of a policy. Chance is seeded, so that a run repeats the one before; only the
time of the ML-DSA key changes, and its signatures are not among them: browsers have no arithmetic for it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import Ed25519Signer, verifier_of
from api.common.receipts import read_policy
from domain.errors import JianzhengError
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.completeness import Statement, encode_completeness
from domain.ledger.cosignature import Cosignature, signed_message
from domain.ledger.entry import entry
from domain.ledger.note import COSIGNATURE_ED25519, Signature, VerifierKey
from domain.ledger.policy import Group, Known, Policy, of_one_log
from domain.ledger.receipt import encode_receipt
from domain.ledger.tree import inclusion_proof, leaf_hash, root_of
from domain.proofs.judging import judge

FLIPS = 120
TOPIC = "jianzheng:record.filed"
TITLE = "专题党课：从历史中汲取力量"
FILE = "签到表".encode()


class Vector(NamedTuple):
    name: str
    receipt: bytes
    policy: bytes


class Answer(NamedTuple):
    """``code`` is empty where it holds; ``readable`` says whether the file could be read at all."""

    code: str
    readable: bool


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = Ed25519Signer("archive.example/log", key(1))
OTHER = Ed25519Signer("archive.example/other", key(2))
IMPOSTOR = Ed25519Signer("archive.example/log", key(3))
WITNESSES = {name: key(10 + n) for n, name in enumerate("abc")}
KEYS = {
    name: VerifierKey(f"witness.example/{name}", COSIGNATURE_ED25519, private.public_key().public_bytes_raw())
    for name, private in WITNESSES.items()
}
KNOWN = {name: Known(found) for name, found in KEYS.items()}
ALONE = of_one_log(LOG.vkey()).encode()
TWO_OF_THREE = Policy("two", (Known(LOG.key),), KNOWN, {"two": Group(2, ("a", "b", "c"))}).encode()

RECORD = UUID(int=7)


def state(n: int) -> bytes:
    said = {"recorded_at": "2023-05-04T04:00:00.000000+00:00", "actor": "clerk", "salt": f"{n:032x}"}
    said |= {"code": "school-01-2023-0001", "organisation": "school-01", "content": {"title": TITLE}}
    said |= {"files": [{"name": "签到表.txt", "sha256": _digest(FILE), "size": len(FILE)}], "late": False}
    return json.dumps(said, ensure_ascii=False).encode()


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


STATES = [state(n) for n in range(40)]
LEAVES = [leaf_hash(entry(RECORD, n + 1, TOPIC, STATES[n])) for n in range(40)]


def note(size: int, signer: Ed25519Signer = LOG, extensions: tuple[str, ...] = ()) -> str:
    return signer.sign_note(Checkpoint(signer.name, size, root_of(LEAVES[:size]), extensions).text())


def cosigned(whole: str, *names: str, time: int = 1_700_000_000) -> str:
    text = whole.rpartition("\n\n")[0] + "\n"
    for name in names:
        signature = WITNESSES[name].sign(signed_message(KEYS[name], time, text))
        whole += Signature(KEYS[name].name, KEYS[name].key_id, Cosignature(time, signature).blob()).line()
    return whole


def receipt(index: int, size: int, checkpoint: str | None = None) -> str:
    hashes = inclusion_proof(index, size, lambda start, end: root_of(LEAVES[start:end]))
    return encode_receipt(
        RECORD, index + 1, TOPIC, STATES[index], index=index, hashes=hashes, checkpoint=checkpoint or note(size)
    )


def complete(size: int, leaves: Sequence[int] | None = None, checkpoint: str | None = None, origin: str = "") -> str:
    said = Statement(origin or LOG.name, RECORD, size, root_of(LEAVES[:size]), tuple(leaves or range(size)))
    return encode_completeness(LOG.sign_note(said.text()), [receipt(n, size, checkpoint) for n in range(size)])


def vectors() -> Iterator[Vector]:
    for size in (1, 2, 3, 7, 8, 21, 40):
        for index in sorted({0, 1, size // 2, size - 1} & set(range(size))):
            yield Vector(f"sound {index} of {size}", receipt(index, size).encode(), ALONE)
    yield Vector("a key for a policy", receipt(3, 8).encode(), LOG.vkey().encode() + b"\n")
    both_keys = f"{OTHER.vkey()}\n{LOG.vkey()}\n".encode()
    yield Vector("keys for a policy", receipt(3, 8).encode(), both_keys)
    yield Vector("a key and a word", receipt(3, 8).encode(), both_keys + b"quorum none\n")
    yield Vector("extension lines", receipt(3, 8, note(8, extensions=("more", "还有"))).encode(), ALONE)
    yield from _of_checkpoints()
    yield from _of_witnesses()
    yield from _spelled()
    yield from _policies()
    yield from _complete()
    chance, sound = Random(7), receipt(3, 8, cosigned(note(8), "a", "b")).encode()
    for n in range(FLIPS):
        altered = bytearray(sound)
        altered[chance.randrange(len(sound))] ^= chance.randrange(1, 256)
        yield Vector(f"flipped {n}", bytes(altered), TWO_OF_THREE)


def _of_checkpoints() -> Iterator[Vector]:
    whole = note(8)
    both = Policy("none", (Known(LOG.key), Known(OTHER.key)))
    others = OTHER.sign_note(Checkpoint(LOG.name, 8, root_of(LEAVES[:8])).text())
    for name, checkpoint in (
        ("another log's", note(8, OTHER)),
        ("an impostor's", note(8, IMPOSTOR)),
        ("signed twice", whole + whole.splitlines()[-1] + "\n"),
        ("a stranger besides", whole + note(8, OTHER).splitlines()[-1] + "\n"),
        ("of another size", note(9)),
        ("not ended", whole[:-1]),
        ("no signature", whole.rpartition("\n\n")[0] + "\n"),
        ("windows", whole.replace("\n", "\r\n")),
        ("size 08", whole.replace("\n8\n", "\n08\n")),
        ("control character", whole.replace("archive", "arch\x07ive")),
        ("101 signatures", whole + whole.splitlines()[-1].join(("", "\n")) * 100),
        ("another dash", whole.replace("— ", "- ")),
    ):
        yield Vector(f"checkpoint: {name}", receipt(3, 8, checkpoint).encode(), ALONE)
    yield Vector("one log speaks for another", receipt(3, 8, others).encode(), both.encode())
    yield Vector("either of two logs", receipt(3, 8).encode(), both.encode())


def _of_witnesses() -> Iterator[Vector]:
    whole = note(8)
    for name, checkpoint in (
        ("none", whole),
        ("one", cosigned(whole, "a")),
        ("two", cosigned(whole, "a", "c")),
        ("three", cosigned(whole, "a", "b", "c")),
        ("one twice", cosigned(cosigned(whole, "a"), "a", time=1_700_000_001)),
        ("time zero", cosigned(whole, "a", "b", time=0)),
        ("time too late", cosigned(whole, "a", "b", time=2**63)),
        ("moved", whole + "".join(f"{line}\n" for line in cosigned(note(9), "a", "b").splitlines()[-2:])),
    ):
        yield Vector(f"witnesses: {name}", receipt(3, 8, checkpoint).encode(), TWO_OF_THREE)


def _spelled() -> Iterator[Vector]:
    """The proof and its event, spelled otherwise."""
    text = receipt(3, 8)
    head, _, rest = text.partition("index 3\n")
    first = rest.partition("\n")[0]

    def event(**other: object) -> str:
        said = {"id": str(RECORD), "state": b64encode(STATES[3]).decode(), "topic": TOPIC, "v": 1, "version": 4}
        spelled = json.dumps(dict(sorted((said | other).items())), ensure_ascii=False, separators=(",", ":"))
        extra = b64encode(spelled.encode("utf-8", "surrogatepass")).decode()
        return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 3\n{rest}"

    for name, said in (
        ("empty", ""),
        ("header", text.replace("@v1", "@v2", 1)),
        ("no event", f"c2sp.org/tlog-proof@v1\nindex 3\n{rest}"),
        ("index 03", f"{head}index 03\n{rest}"),
        ("index 4", f"{head}index 4\n{rest}"),
        ("index 8", f"{head}index 8\n{rest}"),
        ("index beyond", f"{head}index 9223372036854775808\n{rest}"),
        ("hash left out", text.replace(first + "\n", "", 1)),
        ("hash twice", text.replace(first + "\n", f"{first}\n{first}\n", 1)),
        ("hash too short", text.replace(first, b64encode(bytes(31)).decode(), 1)),
        ("hash not canonical", text.replace(first, first[:-2] + "B=", 1)),
        ("64 hashes", text.replace(first + "\n", f"{first}\n" * 64, 1)),
        ("the same event", event()),
        ("another id", event(id=str(UUID(int=8)))),
        ("id in capitals", event(id="ABCDEFAB-0000-0000-0000-000000000007")),
        ("v 2", event(v=2)),
        ("version as text", event(version="4")),
        ("version with a point", event(version=4.0)),
        ("version too large", event(version=2**60)),
        ("version true", event(version=True)),
        ("topic a number", event(topic=1)),
        ("topic with half a pair", event(topic="\ud800")),
        ("topic with quotes", event(topic='a"\\\u2028\x7f/é')),
        ("state empty", event(state="")),
        ("state spelled otherwise", event(state=b64encode(STATES[3]).decode() + "\n")),
        ("a member more", event(zz=1)),
        ("byte order mark", "\ufeff" + text),
    ):
        yield Vector(f"spelled: {name}", said.encode(), ALONE)
    yield Vector("spelled: not UTF-8", text.encode() + b"\xff", ALONE)
    yield Vector("spelled: JSON", b"{}", ALONE)
    yield Vector("spelled: null", b" {null", ALONE)


def _policies() -> Iterator[Vector]:
    sound, witnessed = receipt(3, 8).encode(), receipt(3, 8, cosigned(note(8), "a", "b")).encode()
    log, vkeys = f"log {LOG.vkey()}\n", {name: found.encode() for name, found in KEYS.items()}
    a, b = (f"witness {name} {vkeys[name]}\n" for name in "ab")
    for name, said in (
        ("comments and blanks", f"# 注释\n\n \t log  {LOG.vkey()}\thttps://x.example \nquorum none\n"),
        ("no quorum", log),
        ("two quorums", f"{log}quorum none\nquorum none\n"),
        ("not ended", f"{log}quorum none"),
        ("unknown word", f"{log}trust me\nquorum none\n"),
        ("prototype", f"{log}constructor x\nquorum none\n"),
        ("carriage return", f"{log}quorum none\r\n"),
        ("empty", ""),
        ("no log", "quorum none\n"),
        ("log twice", f"{log}{log}quorum none\n"),
        ("a witness's key for a log", f"log {vkeys['a']}\nquorum none\n"),
        ("a log's key for a witness", f"{log}witness a {LOG.vkey()}\nquorum a\n"),
        ("wrong id", f"log {LOG.vkey().replace('+', '+0', 1)}\nquorum none\n"),
        ("one witness", f"{log}{a}quorum a\n"),
        ("any", f"{log}{a}{b}group g any a b\nquorum g\n"),
        ("all", f"{log}{a}{b}group g all a b\nquorum g\n"),
        ("group of groups", f"{log}{a}{b}group g all a\ngroup h 2 g b\nquorum h\n"),
        ("group before", f"{log}{a}group h 1 g\ngroup g 1 a\nquorum h\n"),
        ("a member twice", f"{log}{a}group g 1 a a\nquorum g\n"),
        ("in two groups", f"{log}{a}group g 1 a\ngroup h 1 a\nquorum g\n"),
        ("threshold 0", f"{log}{a}group g 0 a\nquorum g\n"),
        ("threshold 3", f"{log}{a}{b}group g 3 a b\nquorum g\n"),
        ("threshold 01", f"{log}{a}group g 01 a\nquorum g\n"),
        ("named none", f"{log}witness none {vkeys['a']}\nquorum none\n"),
        ("quorum of nobody", f"{log}{a}quorum b\n"),
        ("names in bytes", f"{log}witness 甲 {vkeys['a']}\nquorum 甲\n"),
    ):
        yield Vector(f"policy: {name}", witnessed, said.encode())
    yield Vector("policy: a key that is none", sound, b"archive+00+AA\n")


def _complete() -> Iterator[Vector]:
    yield Vector("complete", complete(5).encode(), ALONE)
    yield Vector("complete: one", complete(1).encode(), ALONE)
    yield Vector("complete: witnessed", complete(5, checkpoint=cosigned(note(5), "a", "b")).encode(), TWO_OF_THREE)
    yield Vector("complete: not witnessed", complete(5).encode(), TWO_OF_THREE)
    yield Vector("complete: says less", complete(5, [0, 1, 2, 3]).encode(), ALONE)
    yield Vector("complete: another checkpoint", complete(5, checkpoint=note(6)).encode(), ALONE)
    yield Vector("complete: another log", complete(5, origin="archive.example/x").encode(), ALONE)
    said = json.loads(complete(5))
    for name, other in (
        ("events left out", {"receipts": said["receipts"][:-1]}),
        ("no events", {"receipts": []}),
        ("in another order", {"receipts": said["receipts"][::-1]}),
        ("an event twice", {"receipts": [*said["receipts"][:-1], said["receipts"][0]]}),
        ("not a list", {"receipts": "x"}),
        ("not texts", {"receipts": [1]}),
        ("another format", {"format": "x"}),
        ("a member more", {"x": 1}),
        ("statement altered", {"statement": said["statement"].replace("0 1 2", "0 1 3")}),
        ("statement signed by another", {"statement": OTHER.sign_note(said["statement"].partition("\n\n")[0] + "\n")}),
        ("a checkpoint for a statement", {"statement": note(5)}),
        ("a line more", {"statement": said["statement"].replace("\n\n", "\nmore\n\n", 1)}),
        ("an event altered", {"receipts": [said["receipts"][0].replace("index 0", "index 1"), *said["receipts"][1:]]}),
    ):
        yield Vector(f"complete: {name}", json.dumps(said | other).encode(), ALONE)


def python_says(vector: Vector) -> Answer:
    """What the command says."""
    try:
        policy = read_policy(vector.policy)
    except JianzhengError:
        return Answer("policy", readable=False)
    try:
        found = judge(vector.receipt, policy, verifier_of)
    except JianzhengError as error:
        return Answer(error.code, readable=False)
    return Answer("" if found.error is None else found.error.code, readable=True)
