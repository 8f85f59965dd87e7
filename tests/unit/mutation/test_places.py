"""Which places a seed chooses, and that they are found again when files have moved and code has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.places import Place, choose, find_again, layers_of, places_in

ROOT = Path(__file__).resolve().parents[3]

TOP = (
    "def shown(size):\n    if size > 9 and not hid(size):\n        raise TooLarge(size)\n    return low.sum(size - 1)\n"
)
LOW = "class Sum:\n    def of(self, n):\n        self.keep(n)\n        return 0 if n == 0 else self.of(n - 1) + n\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "top").mkdir()
    (tmp_path / "low").mkdir()
    (tmp_path / "top" / "pages.py").write_text(TOP)
    (tmp_path / "low" / "sums.py").write_text(LOW)
    return tmp_path


def chosen(tree: Path, seed: int = 1, count: int = 8) -> list[Place]:
    return choose(places_in(tree, ["top", "low"]), ["top", "low"], seed, count)


def test_a_seed_always_chooses_the_same(tree: Path) -> None:
    """The same seed chooses the same places, evenly over layers and kinds of change, and another one others."""
    places = chosen(tree)
    assert places == chosen(tree)
    assert any(chosen(tree, seed) != places for seed in range(9))
    assert [place.layer for place in places] == ["top", "low"] * 4
    assert len({(place.layer, place.change.kind) for place in places}) == 8
    assert chosen(tree, count=6) == places[:6]


def test_moved_files_change_nothing(tree: Path) -> None:
    """After a file was renamed, a layer added to it and lines put before, the same places are chosen and found."""
    before = chosen(tree)
    (tree / "low" / "deep").mkdir()
    (tree / "low" / "sums.py").unlink()
    (tree / "low" / "deep" / "adding.py").write_text("def other(a):\n    g(a)\n\n\n" + LOW)
    (tree / "top" / "pages.py").write_text("import low\n\n" + TOP)
    places = places_in(tree, ["top", "low"])
    again = [find_again(place.sketch, places) for place in before]
    assert all(place is not None for place in again)
    assert {place.path for place in again if place} == {"top/pages.py", "low/deep/adding.py"}
    assert [place.change.old for place in again if place] == [place.change.old for place in before]


def test_a_renamed_word_is_no_other_place(tree: Path) -> None:
    """Where a statement's names have changed, function, kind and number tell; otherwise it is gone."""
    minus = next(place for place in chosen(tree, count=99) if place.change.old == "-" and place.layer == "top")
    (tree / "top" / "pages.py").write_text(TOP.replace("low.sum", "under.sum"))
    again = find_again(minus.sketch, places_in(tree, ["top", "low"]))
    assert again is not None and again.change.statement == "return under.sum(size - 1)"
    (tree / "top" / "pages.py").write_text(TOP.replace("low.sum(size - 1)", "[a - b for a, b in rows_of_all()]"))
    assert find_again(minus.sketch, places_in(tree, ["top", "low"])) is None


def test_of_two_copies_the_nearer_one_is_taken(tree: Path) -> None:
    """A function that stands in several files is looked for in its own first, then in one of the same name."""
    dropped = next(place for place in chosen(tree, count=99) if place.change.old == "self.keep(n)")
    for name in ("other.py", "sums.py"):
        (tree / "top" / name).write_text(LOW)
    assert find_again(dropped.sketch, places_in(tree, ["top", "low"])) == dropped
    (tree / "low" / "sums.py").unlink()
    again = find_again(dropped.sketch, places_in(tree, ["top", "low"]))
    assert again is not None and again.path == "top/sums.py"


def test_the_layers_are_those_of_the_linter() -> None:
    """What import-linter holds apart is changed: a layer that is added there is added here."""
    assert layers_of(ROOT)[0] == "api"
    assert {"api", "indexers", "adapters", "domain"} <= set(layers_of(ROOT))
