"""Fold 1: what was held, who took part, evaluations, rectification, publicity, and how the records are kept.

Its figures and its words (`words`) are those that reports were issued with; nothing here is changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.organisations.directory import Directory
from domain.reports.cases import Fact, cases_of
from domain.reports.figures import Figures
from domain.reports.folds.v1.evaluations import evaluations
from domain.reports.folds.v1.held import attendance, held
from domain.reports.folds.v1.keeping import keeping, publicity
from domain.reports.folds.v1.people import people
from domain.reports.folds.v1.rectification import rectification
from domain.reports.layout import Json


def fold(
    facts: Iterable[Fact], organisation: str, year: int, day: str, directory: Directory
) -> tuple[int, dict[str, Json], list[Json]]:
    """How many events were folded, the figures by name, and the sections."""
    every, events, erased = cases_of(facts, year, frozenset(directory.below(organisation)))
    cases = [case for case in every if case.status != "withdrawn"]
    withdrawn = [case for case in every if case.status == "withdrawn"]
    figures = Figures()
    sections = [
        held(cases, figures),
        attendance(cases, figures),
        people(cases, figures, directory, organisation, day),
        evaluations(cases, figures, directory),
        rectification(cases, figures, day),
        publicity(cases, figures),
        keeping(cases, withdrawn, erased, figures),
    ]
    return events, figures.as_json(), sections
