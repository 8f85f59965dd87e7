"""Row 8 at ten times the records: passages written straight into the index through the engine, and searched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from random import Random
from uuid import UUID

from benchmarks.generate import FAMILY_OF, YEARS, Generator
from benchmarks.measure import Result, seconds
from benchmarks.searching import ROW, compare
from benchmarks.searching_elastic import AGAINST, RawSearch
from benchmarks.world import World
from domain.ports.search import FOREVER, SearchDocument

NAME = "search-passages"
TIMES = 10
"""As many passages as ten times the records: a million for 100,000."""

BATCH = 2_000


def run(world: World, records: int) -> Result:
    house = world.empty_archive("passages")
    made, count, position = passages(Generator(TIMES * records)), TIMES * records, 0
    house.engine.position()

    def write() -> None:
        nonlocal position
        while position < count:
            batch = list(islice(made, min(BATCH, count - position)))
            position += len(batch)
            house.engine.write(batch, [], position)

    speed = count / seconds(write)
    with closing(RawSearch(world.environment(house)["JIANZHENG_SEARCH"])) as raw:
        facts = {"passages": raw.settled(), "passages_written_a_second": round(speed)}
        result = compare(records, world.rounds(7), house.engine.search, raw.search, AGAINST, facts)
    house.close()
    return Result(ROW, NAME, count, result.comparisons, facts)


def passages(generator: Generator, seed: int = 9) -> Iterator[SearchDocument]:
    """One to three sentences each, under a title, filed somewhere at some time."""
    random, forms, leaf = Random(seed), list(FAMILY_OF), 0
    while True:
        organisation, form = random.choice(generator.organisations), random.choice(forms)
        day = f"{random.choice(YEARS)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        yield SearchDocument(
            record=str(UUID(int=random.getrandbits(128), version=4)),
            revision=1,
            source="record",
            source_name="body",
            page=None,
            text=generator.title(form, organisation) + "\n\n" + generator.text(organisation, random.randint(1, 3)),
            from_leaf=leaf,
            until_leaf=FOREVER,
            organisation=organisation,
            organisation_path=("top",),
            family=FAMILY_OF[form],
            form=form,
            occurred_on=day,
            recorded_on="2025-01-01",
            status="filed",
            confidential=form == "reflection",
            filed_by="clerk",
        )
        leaf += 1
