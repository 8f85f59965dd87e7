"""A generated archive to search, and generated questions to it: the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from domain.ports.search import FOREVER, Scope, SearchDocument, SearchRequest
from tests.contract.search_corpus import document, passages

SCHOOLS = [f"school-{number:02}" for number in range(8)]
DISTRICTS = ["east", "west"]
FORMS = ["党课", "支委会", "党员大会", "主题党日", "计划"]
FAMILIES = ["study_session", "paper", "meeting"]
PEOPLE = [f"{family}{given}" for family in "张王李赵钱" for given in ("敏", "强", "建国", "晓红")]
FILES = ["pdf", "docx", "xlsx", "txt", "image"]
NUMBERS = ["2023年4月21日", "第120233号", "QQ群LED屏", "9号文", "abc-2018", "㈠组织⑩次", "a1b2"]


def archive(records: int, seed: int) -> list[SearchDocument]:
    """Records of eight schools, some corrected, some confidential, with files of one to four pages."""
    chance = random.Random(seed)
    texts = iter(passages(records * 12, seed))

    def text() -> str:
        return next(texts) + (chance.choice(NUMBERS) if chance.random() < 0.4 else "") + "。"

    found: list[SearchDocument] = []
    for nth in range(records):
        filed, corrected = 2 * nth, 2 * nth + 1
        revisions = [(1, filed, corrected), (2, corrected, FOREVER)] if chance.random() < 0.2 else [(1, filed, FOREVER)]
        school = chance.choice(SCHOOLS)
        about = {
            "organisation": school,
            "organisation_path": ("bureau", DISTRICTS[SCHOOLS.index(school) % 2], school),
            "form": chance.choice(FORMS),
            "family": chance.choice(FAMILIES),
            "plan": chance.choice(["", "p1", "p2"]),
            "phase": chance.choice(["", "study", "review"]),
            "people": tuple(chance.sample(PEOPLE, chance.randint(0, 4))),
            "confidential": chance.random() < 0.2,
            "readers": tuple(chance.sample(["p1", "p2", "p3"], chance.randint(0, 2))),
            "filed_by": chance.choice(["clerk", "secretary"]),
            "late": chance.random() < 0.3,
            "gaps": chance.random() < 0.1,
            "occurred_on": f"{chance.randint(2020, 2024)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "recorded_on": f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        }
        for revision, first, last in revisions:
            range_ = {"revision": revision, "from_leaf": first, "until_leaf": last}
            own = document(f"r{nth:04}", f"{text()[:20]}\n\n{text()}", **about, **range_)
            found.append(own)
            for file in range(chance.choice([0, 0, 1, 1, 2])):
                type_ = chance.choice(FILES)
                for page in range(1, chance.randint(1, 4) + 1):
                    source = f"file:{file}"
                    shown = replace(own, source=source, source_name=f"附件{file}.{type_}", file_type=type_, page=page)
                    # A file may be more confidential than its record.
                    found.append(replace(shown, text=text(), confidential=own.confidential or chance.random() < 0.1))
    return found


def questions(documents: list[SearchDocument], count: int, seed: int) -> Iterator[SearchRequest]:
    """Phrases cut out of the texts at any place, with operators, fields, filters, scopes, dates and tree sizes."""
    chance = random.Random(seed)
    size = max(each.from_leaf for each in documents) + 1
    for _ in range(count):
        yield SearchRequest(
            query=_query(documents, chance),
            scope=_scope(chance),
            filters=_filters(chance),
            occurred_from=f"{chance.randint(2020, 2023)}-06-01" if chance.random() < 0.07 else None,
            occurred_to=f"{chance.randint(2022, 2024)}-06-01" if chance.random() < 0.07 else None,
            recorded_from="2024-03-01" if chance.random() < 0.07 else None,
            recorded_to="2024-09-30" if chance.random() < 0.07 else None,
            as_of=chance.randint(0, size + 1) if chance.random() < 0.2 else None,
            sort=chance.choice(["relevance", "newest", "oldest"]),
            limit=20,
        )


def _cut(documents: list[SearchDocument], chance: random.Random) -> str:
    text = chance.choice(documents).text
    start = chance.randrange(len(text))
    return text[start : start + chance.choice([1, 2, 2, 3, 3, 4, 4, 6, 8, 20])]


def _query(documents: list[SearchDocument], chance: random.Random) -> str:
    first, second, third = (_cut(documents, chance) for _ in range(3))
    shape = chance.randrange(14)
    return [
        "",
        first,
        first,
        first,
        f"“{first}”",
        f'"{first}" "{second}"',
        f"{first} {second}",
        f"{first} OR {second}",
        f"{first} -{second[:2]}",
        f"NOT {first[:2]}",
        f"{first} 或 {second} NOT {third[:3]}",
        f"{chance.choice(['title', '正文', 'file', 'body'])}:{first[:4]}",
        f"{chance.choice(['form:党课', '人:张敏', 'year:2022', '-form:计划', '单位:east'])} {first[:3]}",
        f"{first[:2]} {second[:2]} {third[:1]}",
    ][shape]


def _scope(chance: random.Random) -> Scope:
    if chance.random() < 0.3:
        return Scope(everything=True)
    wide = chance.choice([["bureau"], ["bureau"], DISTRICTS, DISTRICTS[:1], SCHOOLS[:3], SCHOOLS[4:5], []])
    return Scope(
        organisations=frozenset(wide),
        confidential=frozenset(chance.choice([[], ["east"], SCHOOLS[:2]])),
        person=chance.choice([None, "p1", "p2"]),
        username=chance.choice([None, "clerk"]),
    )


def _filters(chance: random.Random) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, values in (
        ("organisation", [*DISTRICTS, *SCHOOLS]),
        ("form", FORMS),
        ("family", FAMILIES),
        ("person", PEOPLE),
        ("year", ["2021", "2022", "2023"]),
        ("file_type", FILES),
        ("late", ["true", "false"]),
        ("phase", ["study", "review"]),
    ):
        if chance.random() < 0.04:
            found[name] = tuple(chance.sample(values, chance.randint(1, min(3, len(values)))))
    return found
