"""The event-sourcing library's own persistence tests, run against our recorders.

Its tests of plain aggregate recorders do not apply: they expect that an insert answers no notification ids.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.postgres import PostgresSubscription
from eventsourcing.tests import persistence
from psycopg.sql import SQL, Identifier

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


class Listening(PostgresSubscription):
    """The library's, without its gap: it looks for events and begins to listen some time later; of one that came
    between the two it heard nothing, and waited for ever. So it looks once more when it listens."""

    def _listen(self) -> None:
        listen = SQL("LISTEN {0}").format(Identifier(self._recorder.channel_name))
        try:
            with self._recorder.datastore.get_connection() as link:
                link.execute(listen)
                self._has_been_notified.set()
                while not self._has_been_stopped and self._thread_error is None:
                    for _ in link.notifies(timeout=0.1, stop_after=1):
                        self._has_been_notified.set()
        except BaseException as error:  # raised where the subscription is read
            self._thread_error = self._thread_error or error
            self.stop()


class Followed(PostgresRecorder):
    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Listening:
        return Listening(recorder=self, gt=gt, topics=topics)


class TestApplicationRecorderOnPostgres(persistence.ApplicationRecorderTestCase[ApplicationRecorder]):
    """On a real PostgreSQL server, with the rights of the application. Also its tests of following by `subscribe`."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False

    @pytest.fixture(autouse=True)
    def server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def create_recorder(self) -> Followed:
        address = self.enterContext(archive_database(self.url))
        database = Database(address)
        self.addCleanup(database.close)
        return Followed(Datastore(database))

    def test_insert_subscribe(self) -> None:
        """The library's own following works on it, too, though nothing of ours relies on it."""
        self.optional_test_insert_subscribe()
