"""A small project: which tests run which line, and what becomes of each change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.mutation.covering import Map
from tests.mutation.places import places_in
from tests.mutation.trial import Trial, Verdict
from tests.mutation.workshop import Workshop

pytestmark = pytest.mark.slow

Tried = Callable[..., Verdict]

LOW = """\
def down(n):
    steps = 0
    while n > 0:
        n -= 1
        steps += 1
    return steps

def capped(n):
    return min(n, 100)

def in_a_child(n):
    return n * 2

def shared(n):
    return [n] * 2

def unused(n):
    return n - 1
"""
TESTS = """\
import subprocess, sys
import pytest
from low.counting import capped, down, shared

@pytest.fixture(scope="module")
def made():
    return shared(3)

def test_down():
    assert down(3) == 3

def test_capped():
    assert capped(5) == 5

def test_only_while_recorded():
    assert capped(7) == 7 and "coverage" in sys.modules

def test_made(made):
    assert made

def test_made_well(made):
    assert len(made) == 2

def test_child():
    code = "from low.counting import in_a_child; print(in_a_child(3))"
    assert subprocess.run([sys.executable, "-c", code], env={}, cwd="/", stdout=subprocess.PIPE).stdout == b"6\\n"

def test_that_fails():
    assert down(2) == 3
"""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """Tries the change of a function's word."""
    root = tmp_path_factory.mktemp("project")
    for path, text in (
        ("low/counting.py", LOW),
        ("tests/test_counting.py", TESTS),
        ("pyproject.toml", "[tool.pytest]\n"),
    ):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    shop = Workshop(root, tmp_path_factory.mktemp("shop"))
    known = Map(root, root / "map", ["low"])
    said: list[str] = []
    known.make([shop], ["tests/test_counting.py"], 60, said.append)
    assert "not all passed, 6 tests kept, 1 sources" in said[0]
    again = Map(root, root / "map", ["low"])
    again.make([shop], ["tests/test_counting.py"], 60, said.append)
    assert len(said) == 1  # nothing has changed since
    places = places_in(root, ["low"])

    def trial(function: str, old: str, limit: float = 30) -> Verdict:
        place = next(each for each in places if (each.change.function, each.change.old) == (function, old))
        verdict = Trial(shop, limit, allowed=2)(place, again.tests(place))
        assert (shop.tree / place.path).read_text() == LOW == (root / place.path).read_text()
        return verdict

    return trial


def names(*tests: str) -> list[str]:
    return [f"tests/test_counting.py::{test}" for test in tests]


def test_what_a_test_notices_is_killed(tried: Tried) -> None:
    """The first test that fails is named, and it is one that runs the line."""
    verdict = tried("down", ">")
    assert (verdict.word, [verdict.by], verdict.ran) == ("killed", names("test_down"), 1)


def test_an_endless_loop_is_ended(tried: Tried) -> None:
    """A test that takes far longer than it did is told apart from one that fails."""
    verdict = tried("down", "-=")
    assert (verdict.word, [verdict.by]) == ("timed out", names("test_down"))


def test_what_no_test_notices_survives(tried: Tried) -> None:
    """All tests of the line have passed; one that fails without the change too has killed nothing."""
    verdict = tried("capped", "100")
    assert (verdict.word, verdict.by, verdict.ran) == ("survived", "", 2)


def test_a_line_that_no_test_runs(tried: Tried) -> None:
    """It survives, and nothing is run for it."""
    assert tried("unused", "-") == Verdict("no test", "", 0, 0.0)


def test_the_time_may_be_over_first(tried: Tried) -> None:
    """Survived within the time is not survived."""
    assert tried("capped", "100", 0.05).word == "survived within the time"


def test_what_a_child_process_runs_is_known(tried: Tried) -> None:
    """A command that a test starts without any environment of ours runs the copy's code, and its lines count."""
    assert tried("in_a_child", "*").by in names("test_child")


def test_a_shared_fixture_counts_for_every_test_of_it(tried: Tried) -> None:
    """A line that ran once, for the first test, is also of the second, which alone looks at it closely."""
    assert tried("shared", "2").by in names("test_made_well")
