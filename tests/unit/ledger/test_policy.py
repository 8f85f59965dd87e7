"""Trust policies: which witnesses are enough, and what is refused with its line."""

from __future__ import annotations

from base64 import b64encode
from itertools import chain, combinations

import pytest

from domain.ledger.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, ED25519, VerifierKey
from domain.ledger.policy import InvalidPolicy, of_one_log, parse_policy

LOG = VerifierKey("log.example/a", ED25519, bytes(32)).encode()
OTHER_LOG = VerifierKey("log.example/b", ED25519, bytes([1]) * 32).encode()


def witness(n: int, kind: int = COSIGNATURE_ED25519) -> str:
    size = 1312 if kind == COSIGNATURE_ML_DSA_44 else 32
    return VerifierKey(f"witness.example/{n}", kind, bytes([n]) * size).encode()


TWO_LEVELS = f"""# two organisations
log {LOG} https://log.example/a
\tlog {OTHER_LOG}

witness X1 {witness(1)} https://x.example/1
witness X2 {witness(2)}
witness X3 {witness(3, COSIGNATURE_ML_DSA_44)}
group X 2 X1 X2 X3
witness 甲 {witness(4)}
witness 乙 {witness(5)}
group Y any 甲 乙
group X-and-Y all X Y
quorum X-and-Y
"""


def test_a_quorum_of_groups_is_met_by_the_sets_that_meet_it() -> None:
    """Of all subsets of the witnesses: those with two of X and one of Y."""
    policy = parse_policy(TWO_LEVELS.encode())
    names = list(policy.witnesses)
    assert names == ["X1", "X2", "X3", "甲", "乙"]
    for some in chain.from_iterable(combinations(names, n) for n in range(6)):
        enough = sum(name.startswith("X") for name in some) >= 2 and bool({"甲", "乙"} & {*some})
        assert policy.satisfied(some) is enough
    assert [log.url for log in policy.logs] == ["https://log.example/a", ""]


def test_a_policy_is_written_as_it_is_read() -> None:
    """What was read from a file is written to one that reads the same, and one log alone is a policy too."""
    policy = parse_policy(TWO_LEVELS.encode())
    assert parse_policy(policy.encode()) == policy
    assert of_one_log(LOG).encode() == f"log {LOG}\nquorum none\n".encode()


def test_names_are_octets() -> None:
    """K and the Kelvin sign differ, and what is no UTF-8 is a name like another."""
    names = (b"K", "\u212a".encode(), b"\xff\xfe")
    lines = [b"witness " + name + b" " + witness(n).encode() for n, name in enumerate(names)]
    data = b"\n".join([*lines, b"group g all " + b" ".join(names), b"quorum g\n"])
    policy = parse_policy(data)
    assert len(policy.witnesses) == 3
    assert parse_policy(policy.encode()) == policy


def test_a_policy_may_be_large() -> None:
    """At least 32 logs, 32 witnesses and 32 groups are asked for."""
    logs = [f"log {VerifierKey(f'l{n}', ED25519, bytes([n]) * 32).encode()}" for n in range(32)]
    witnesses = [f"witness w{n} {witness(n)}" for n in range(32)]
    groups = ["group g0 all w0", *(f"group g{n} all w{n} g{n - 1}" for n in range(1, 32))]
    policy = parse_policy("\n".join([*logs, *witnesses, *groups, "quorum g31\n"]).encode())
    assert policy.satisfied([f"w{n}" for n in range(32)])
    assert not policy.satisfied([f"w{n}" for n in range(1, 32)])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"log {LOG}\n", None),
        (f"log {LOG}\nquorum none", None),
        (f"log {LOG}\r\nquorum none\n", None),
        ("quorum none\nquorum none\n", 2),
        ("quorum somebody\n", 1),
        ("quorum\n", 1),
        ("quorum none none\n", 1),
        ("Quorum none\n", 1),
        (f"log {LOG} a b\nquorum none\n", 1),
        (f"log {LOG}\nlog {LOG}\nquorum none\n", 2),
        (f"log {witness(1)}\nquorum none\n", 1),
        (f"witness a {LOG}\nquorum none\n", 1),
        (f"witness none {witness(1)}\nquorum none\n", 1),
        (f"witness a {witness(1)}\nwitness a {witness(2)}\nquorum a\n", 2),
        (f"witness a {witness(1)}\nwitness b {witness(1)}\nquorum a\n", 2),
        (f"witness a {witness(1)[:-2]}\nquorum a\n", 1),
        (f"witness a {witness(1)}\ngroup a any a\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g any\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g 0 a\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g 2 a\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g 01 a\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g any a a\nquorum a\n", 2),
        (f"witness a {witness(1)}\ngroup g any a\ngroup h any a\nquorum h\n", 3),
        (f"witness a {witness(1)}\ngroup g any none\nquorum g\n", 2),
        (f"group g any a\nwitness a {witness(1)}\nquorum g\n", 1),
        (f"quorum a\nwitness a {witness(1)}\n", 1),
        (f"witness a a+00000000+{b64encode(bytes(33)).decode()}\nquorum a\n", 1),
    ],
)
def test_what_means_nothing_is_refused_with_its_line(text: str, line: int | None) -> None:
    """Wrong words, wrong keys, names used twice or before they are defined, thresholds that cannot be met."""
    with pytest.raises(InvalidPolicy) as found:
        parse_policy(text.encode())
    assert found.value.line == line


def test_a_policy_is_bounded() -> None:
    """In bytes and in lines."""
    for data in (b"#" * 1_000_001 + b"\nquorum none\n", b"\n" * 1_001 + b"quorum none\n"):
        with pytest.raises(InvalidPolicy):
            parse_policy(data)
