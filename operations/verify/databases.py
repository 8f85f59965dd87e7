"""What the rows lie in: parts of a database that hold no row, and databases that cannot be read to their end."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.evidence.questions import EvidenceUnreadable, Structure
from operations.verify.findings import Verification

Databases = dict[Structure, bool | None]
"""Whether each is sound; None where that is not known yet."""


def check_databases(result: Verification, databases: Databases) -> None:
    """What is wrong beside the rows: an index that leads elsewhere, a page that nothing uses, a constraint taken away.

    Only where the rows are as they should be: a changed row disagrees with its index too, and is told by its name.
    """
    for structure, sound in databases.items():
        if not (structure.sound() if sound is None else sound):
            zh, en = structure.kind
            result.add(
                "altered",
                "database",
                f"{zh} {structure.name} 的结构已损坏，其中的记录还完好。",
                f"The structure of the {en} {structure.name} is damaged; the rows in it are sound.",
                file=structure.name,
            )


def report_damage(result: Verification, databases: Iterable[Structure], error: EvidenceUnreadable) -> None:
    """Always a finding: a check that could not be made is not a check that was passed."""
    told = len(result.findings)
    for structure in databases:
        name, (zh, en) = structure.name, structure.kind
        if not structure.there():
            result.add("deleted", "database", f"{name} 不见了。", f"{name} is missing.", file=name)
        elif not structure.sound():
            result.add(
                "altered",
                "database",
                f"{zh} {name} 已损坏：{error}。",
                f"The {en} {name} is damaged: {error}.",
                file=name,
            )
    if len(result.findings) == told:
        result.add("altered", "database", f"数据库读不下去：{error}。", f"A database cannot be read: {error}.")
    result.remark(
        "数据库读不下去，账本没有查完。", "A database cannot be read to its end; the ledger was not checked whole."
    )
