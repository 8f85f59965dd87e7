"""Which tests run when: the tenth of the nightly ones, the order of files, and the parts of `make test-all`."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest

from tests import durations, parts, tiers
from tests.durations import Durations
from tests.parts import HALF_AN_HOUR, Part

COSTS = {f"tests/faults/test_{name}.py": seconds for name, seconds in zip("abcdefghij", range(1, 100, 10), strict=True)}
COSTS |= {f"tests/faults/test_k.py::test_{n}": 2.0 for n in range(100)}
SEEDS = [str(n) for n in range(600)]


def test_a_seed_draws_the_same_tests_again() -> None:
    """Whoever has the seed of a red run has its tests; another seed draws others."""
    assert tiers.draw(COSTS, "7") == tiers.draw(dict(reversed(COSTS.items())), "7")
    assert len({frozenset(tiers.draw(COSTS, seed)) for seed in SEEDS}) > 500


def test_each_test_has_one_chance_in_ten() -> None:
    """Whatever it costs: no seed is needed that nobody ever types."""
    drawn = [tiers.draw(COSTS, seed) for seed in SEEDS]
    chances = {unit: fmean(unit in each for each in drawn) for unit in COSTS}
    assert min(chances.values()) > 0.04 and max(chances.values()) < 0.16  # five standard deviations
    assert abs(fmean(chances.values()) - tiers.PART) < 0.01


def test_a_tenth_of_the_tests_costs_a_tenth() -> None:
    """By recorded durations, but for one test that sticks out."""
    whole = sum(COSTS.values())
    costs = [sum(COSTS[unit] for unit in tiers.draw(COSTS, seed)) for seed in SEEDS]
    assert abs(fmean(costs) / whole - tiers.PART) < 0.01
    assert max(abs(cost - whole * tiers.PART) for cost in costs) <= max(COSTS.values())


def test_nothing_is_drawn_from_nothing() -> None:
    """A run of a file without nightly tests."""
    assert tiers.draw({}, "7") == set()


APART = """
import pytest

@pytest.mark.nightly
@pytest.mark.parametrize("n", range(40))
def test_apart(n): ...

def test_always(): ...
"""
WHOLE = """
import pytest

pytestmark = pytest.mark.nightly

def test_one(): ...

def test_another(): ...
"""


def collected(pytester: pytest.Pytester, *flags: str) -> list[str]:
    """The names of the tests that such a run collects."""
    found = pytester.inline_run("-p", "tests.tiers", "--collect-only", "-q", *flags)
    calls = found.getcalls("pytest_collection_finish")
    return [item.name for call in calls for item in call.session.items]


@pytest.fixture
def pile(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder of its own with nightly tests of both kinds."""
    monkeypatch.setattr(tiers, "ROOT", pytester.path)
    pytester.makeini("[pytest]\nmarkers =\n    nightly\n    slow\n    fast\n")
    folder = pytester.mkdir("tests")
    (folder / "test_apart.py").write_text(APART, "utf-8")
    (folder / "test_whole.py").write_text(WHOLE, "utf-8")
    return pytester


def test_what_a_run_leaves_out(pile: pytest.Pytester) -> None:
    """All, none, or a tenth that the seed gives; what is not nightly is always there."""
    everything = collected(pile)
    assert len(everything) == 43
    assert collected(pile, "--nightly=none") == ["test_always"]
    drawn = [collected(pile, "--nightly=tenth", f"--nightly-seed={seed}") for seed in "abc"]
    assert all("test_always" in each and len(each) < 15 for each in drawn)
    assert drawn == [collected(pile, "--nightly=tenth", f"--nightly-seed={seed}") for seed in "abc"]


def test_a_file_that_is_marked_as_a_whole_is_drawn_as_a_whole(pile: pytest.Pytester) -> None:
    """What its tests share is made for all of them or for none."""
    drawn = [collected(pile, "--nightly=tenth", f"--nightly-seed={seed}") for seed in range(12)]
    together = [{"test_one", "test_another"} & set(each) for each in drawn]
    assert all(len(each) in (0, 2) for each in together)
    assert any(together)


def test_the_longest_files_come_first() -> None:
    """A file that nobody measured is taken to last as long as those beside it."""
    table = Durations({"tests/a/test_x.py": 10, "tests/a/test_y.py": 30, "tests/a/test_y.py::test_n": 5})
    assert [table.of_file(f"tests/a/test_{name}.py") for name in "xyz"] == [10, 30, 15]
    assert table.of_test("tests/b/test_z.py::test_m") == 5
    assert Durations({}).of_file("tests/a/test_x.py") == Durations({}).of_test("tests/a/test_x.py::test_a") == 1


REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_tiers" name="test_a" time="1.26"/>
<testcase classname="tests.unit.test_tiers" name="test_b[x]" time="2.5"/>
<testcase classname="tests.unit.test_tiers" name="test_c" time="0"><skipped/></testcase>
<testcase classname="tests.unit.test_gone" name="test_a" time="9"/>
</testsuite></testsuites>"""


def test_a_report_becomes_the_table(tmp_path: Path) -> None:
    """A nightly test has its own entry; what was not run keeps what was known, and what is gone is forgotten."""
    (tmp_path / "x.xml").write_text(REPORT, "utf-8")
    here = "tests/unit/test_tiers.py"
    found = durations.measured([tmp_path / "x.xml"])
    before = {"tests/unit/test_make.py": 3.0, f"{here}::test_c": 7.0, f"{here}::test_old": 8.0}
    assert durations.table(found, {f"{here}::test_b[x]", f"{here}::test_c"}, before) == {
        "tests/unit/test_make.py": 3.0, here: 1.3, f"{here}::test_b[x]": 2.5, f"{here}::test_c": 7.0,
    }  # fmt: skip


def test_the_committed_table_is_in_order() -> None:
    """It names files that there are."""
    named = {name.partition("::")[0] for name in Durations.read().seconds}
    assert [name for name in sorted(named) if not (durations.ROOT / name).is_file()] == []


def test_every_file_is_in_one_part() -> None:
    """Nothing is lost between the parts of `make test-all`, and none of them is expected to last over half an hour."""
    files, table = parts.files_of_tests(), Durations.read()
    portions = [part for part in parts.parts(files, table) if part.name.startswith("others-")]
    named = [word for part in portions for word in part.command if word.endswith(".py")]
    assert sorted(named) == [file for file in files if not file.startswith("tests/e2e/")]
    assert all(part.seconds <= HALF_AN_HOUR * 1.1 for part in portions)


def test_files_are_shared_out_evenly() -> None:
    """The portions are as few as can be, and alike in length."""
    portions = parts.share({str(n): float(n) for n in range(1, 101)}, 1300.0)
    assert sorted(file for portion in portions for file in portion) == sorted(str(n) for n in range(1, 101))
    lengths = [sum(map(int, portion)) for portion in portions]
    assert len(lengths) == 4 and max(lengths) - min(lengths) <= 4


def test_a_part_that_went_well_is_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that failed keeps the others from nothing, and is done when the same is typed again."""
    wanted, runs = [Part(name, ()) for name in ("a", "b", "c")], []

    def run(part: Part) -> bool:
        runs.append(part.name)
        return part.name != "b" or len(runs) > 3

    assert parts.do(wanted, tmp_path / "done", run) == ["b"]
    assert parts.do(wanted, tmp_path / "done", run) == []
    assert runs == ["a", "b", "c", "b"]
    assert "a: done before" in capsys.readouterr().out


def test_other_files_are_another_state() -> None:
    """What was done is known by the bytes of all files."""
    assert parts.digest() == parts.digest()
