"""The event-sourcing library's own persistence tests, run against our recorders.

Its tests of plain aggregate recorders do not apply: they expect that an insert answers no notification ids.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.tests import persistence

from adapters.events.postgres import Datastore
from adapters.events.postgres import EventRecorder as PostgresRecorder
from adapters.events.sqlite import DurableDatastore, EventRecorder
from adapters.postgres.database import Database
from tests.postgres_world import archive_database


class TestApplicationRecorder(persistence.ApplicationRecorderTestCase[ApplicationRecorder]):
    """On SQLite. Notifications: order, limits, concurrent writers."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        super().setUp()

    def create_recorder(self) -> EventRecorder:
        datastore = DurableDatastore(self.folder / "events.sqlite")
        self.addCleanup(datastore.close)
        made = EventRecorder(datastore)
        made.create_table()
        return made


class TestApplicationRecorderOnPostgres(persistence.ApplicationRecorderTestCase[ApplicationRecorder]):
    """On a real PostgreSQL server, with the rights of the application. Also its tests of following by `subscribe`."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False

    @pytest.fixture(autouse=True)
    def server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def create_recorder(self) -> PostgresRecorder:
        address = self.enterContext(archive_database(self.url))
        database = Database(address)
        self.addCleanup(database.close)
        return PostgresRecorder(Datastore(database))

    def test_insert_subscribe(self) -> None:
        """The library's own following works on it, too, though nothing of ours relies on it."""
        self.optional_test_insert_subscribe()
