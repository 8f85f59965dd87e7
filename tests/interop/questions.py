"""Questions to other people's Go packages (`tests/interop/answer.go`), and what we say to the same questions."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.keys.signing import verifier_of
from domain.errors import JianzhengError
from domain.ledger.errors import InvalidNote
from domain.ledger.note import ED25519, LOG_KEYS, WITNESS_KEYS, VerifierKey, parse_vkey
from domain.ledger.policy import NONE, Known, Policy, parse_policy
from domain.ledger.proof import parse_proof
from domain.ledger.tree import check_consistency, check_inclusion
from domain.ledger.trust import Trusted, open_signed, open_trusted

VECTORS = Path(__file__).parent / "vectors"
KINDS = ("proofs", "notes", "tlogproofs", "policies", "ed25519")
BYTES = ("leaf", "root", "old_root", "text", "policy", "key", "signature")

Question = Mapping[str, Any]
"""Bytes are bytes here, and base64 on the way."""


def kept(kind: str) -> list[Any]:
    """The cases that were made once; the command that made them stands in the file."""
    found = json.loads((VECTORS / f"{kind}.json").read_text("utf-8"))
    assert found["command"] == f"cd tests/interop && go run . vectors {kind} > vectors/{kind}.json"
    return list(found["cases"])


def made(program: Path, kind: str, seed: int) -> list[Any]:
    """Cases of the same shapes made now."""
    ran = subprocess.run([program, "vectors", kind, str(seed)], capture_output=True, check=True)
    return list(json.loads(ran.stdout)["cases"])


def asked(program: Path, questions: Sequence[Question]) -> list[Any]:
    """What the packages say."""
    coded = [{name: _coded(value) for name, value in question.items()} for question in questions]
    ran = subprocess.run([program, "answer"], input=json.dumps(coded).encode(), capture_output=True, check=True)
    return list(json.loads(ran.stdout))


def _coded(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return [_coded(each) for each in value] if isinstance(value, list) else value


def decoded(question: Mapping[str, Any]) -> Question:
    """A question as it stands in JSON."""
    plain = {name: b64decode(value) if name in BYTES else value for name, value in question.items()}
    return {**plain, "hashes": [b64decode(each) for each in question.get("hashes") or []]}


def ours(question: Question) -> Any:
    """What we say, in the words of the Go program. Only errors of ours are refusals."""
    try:
        return {"ok": True, **_ANSWERS[question["kind"]](question)}
    except JianzhengError as error:
        return {"ok": False, "why": error.message("en")}


def _inclusion(q: Question) -> dict[str, Any]:
    check_inclusion(q["index"], q["size"], q.get("leaf", b""), q["hashes"], q.get("root", b""))
    return {}


def _consistency(q: Question) -> dict[str, Any]:
    check_consistency(q["index"], q["size"], q["hashes"], q.get("old_root", b""), q.get("root", b""))
    return {}


def _believing(keys: Sequence[str]) -> Policy:
    """A policy that trusts the first key as the log's and the others as witnesses', and asks for none of them."""
    log, *others = keys
    known = {key: Known(parse_vkey(key, WITNESS_KEYS)) for key in others}
    return Policy(NONE, (Known(parse_vkey(log, LOG_KEYS)),), known)


def _signers(trusted: Trusted, policy: Policy) -> dict[str, Any]:
    signers = [{"name": trusted.log.name, "id": trusted.log.key_id.hex()}]
    for name, time in trusted.cosigned.items():
        key = policy.witnesses[name].key
        signers.append({"name": key.name, "id": key.key_id.hex(), "time": time})
    found = trusted.checkpoint
    return {"origin": found.origin, "size": found.size, "root": b64encode(found.root).decode(), "signers": signers}


def _note(q: Question) -> dict[str, Any]:
    policy = _believing(q["keys"])
    return _signers(open_signed(q.get("text", b""), policy, verifier_of), policy)


def _tlog_proof(q: Question) -> dict[str, Any]:
    proof, policy = parse_proof(q.get("text", b"")), _believing(q["keys"])
    trusted = open_signed(proof.checkpoint, policy, verifier_of)
    if q.get("policy"):
        open_trusted(proof.checkpoint, parse_policy(q["policy"]), verifier_of)
    check_inclusion(proof.index, trusted.checkpoint.size, q["leaf"], proof.hashes, trusted.checkpoint.root)
    extra = {} if proof.extra is None else {"extra": b64encode(proof.extra).decode()}
    return {**_signers(trusted, policy), "index": proof.index, **extra}


def _policy(q: Question) -> dict[str, Any]:
    open_trusted(q["text"], parse_policy(q.get("policy", b"")), verifier_of)
    return {}


def _ed25519(q: Question) -> dict[str, Any]:
    if not verifier_of(VerifierKey("x", ED25519, q["key"])).check(q["text"], q.get("signature", b"")):
        raise InvalidNote("签名不成立", "the signature does not verify")
    return {}


_ANSWERS = {
    "inclusion": _inclusion,
    "consistency": _consistency,
    "note": _note,
    "tlog-proof": _tlog_proof,
    "policy": _policy,
    "ed25519": _ed25519,
}
