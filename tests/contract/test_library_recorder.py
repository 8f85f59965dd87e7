"""The event-sourcing library's own persistence tests, run against our recorder.

Its tests of plain aggregate recorders do not apply: they expect that an insert answers no notification ids.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.tests import persistence

from adapters.events.sqlite import DurableDatastore, EventRecorder


class TestApplicationRecorder(persistence.ApplicationRecorderTestCase[ApplicationRecorder]):
    """Notifications: order, limits, concurrent writers."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        super().setUp()

    def create_recorder(self) -> EventRecorder:
        return recorder(self, self.folder)


def recorder(case, folder: Path) -> EventRecorder:
    datastore = DurableDatastore(folder / "events.sqlite")
    case.addCleanup(datastore.close)
    made = EventRecorder(datastore)
    made.create_table()
    return made
