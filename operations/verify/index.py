"""The search index against the events: every entry that was changed, that is missing, or that belongs to nothing.

First sums of both sides are compared (`index_sides`); where they agree, all is well. Else the names of both sides are
held against each other, and what differs is looked at once more, by itself (`index_look`): an archive that is in use
changes while it is read.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import groupby, islice
from uuid import UUID

from adapters.evidence.questions import Evidence, IndexEvidence
from domain.errors import JianzhengError
from domain.search.errors import IndexDamaged
from operations.verify.crew import Crew, Start
from operations.verify.due import Span, portions, spans
from operations.verify.events import Describe
from operations.verify.findings import Progress, Verification
from operations.verify.index_look import Look, Searched
from operations.verify.index_sides import LIMIT, Comparer, Held, Named, Part, Sides, listed, sums

TOGETHER = 100
"""Records that are looked at once more together."""

DERIVED = 5
"""Version of the ids of all streams but records: of the directory too, of which every record's place is taken."""


def check_index(
    result: Verification,
    searched: Searched,
    evidence: Evidence,
    describe: Describe,
    start: Start | None,
    progress: Progress,
) -> None:
    """To be called when events, ledger and files were checked: what they are accused of is not the index's fault."""
    why = _no_measure(result)
    if why is not None:
        result.remark(f"检索索引没有核对：{why[0]}。", f"The search index was not checked: {why[1]}.")
        return
    try:
        _check(result, searched, evidence, describe, start, progress)
    except IndexDamaged as error:
        zh, en = (error.message(lang) for lang in ("zh", "en"))
        result.add("altered", "index", f"检索索引读不出：{zh}", f"The search index cannot be read: {en}")
    except JianzhengError as error:  # it proves nothing: everything else was checked
        zh, en = (error.message(lang) for lang in ("zh", "en"))
        result.remark(f"检索索引没有核对：{zh}", f"The search index was not checked: {en}")


def _no_measure(result: Verification) -> tuple[str, str] | None:
    """Why the events cannot say what the index should hold."""
    for each in result.findings:
        lost = each.klass in ("rolled back", "forked") and each.subject in ("event", "ledger")
        rewritten = each.subject == "ledger" and each.file is None
        derived = each.event is not None and (stream := _uuid(each.event)) is not None and stream.version == DERIVED
        if lost or rewritten or derived or each.subject == "database":
            return "存证本身有问题，不能拿来对照", "the events themselves are not sound"
    return None


def _check(
    result: Verification,
    searched: Searched,
    evidence: Evidence,
    describe: Describe,
    start: Start | None,
    progress: Progress,
) -> None:
    with closing(searched.place.open()) as index, closing(evidence.tables.ledger()) as ledger:
        claimed = index.position()  # asked first: the ledger is never behind it
        total = ledger.size()
        position = total if claimed is None else claimed
        last = ledger.leaves(min(position, total) - 1, min(position, total))
        if claimed is None:
            _altered(result, index)
        elif position > total:
            _ahead(result, index, position, total)
        elif position < min(result.tree_size, total):
            behind = result.tree_size - position
            result.remark(
                f"检索索引还差 {behind} 条没有编入，只核对了前 {position} 条。",
                f"The search index lacks the last {behind} leaves; it was checked up to {position}.",
            )
    size, end = (min(position, total), int(last[0][1])) if last else (0, 0)
    if size < min(position, total):
        result.remark("检索索引没有核对：账本不完整。", "The search index was not checked: the ledger is not whole.")
        return
    sides = Sides(
        evidence=evidence,
        index=searched.place,
        documents=searched.documents(),
        spoilt=frozenset(stream.hex for each in result.findings if each.event and (stream := _uuid(each.event))),
        accused=frozenset(each.leaf_index for each in result.findings if each.leaf_index is not None),
        sure=result.tree_size,
        key=secrets.token_bytes(),
    )
    parts = _parts(size, end)
    with Crew(partial(Comparer, sides), start) as crew, closing(Comparer(sides)) as comparer:
        prefixes, unsound = _differing(crew, parts, size, progress)
        if prefixes:
            look = Look(comparer, searched, describe)
            with _Names() as names:
                names.gather(crew, parts, prefixes)
                waiting = names.doubtful()
                while some := list(islice(waiting, TOGETHER)):
                    look.again(result, {record: frozenset(entries) for record, entries in some})
            look.remark(result)
    if unsound:
        result.remark(
            f"有 {unsound} 条记录的存证有问题，或者程序读不懂，检索索引里与它们有关的条目没有核对。",
            f"The events of {unsound} records are not sound or cannot be understood; what the search index holds of"
            " them was not checked.",
        )


def _ahead(result: Verification, index: IndexEvidence, position: int, total: int) -> None:
    result.add(
        "stale",
        "index",
        f"检索索引自称编到第 {position} 条，账本只有 {total} 条。",
        f"The search index claims to hold {position} leaves; the ledger has {total}.",
        file=f"{index.name}:@position",
    )


def _altered(result: Verification, index: IndexEvidence) -> None:
    result.add(
        "stale",
        "index",
        "检索索引里记的进度被别人改写过；下面按整个账本核对。",
        "How far the search index has come was written over by somebody else; it was checked against the whole ledger.",
        file=f"{index.name}:@position",
    )


def _parts(size: int, end: int) -> list[Part]:
    """Both sides, cut into pieces."""
    number = portions(size)
    return [*spans(size, end, number), *(Held(part, number) for part in range(number))]


def _differing(crew: Crew[Comparer], parts: list[Part], size: int, progress: Progress) -> tuple[frozenset[str], int]:
    """The buckets in which the sides differ, and how many streams are not sound."""
    held: Counter[str] = Counter()
    due: Counter[str] = Counter()
    unsound = 0
    for number, (part, side_sums) in enumerate(zip(parts, crew.map(sums, parts), strict=True), 1):
        (held if isinstance(part, Held) else due).update(side_sums.digests)
        unsound += side_sums.unsound
        progress("index", size * number // len(parts), size)
    return frozenset(each for each in held.keys() | due.keys() if (held[each] - due[each]) % LIMIT), unsound


class _Names:
    """The names of both sides in a temporary database, so that memory stays flat however much differs."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("BEGIN")
        self._db.execute("CREATE TABLE named (name TEXT, digest BLOB, side INTEGER)")
        self._db.execute("CREATE TABLE unsound (stream TEXT PRIMARY KEY)")

    def __enter__(self) -> _Names:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def gather(self, crew: Crew[Comparer], parts: list[Part], prefixes: frozenset[str]) -> None:
        wanted = [part for part in parts if isinstance(part, Held) or _meets(part, prefixes)]
        for part, names in zip(wanted, crew.map(listed, [(part, prefixes) for part in wanted]), strict=True):
            self._add(1 if isinstance(part, Held) else -1, names)

    def _add(self, side: int, names: Iterable[Named]) -> None:
        for name, digest in names:
            if digest is None:
                self._db.execute("INSERT OR IGNORE INTO unsound VALUES (?)", (name,))
            else:
                text = name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
                self._db.execute("INSERT INTO named VALUES (?, ?, ?)", (text, digest, side))

    def doubtful(self) -> Iterator[tuple[str, list[str]]]:
        """Names that are not the same number of times on both sides with the same digest, by what they begin with: a
        record's id, where it is ours. Without those of records whose events are not sound."""
        rows = self._db.execute(
            "SELECT DISTINCT name FROM (SELECT name FROM named GROUP BY name, digest HAVING SUM(side) <> 0)"
            " WHERE substr(name, 1, 36) NOT IN (SELECT stream FROM unsound) ORDER BY name"
        )
        for record, some in groupby((name for (name,) in rows), key=lambda name: name.partition(":")[0]):
            yield record, list(some)


def _meets(span: Span, prefixes: frozenset[str]) -> bool:
    """Whether streams of that span can give names in these buckets."""
    return any(f"{span.first:02x}" <= each[:2] <= f"{span.last:02x}" for each in prefixes)


def _uuid(event: str) -> UUID | None:
    try:
        return UUID(event.partition("/")[0])
    except ValueError:
        return None
