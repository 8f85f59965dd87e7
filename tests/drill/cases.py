"""A case: which kinds of tampering a number draws, laid on a copy of the archive, and what `verify` made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from random import Random

from operations.verification import verify_archive
from operations.verify import Verification
from tests.drill.hands import Hands
from tests.drill.kinds import KINDS
from tests.drill.registry import Address, Draw, Expected, Kind, NothingLeft, address
from tests.drill.world import Made

MOST = 4
"""Kinds in one combination."""

ATTEMPTS = 20

DERIVED = ("index", "report")
"""What is held against the events."""

DERIVED_ID = "5"
"""What the ids of registers, which say the records' codes, have at their fifteenth place: their version."""

Copy = Callable[[], AbstractContextManager[Hands]]


def usable(made: Made, on_servers: bool) -> list[Kind]:
    """The kinds that this archive can suffer."""
    stamps = "JIANZHENG_TIMESTAMP_AUTHORITIES" in made.environment
    return [
        each
        for each in KINDS.values()
        if (each.servers if on_servers else each.embedded) and (stamps or not each.stamps)
    ]


def drawn(seed: int, kinds: Sequence[Kind], on_servers: bool) -> list[Kind]:
    """Two of three numbers draw one kind, each in its turn; every third draws two to four that go together."""
    if seed % 3 < 2:
        return [kinds[(seed // 3 * 2 + seed % 3) % len(kinds)]]
    chance = Random(seed)
    chosen = [chance.choice(kinds)]
    wanted = chance.randrange(2, MOST + 1)
    while len(chosen) < wanted:
        able = [each for each in kinds if all(_together(each, other, on_servers) for other in chosen)]
        chosen.append(chance.choice(able))
    # What is appended past the program is integrated at once: before others keep the ledger from going on.
    return sorted(chosen, key=lambda each: "integrate" not in each.alone)


def _together(one: Kind, other: Kind, on_servers: bool) -> bool:
    for a, b in ((one, other), (other, one)):
        if "measured" in a.shares and _unsound(b) and (on_servers or "integrate" in a.alone):
            return False  # there the events cannot be put back without what is held against them
    return one is not other and one.goes_with(other) and other.goes_with(one)


def _unsound(kind: Kind) -> bool:
    """Whether events or ledger are no measure after it."""
    return kind.target in ("rows", "ledger", "backups") or "rows" in kind.shares


@dataclass
class Result:
    """Of one case. ``deferred``: findings that came when the evidence had been put back, and were announced before."""

    seed: int
    kinds: list[Kind]
    expected: list[Expected]
    actual: Counter[Address]
    deferred: set[Address] = field(default_factory=set)
    misnamed: list[str] = field(default_factory=list)  # findings with the wrong record
    remarks: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> set[Address]:
        return {each for expected in self.expected for each in expected.findings}

    @property
    def missing(self) -> set[Address]:
        return self.wanted - set(self.actual) - self.deferred

    @property
    def false(self) -> list[Address]:
        """What nobody did, and what is said twice."""
        return sorted((self.actual - Counter(self.wanted)).elements())

    @property
    def ok(self) -> bool:
        return not (self.missing or self.false or self.misnamed)

    def found(self, number: int) -> bool:
        """Whether anything names the mutation, or, of a single one, anything at all was found."""
        one = self.expected[number].findings
        return bool(one & (set(self.actual) | self.deferred)) or (len(self.expected) == 1 and bool(self.actual))

    def exact(self, number: int) -> bool:
        return not self.expected[number].findings & self.missing and not self.misnamed

    def __str__(self) -> str:
        lines = [f"case {self.seed}: " + " + ".join(kind.name for kind in self.kinds)]
        lines += [f"  missing: {each}" for each in sorted(self.missing)]
        lines += [f"  false:   {each}" for each in self.false]
        lines += [f"  record:  {each}" for each in self.misnamed]
        if not self.ok:
            lines += [f"  said:    {each}" for each in self.remarks]
        return "\n".join(lines)


def run_case(made: Made, copy: Copy, seed: int, kinds: Sequence[Kind], on_servers: bool) -> Result:
    """Draw, lay hands on a copy, verify."""
    chosen = drawn(seed, kinds, on_servers)
    for attempt in range(ATTEMPTS):
        with copy() as hands:
            draw = Draw(made, Random(f"{seed}/{attempt}"))
            try:
                expected = [kind.act(hands, draw) for kind in chosen]
            except NothingLeft:
                continue
            assert all(each.findings for each in expected), [kind.name for kind in chosen]
            return _judge(Result(seed, chosen, expected, Counter()), hands)
    raise AssertionError(f"case {seed}: {[kind.name for kind in chosen]} never go together")


def _judge(result: Result, hands: Hands) -> Result:
    found = _verify(hands)
    result.actual = Counter(map(address, found.findings))
    result.remarks = [each.en for each in found.not_checked]
    result.misnamed = _misnamed(found, hands.made)
    late = {each for each in result.missing if each[1] in DERIVED}
    if late and late == result.missing and _announced(found, late) and not hands.on_servers:
        hands.mend_evidence()
        after = {address(each) for each in _verify(hands).findings}
        result.deferred = late & after
        result.actual.update(after - late - set(result.actual))
    return result


def _verify(hands: Hands) -> Verification:
    with hands.house() as house:
        return verify_archive(house)


def _announced(found: Verification, late: set[Address]) -> bool:
    """Whether the check says that it did not look there."""
    said = " ".join(each.en for each in found.not_checked)
    words = {"index": ("earch index", "of them was not checked"), "report": ("eports were not checked",)}
    return all(any(word in said for word in words[subject]) for _, subject, _ in late)


def _misnamed(found: Verification, made: Made) -> list[str]:
    """Findings of an event of a record that do not say which, though it can be read."""
    records = {str(stream): code for stream, code in made.records.items()}
    spoilt = {each.event.partition("/")[0] for each in found.findings if each.event and each.subject == "event"}
    wrong = []
    unregistered = any(stream[14:15] == DERIVED_ID for stream in spoilt)
    for each in found.findings:
        stream = (each.event or "").partition("/")[0]
        code = records.get(stream)
        if (
            code is not None
            and each.record != code
            and not (each.record is None and (unregistered or stream in spoilt))
        ):
            wrong.append(f"{each.event}: {each.record} instead of {code}")
    return wrong
