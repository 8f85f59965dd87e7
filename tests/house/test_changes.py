"""A form, a label, a file format, a figure and a command: each touches what the developer's guide says, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli_world import PASSWORD
from tests.house.workshop import Workshop, unnamed

pytestmark = pytest.mark.slow

DOCS = "tests/unit/test_docs.py"
ARCHIVES = "tests/integration/test_golden_archives.py::test_it_answers_as_it_did"
FAMILIES = "domain/records/families.py"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop.copied(tmp_path / "copy")


def filed(workshop: Workshop, record: str, *, file: tuple[str, bytes] | None = None) -> None:
    """An archive of the changed program, with one record."""
    folder = workshop.office / "材料"
    folder.mkdir(parents=True)
    (folder / "record.yaml").write_text(record, "utf-8")
    if file is not None:
        (folder / file[0]).write_bytes(file[1])
    asked(workshop, "init", "--name", "某校", "--origin", "school.example/1")
    [answer] = asked(workshop, "ingest", str(folder))["filed"]
    assert answer["code"] == "top-2024-0001"


def asked(workshop: Workshop, *line: str) -> dict[str, Any]:
    home = workshop.office / "jianzheng-data"
    said = workshop.run("api.cli", *line, "--json", JIANZHENG_HOME=str(home), JIANZHENG_ADMIN_PASSWORD=PASSWORD)
    return dict(json.loads(said))


def test_a_new_form(workshop: Workshop) -> None:
    """A form is data: it is filed, searched and counted, with its gaps, from two entries."""
    workshop.add_above(
        FAMILIES, '            ("reflection", ',
        '            (\n                "pledge", "承诺书", "pledge",\n'
        '                (Field("promise", "承诺内容", "promise", "longtext"),), ("promise",),\n            ),\n',
    )  # fmt: skip
    workshop.add_above(
        "domain/reports/folds/v1/words.py", '        "reflection": (', '        "pledge": ("承诺书", "Pledge"),\n'
    )
    workshop.docs()
    workshop.tests(
        "tests/unit/records", "tests/unit/reports", "tests/unit/test_docs.py", "tests/unit/test_record_schema.py"
    )
    filed(workshop, RECORD.format(form="承诺书", more="author: 张敏\npromise: 按时整改。\n"))
    assert asked(workshop, "search", "按时整改")["total"] == 1
    figures = asked(workshop, "report", "annual", "--org", "top", "--year", "2024")["figures"]
    assert figures["self_analysis.pledge.count"]["value"] == 1
    assert unnamed(workshop.touched(), "Add a form or a field") == set()


RECORD = """\
organisation: top
family: 自我剖析
form: {form}
title: 一份材料
occurred: {{from: 2024-05-06}}
body: 认真对照检查。
{more}"""


def test_a_renamed_label(workshop: Workshop) -> None:
    """A better name is one word in one file, and no report that was issued changes for it."""
    workshop.change(FAMILIES, '("reflection", "学习心得", ', '("reflection", "学习体会", ')
    workshop.docs()
    workshop.tests("tests/unit/records", "tests/unit/reports", DOCS, ARCHIVES)
    assert unnamed(workshop.touched(), "Add a form or a field") == set()


READER = '''\
"""Calendars (RFC 5545): what their events are called."""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import extracted
from adapters.extraction.txt import read_text
from domain.ports.texts import ExtractedText


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    lines = read_text(stream).splitlines()
    return extracted(["\\n".join(line.partition(":")[2] for line in lines if line.startswith("SUMMARY"))], paged=False)
'''
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:暑期安全大检查\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def test_a_new_file_format(workshop: Workshop) -> None:
    """A module that reads it, one line that says so, and how it is recognised: its files are read and found."""
    workshop.write("adapters/extraction/icalendar.py", READER)
    workshop.add_above(
        "adapters/extraction/formats.py", '    "html": Reader(', '    "icalendar": Reader(1, ("text/calendar",)),\n'
    )
    workshop.add_below(
        "adapters/formats/media_types.py",
        '(b"{\\\\rtf", "application/rtf"),\n',
        '    (b"BEGIN:VCALENDAR", "text/calendar"),\n',
    )
    workshop.tests("tests/unit/extraction", "tests/unit/blobs")
    filed(workshop, RECORD.format(form="学习心得", more="author: 张敏\n"), file=("日程.ics", CALENDAR.encode()))
    assert asked(workshop, "search", "安全大检查")["total"] == 1
    assert unnamed(workshop.touched(), "Add a file format") == set()


FOLD = '''\
"""Fold 2: as fold 1, and how many records are confidential."""

from __future__ import annotations

from collections.abc import Iterable

from domain.organisations.directory import Directory
from domain.reports.cases import Fact, cases_of
from domain.reports.folds import v1
from domain.reports.folds.v1 import words as words
from domain.reports.layout import Json, lead
from domain.reports.layout import words as label

NAME = "self_analysis.all.count"


def fold(
    facts: Iterable[Fact], organisation: str, year: int, day: str, directory: Directory
) -> tuple[int, dict[str, Json], list[Json]]:
    """How many events were folded, the figures by name, and the sections."""
    facts = list(facts)
    events, figures, sections = v1.fold(facts, organisation, year, day, directory)
    cases, _, _ = cases_of(facts, year, frozenset(directory.below(organisation)))
    cases = [case for case in cases if case.family == "self_analysis" and case.status != "withdrawn"]
    leaves = sorted(case.content_leaf for case in cases)
    figures[NAME] = {"value": len(leaves), "unit": "records", "events": leaves}
    sections[-1]["leads"].append(lead(label("自我剖析", "Self-analyses"), NAME))
    return events, figures, sections
'''


def test_a_new_figure(workshop: Workshop) -> None:
    """A figure comes with a fold of its own beside the former one; what was issued is made again as it was."""
    workshop.write("domain/reports/folds/v2/__init__.py", FOLD)
    annual = "domain/reports/annual.py"
    workshop.change(annual, "folds import v1", "folds import v1, v2")
    workshop.change(annual, "FOLD_VERSION: Final = 1", "FOLD_VERSION: Final = 2")
    workshop.change(annual, "= {1: v1.fold}", "= {1: v1.fold, 2: v2.fold}")
    workshop.run("tests.unit.reports.everything", "2")
    workshop.tests("tests/unit/reports/test_folds.py", ARCHIVES)
    filed(workshop, RECORD.format(form="学习心得", more="author: 张敏\n"))
    report = asked(workshop, "report", "annual", "--org", "top", "--year", "2024")
    assert (report["fold_version"], report["figures"]["self_analysis.all.count"]["value"]) == (2, 1)
    assert unnamed(workshop.touched(), "Change a figure or a word of reports") == set()


COMMAND = '''\
"""``codes``: the codes of all organisations, one a line."""

from __future__ import annotations

from argparse import Namespace

from api.cli.command import Command
from api.cli.context import Context
from domain.errors import EXIT_DONE


def codes(context: Context, args: Namespace) -> int:
    codes = sorted(context.directory().organisations)
    context.screen.document({"codes": codes})
    for code in codes:
        context.screen.line(code)
    return EXIT_DONE


COMMANDS = (Command(("codes",), "列出所有单位的编号", "list the codes of all organisations", codes, "codes"),)
'''


SUITE = "tests/integration/test_cli_records.py"
COMMAND_TEST = '''\
def test_codes(shell: Shell) -> None:
    """Every organisation's, on both back ends."""
    assert shell("codes").out == "school-01\\ntop\\n"


'''


def test_a_new_command(workshop: Workshop) -> None:
    """A module and a line: parser, help and reference follow."""
    workshop.write("api/cli/codes.py", COMMAND)
    workshop.change("api/cli/commands.py", "    checking,\n", "    checking,\n    codes,\n")
    workshop.change(
        "api/cli/commands.py", "    *checking.COMMANDS,\n", "    *checking.COMMANDS,\n    *codes.COMMANDS,\n"
    )
    workshop.docs()
    workshop.add_above(SUITE, "def test_ingest_again_changes_nothing(", COMMAND_TEST)
    workshop.tests("tests/unit/cli", DOCS, f"{SUITE}::test_codes[embedded]")
    filed(workshop, RECORD.format(form="学习心得", more="author: 张敏\n"))
    assert asked(workshop, "codes") == {"codes": ["top"]}
    assert "codes" in workshop.run("api.cli", "--help")
    assert unnamed(workshop.touched(), "Add a command") == set()
