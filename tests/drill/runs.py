"""A whole drill: case after case on copies of one archive, which itself must stay as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import Protocol

from operations.verification import verify_archive
from tests.drill.cases import Result, run_case, usable
from tests.drill.hands import Hands
from tests.drill.page import Outcome
from tests.drill.world import Made

OFTEN = 60
"""Cases between two looks at the archive that nobody touches."""


class Yard(Protocol):
    """Where copies are made."""

    made: Made
    on_servers: bool

    def copy(self) -> AbstractContextManager[Hands]: ...


def drill(yard: Yard, mutations: int, seed: int, told: Callable[[Result, int, bool], None], step: int = 1) -> Outcome:
    """Cases from ``seed`` on, every ``step``-th, until there are so many mutations."""
    outcome, kinds = Outcome(), usable(yard.made, yard.on_servers)
    untouched(yard)
    for number in count(seed, step):
        if outcome.mutations >= mutations:
            break
        result = run_case(yard.made, yard.copy, number, kinds, yard.on_servers)
        outcome.results.append(result)
        told(result, outcome.mutations, yard.on_servers)
        if len(outcome.results) % OFTEN == 0:
            untouched(yard)
    untouched(yard)
    return outcome


def untouched(yard: Yard) -> None:
    """A copy on which nobody laid hands is sound, and nothing of it is left unchecked."""
    with yard.copy() as hands, hands.house() as house:
        found = verify_archive(house)
    assert (found.findings, found.not_checked) == ([], []), (found.findings, found.not_checked)
