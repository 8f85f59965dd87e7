"""Every fold is kept as it was: its figures, and the words that it shows."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from domain.records.families import FAMILIES, GRADES, PUBLICITY_LEVELS
from domain.reports import folds
from domain.reports.annual import FOLD_VERSION, FOLDS
from tests.unit.reports.everything import GOLDEN, facts_of, report_of
from tests.unit.reports.facts import fold

WORDS = {version: sys.modules[made.__module__].words for version, made in FOLDS.items()}
"""The words of each fold."""


@pytest.mark.parametrize("version", FOLDS)
def test_the_bytes_of_a_fold_never_change(version: int) -> None:
    """A report over every form there was, today and for ever. A failure here is never mended by changing what is kept:
    whoever changes a figure, a word or a name makes a new fold.
    """
    assert fold(facts_of(version), version=version).to_bytes() == report_of(version)


def test_every_fold_has_its_golden_report_and_its_words() -> None:
    """A fold that comes brings both."""
    assert {f"fold-{version}.report.json" for version in FOLDS} == {path.name for path in GOLDEN.glob("*.report.json")}
    assert set(FOLDS) == set(WORDS)
    assert max(FOLDS) == FOLD_VERSION


def test_the_present_fold_has_a_word_for_everything() -> None:
    """A form, grade or level that comes has its words in the fold of new reports, where only its key would be shown."""
    words = WORDS[FOLD_VERSION]
    forms = {(family, form) for family, found in words.FORMS.items() for form in found}
    assert {family.key for family in FAMILIES} <= words.FAMILIES.keys()
    assert {(family.key, form.key) for family in FAMILIES for form in family.forms} <= forms
    assert {choice.key for choice in GRADES} <= words.GRADES.keys()
    assert {choice.key for choice in PUBLICITY_LEVELS} <= words.PUBLICITY.keys()


def test_folds_take_no_word_that_may_change() -> None:
    """Names of forms and choices get better; what a report shows comes from its own fold or from the events."""
    live = ("domain.records.families", "domain.records.meetings", "domain.records.vocabulary", "domain.records.gaps")
    [folder] = folds.__path__
    for path in [*Path(folder).rglob("*.py"), *Path(folder).parent.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in live, path
