"""An event of a subject that is there, and a whole new subject: what each touches; and old archives still verify."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house.test_changes import ARCHIVES, DOCS, RECORD, asked, filed
from tests.house.workshop import Workshop, unnamed

pytestmark = pytest.mark.slow

RULES = ("tests/unit/test_streams.py", "tests/unit/test_golden_events.py", "tests/unit/test_house.py")
KEEPSAKES = Path(__file__).parent / "keepsakes"
OWN = ("domain/keepsakes/", "api/cli/keepsakes.py", "api/web/keepsakes.py", "api/templates/keepsakes/",
       "api/locales/keepsakes.", "tests/unit/keepsakes/")  # fmt: skip


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop.copied(tmp_path / "copy")


EVENT = '''

@event("jianzheng:record.praised")
class RecordPraised(RecordEvent):
    """Somebody above found it exemplary."""

    words: str
'''
PRAISE = '''
    def praise(self, words: str, stamp: Stamp) -> RecordPraised:
        """Raises `ActNotPossible`."""
        self._require(RecordPraised)
        return RecordPraised(words=words, **self._next(stamp))
'''
PROGRAM = """
import sys
from datetime import UTC, datetime
from adapters.home import settings
from adapters.home.house import open_archive
from domain.event import Stamp
house = open_archive(settings.read({"JIANZHENG_HOME": sys.argv[1]}))
record = house.archive.find("top-2024-0001")
house.events.append([record.praise("可供各校学习", Stamp("admin", datetime.now(UTC), house.entropy.salt))])
house.close()
"""


def test_a_new_event(workshop: Workshop) -> None:
    """An act that records did not have: declared once, it is stored, shown in histories and verified."""
    folder = "domain/records"
    workshop.add_above(f"{folder}/events.py", '\n\n@event("jianzheng:record.returned")', EVENT)
    workshop.add_above(f"{folder}/acts.py", "    RecordReturned,\n    RecordSignedOff,", "    RecordPraised,\n")
    workshop.add_above(
        f"{folder}/acts.py", "    Kind(RecordReturned,",
        '    Kind(RecordPraised, "表扬", "praised", name="praised", files=False, when=LIVE),\n',
    )  # fmt: skip
    workshop.add_above(f"{folder}/record.py", "    RecordReturned,\n    RecordSignedOff,", "    RecordPraised,\n")
    workshop.add_above(f"{folder}/record.py", "\n    def send_back(", PRAISE)
    workshop.add_above(
        f"{folder}/record.py", "            case RecordReturned():",
        "            case RecordPraised():\n                reason = event.words\n",
    )  # fmt: skip
    samples = "tests/unit/records/event_samples.py"
    workshop.change(samples, "ERASED, ENTERED = SAMPLES", "ERASED, ENTERED, PRAISED = SAMPLES")
    workshop.change(
        samples, "4d8e-5d0c-9c57-1d2f3a4b5c6d\", **HEADER),\n]",
        "4d8e-5d0c-9c57-1d2f3a4b5c6d\", **HEADER),\n    records.RecordPraised(words=\"可供学习\", **HEADER),\n]",
    )  # fmt: skip
    workshop.add_below(samples, "    in_turn([FILED, ATTACHED, SIGNED]),\n", "    in_turn([FILED, PRAISED]),\n")
    workshop.run("tests.unit.test_golden_events")
    workshop.docs()
    workshop.tests(*RULES, "tests/unit/records", DOCS, ARCHIVES)
    filed(workshop, RECORD.format(form="学习心得", more="author: 张敏\n"))
    workshop.script(PROGRAM, str(workshop.office / "jianzheng-data"))
    assert asked(workshop, "verify")["findings"] == []
    assert asked(workshop, "show", "top-2024-0001")["history"][-1]["event"] == "praised"
    assert unnamed(workshop.touched(), "Add an event") == set()


def test_a_new_subject(workshop: Workshop) -> None:
    """Aggregate, events, command, page and search documents in folders of its own; a line in each of three files."""
    shutil.copytree(KEEPSAKES, workshop.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    streams, commands, pages = "domain/streams.py", "api/cli/commands.py", "api/web/__init__.py"
    workshop.add_above(streams, "from domain.keys.subject", "from domain.keepsakes.subject import KEEPSAKES\n")
    workshop.change(streams, "REPORTS, KEYS)", "REPORTS, KEYS, KEEPSAKES)")
    workshop.add_above(commands, "    keys,\n", "    keepsakes,\n")
    workshop.add_above(commands, "    *keys.COMMANDS,\n", "    *keepsakes.COMMANDS,\n")
    workshop.change(
        pages, "import acts, admin, desk, file_record, ", "import acts, admin, desk, file_record, keepsakes, "
    )
    workshop.change(pages, "receipt, admin, record, acts)", "receipt, admin, record, acts, keepsakes)")
    suite = "tests/unit/keepsakes"
    workshop.run("tests.unit.test_golden_events")
    workshop.docs()
    workshop.tests(*RULES, suite, DOCS, "tests/unit/test_circles.py", "tests/unit/web/test_locales.py", ARCHIVES)
    filed(workshop, RECORD.format(form="学习心得", more="author: 张敏\n"))
    assert asked(workshop, "keep", "校徽", "--org", "top")["keepsake"]
    assert asked(workshop, "search", "校徽")["total"] == 1
    assert asked(workshop, "verify")["findings"] == []
    outside = {name for name in workshop.touched() if not name.startswith(OWN)}
    assert outside == {streams, commands, pages}
    assert unnamed(outside, "Add a subject") == set()
