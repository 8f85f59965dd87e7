"""Row 9: the annual report, against reading and decoding the same events and nothing else."""

from __future__ import annotations

from adapters.home.house import House
from benchmarks.generate import YEARS
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.world import World

ROW, NAME = 9, "annual-report"
YEAR = YEARS[len(YEARS) // 2]
BATCH = 2_000
REPEATS = 10
"""Reports of one school in a round: one alone is too short to time."""


def run(world: World, records: int) -> Result:
    house = world.archive(records)
    rounds = world.rounds(7)
    result = Result(ROW, NAME, records, facts={"events": house.ledger.size()})
    for organisation, what, repeats in (
        ("school-0001", "annual report of one school", REPEATS),
        ("top", "annual report of all schools together", 1),
    ):
        ours, theirs = _measure(house, organisation, rounds, repeats)
        against = "reading and decoding the same events"
        result.comparisons.append(Comparison(what, against, "ms", ours, theirs, Target("at most", 1.3)))
        result.facts[f"events of {organisation}"] = len(_concerned(house, organisation))
    return result


def _measure(house: House, organisation: str, rounds: int, repeats: int) -> list[list[float]]:
    actor, size = house.operator(), house.ledger.size()
    house.reporting.annual(actor, organisation, YEAR, size)  # the directory of a checkpoint is folded once and kept

    def ours(_: int) -> float:
        return _ms(repeats, lambda: house.reporting.annual(actor, organisation, YEAR, size).to_bytes())

    def theirs(_: int) -> float:
        def read() -> None:
            positions = _concerned(house, organisation)
            for start in range(0, len(positions), BATCH):
                for row in house.events.rows_at(positions[start : start + BATCH]):
                    house.events.attributes(row)

        return _ms(repeats, read)

    return paired(rounds, ours, theirs)


def _concerned(house: House, organisation: str) -> list[int]:
    below = house.directory().below(organisation)
    return [each.position for each in house.figures.concerned(below, YEAR, house.ledger.size())]


def _ms(repeats: int, work: object) -> float:
    assert callable(work)
    return 1000 * seconds(lambda: [work() for _ in range(repeats)]) / repeats
