"""Other people's Go packages and we say the same to the same files: proofs, notes, cosignatures, policies.

`golang.org/x/mod/sumdb`, `github.com/transparency-dev/{merkle,formats}`. We may be stricter, each time for a reason
that stands here; we are never laxer than the specifications. The kept vectors need no Go; with Go, others are made and
asked about anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.interop import programs
from tests.interop.questions import KINDS, decoded, kept, made, ours

PAIRS = ("1 and 2", "2 and 5", "256 and 257", "299 and 300", "4 and 8", "6 and 7", "6 and 8")
"""Sizes whose proofs were spoilt in every way."""

EMPTY = "the empty tree is no older tree: any tree continues it, so that such a proof would show nothing"
LENGTH = "a root is 32 bytes"
FORM = "it is not the one way to write it"
MEANING = "the specification of policies forbids it, because it does not mean one thing"
LINES = "a line ends in a newline alone"

STRICTER: dict[str, dict[str, str]] = {
    "proofs": {
        **dict.fromkeys((f"consistency of 1 and 1: {each}" for each in (
            "both sizes 0", "both sizes 0, no hashes", "old - 1", "old 0", "old 0, no hashes")), EMPTY),
        **dict.fromkeys((f"consistency of {each}: old 0, no hashes" for each in PAIRS), EMPTY),
        **dict.fromkeys((f"consistency of {each}: short roots alike" for each in (*PAIRS, "1 and 1")), LENGTH),
    },
    "notes": {
        "a cosignature beyond all time": "a time that no clock shows",
        "a cosignature without a time": "time zero is for subtrees: it does not say that this is the largest tree seen",
        "signed with a blank line between": "extension lines are not empty",
        "signed with a blank line for an extension": "extension lines are not empty",
        "signed with a root of 31 bytes": LENGTH,
        "signed with a root of 33 bytes": LENGTH,
        "signed with no root": LENGTH,
        "signed with a root that has loose bits": FORM,
        "signed with a size of 2**63": "beyond what tools can count; a log of one entry a nanosecond needs 292 years",
        "signed with a size with a zero before it": FORM,
    },
    "tlogproofs": {
        "written with an index with a zero before": FORM,
        "written with extra of nothing": "without extra data there is no such line",
        "written with extra with loose bits": FORM,
        "written with lines of another system": LINES,
        "written with one line of another system": LINES,
        "written with no last newline": "a checkpoint ends in one, and is taken verbatim",
    },
    "policies": {
        "written with a comment behind a line": "only whole lines are comments",
        "written with a key whose id is wrong": "it is a typing error, or somebody's attempt to pass for another",
        "written with a log of one word": MEANING,
        "written with a log with the key of a witness": "the key is of another kind",
        "written with a witness with the key of a log": "the key is of another kind",
        "written with a member of two groups": MEANING,
        "written with a member twice": MEANING,
        "written with a quorum before its group": MEANING,
        "written with a threshold of 0": MEANING,
        "written with a threshold with a zero before it": FORM,
        "written with a witness's key twice": MEANING,
        "written with the log's key twice": MEANING,
        "written with two quorums": MEANING,
        "written with lines of another system": LINES,
        "written with no last newline": LINES,
    },
}  # fmt: skip
"""What the packages accept and we refuse."""

LIMITS: dict[str, dict[str, str]] = {
    "tlogproofs": {
        "with 78 kilobytes extra": "the package reads no line beyond 64 KiB; the specification has no limit"
    },
    "policies": {"written with a witness without an address": "a log must reach its witnesses; a verifier need not"},
}
"""What the packages cannot read, though the specifications allow it: the only things that we accept and they do not."""


@pytest.fixture(scope="module")
def program() -> Path:
    return programs.interop()


@pytest.fixture(params=["kept", "made now"])
def seed(request: pytest.FixtureRequest) -> int | None:
    """None for the kept vectors."""
    return None if request.param == "kept" else Random().randrange(2, 2**40)


def cases(request: pytest.FixtureRequest, kind: str, seed: int | None) -> Iterator[tuple[str, Any, Any]]:
    """Name, what Go said, what we say."""
    for each in kept(kind) if seed is None else made(request.getfixturevalue("program"), kind, seed):
        yield each["name"], each["answer"], ours(decoded(each["question"]))


def sorted_signers(answer: Any) -> Any:
    """Without the words of a refusal and what is nought, and with signers by name: each once, in whatever order."""
    signers = {(each["name"], each["id"], each.get("time", 0)) for each in answer.get("signers", [])}
    plain = {name: value for name, value in answer.items() if value and name not in ("why", "signers")}
    return {**plain, "signers": sorted(signers)}


@pytest.mark.parametrize("kind", KINDS)
def test_we_say_the_same(request: pytest.FixtureRequest, kind: str, seed: int | None) -> None:
    """What both accept says the same; what Go refuses we refuse; what we alone refuse has its reason above."""
    stricter, limits, wrong = set(), set(), []
    for name, go, we in cases(request, kind, seed):
        if go["ok"] and not we["ok"]:
            stricter.add(name)
        elif we["ok"] and not go["ok"]:
            limits.add(name)
        elif sorted_signers(go) != sorted_signers(we):
            wrong.append((name, go, we))
    assert wrong == [], f"seed {seed}"
    assert stricter == set(STRICTER.get(kind, ())), f"seed {seed}"
    assert limits == set(LIMITS.get(kind, ())), f"seed {seed}"


@pytest.mark.parametrize("kind", KINDS)
def test_some_are_good_and_most_are_not(kind: str) -> None:
    """The vectors hold what must be accepted as well as what must not."""
    good = [each["answer"]["ok"] for each in kept(kind)]
    assert 10 < sum(good) < len(good) - 20
