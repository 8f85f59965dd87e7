"""Properties of the fold: independent streams may come in any order, and others' events change nothing."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.reports.cases import Fact
from tests.unit.reports.facts import Story, fold, person, record

KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("study_session", "theme_day", {"hours": 1}),
    ("study_session", "training", {"hours": 2}),
    ("self_analysis", "reflection", {}),
    ("rectification", "problem_item", {"deadline": "2023-05-05"}),
    ("evaluation", "satisfaction", {"ballots": 9, "satisfied": 4, "dissatisfied": 5}),
]
HOURS = st.sampled_from([0.1, 0.2, 0.3, 1, 1.5, 1e6])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Records of every family with later acts, interleaved as they come."""
    story = Story()
    for number in range(draw(st.integers(1, 8))):
        which = record(number + 1)
        family, form, said = draw(st.sampled_from(KINDS))
        said = dict(said)
        if "hours" in said:
            said["hours"] = draw(HOURS)
            said["attendance"] = {
                "expected": 5,
                "present": 3,
                "attendees": [person("张敏", "p1"), person("孙丽", "p3")],
            }
        day = draw(st.sampled_from(["2022-12-31", "2023-01-01", "2023-06-15"]))
        story.filed(which, family, form, day, organisation=draw(st.sampled_from(["b1", "b2"])), **said)
        for act in draw(st.lists(st.sampled_from(["signed", "attached", "corrected", "withdrawn"]), max_size=3)):
            if act == "signed":
                story.signed(which)
            elif act == "attached":
                story.attached(which, (1, 2))
            elif act == "corrected":
                story.corrected(which, family, form, "2023-03-03", **said)
            else:
                story.withdrawn(which)
                break
    return story


def interleaved(facts: list[Fact], chance: Random) -> list[Fact]:
    """The streams in another order among themselves, each in its own order, with their leaves."""
    waiting: dict[object, list[Fact]] = {}
    for fact in facts:
        waiting.setdefault(fact[2], []).append(fact)
    found = []
    while waiting:
        stream = chance.choice(sorted(waiting, key=str))
        found.append(waiting[stream].pop(0))
        if not waiting[stream]:
            del waiting[stream]
    return found


@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_independent_streams_does_not_matter(story: Story, chance: Random) -> None:
    """Shuffling streams among each other gives the same bytes, sums of fractions included."""
    assert fold(interleaved(story.facts, chance)).to_bytes() == fold(story.facts).to_bytes()


@given(stories())
def test_every_leaf_behind_a_figure_is_one_of_the_year(story: Story) -> None:
    """No figure names an event of another organisation or of none of the records."""
    own = {fact[2] for fact in story.facts if fact[3].get("organisation") == "b1"}
    leaves = {fact[0] for fact in story.facts if fact[2] in own}
    report = story.report(organisation="b1")
    for figure in report.figures.values():
        assert set(figure["events"]) <= leaves
        assert figure["events"] == sorted(set(figure["events"]))
