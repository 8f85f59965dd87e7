"""Tables and roles on a real PostgreSQL server: who makes them, who may do what, what is refused."""

from __future__ import annotations

import re
import threading
from contextlib import closing
from importlib.resources import files
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from adapters.events.postgres import PostgresEventStore
from adapters.home.founding import prepare_servers
from adapters.home.parts import Servers
from adapters.postgres import schema
from adapters.postgres.address import Address, BadAddress
from adapters.postgres.condition import condition
from adapters.postgres.database import Database
from adapters.postgres.faults import DatabaseRefuses, DatabaseUnreachable, SchemaMissing, SchemaTooNew
from adapters.postgres.locks import APPEND_LOCK
from adapters.postgres.roles import APP_ROLE, EVIDENCE, OWNER_ROLE, PRIVILEGES, excess
from adapters.postgres.schema import Migrated, Step, migrate, newest, require, steps, unused, version
from domain.errors import ArchiveBusy
from domain.organisations.events import DIRECTORY_PREFIX
from tests.contract.event_stores import signed
from tests.postgres_world import APP_PASSWORD, administer, prepare


@pytest.fixture
def admin(postgres_database: str):
    with closing(Database(Address.parse(postgres_database))) as database:
        yield database


@pytest.fixture
def app(postgres_database: str):
    with closing(Database(prepare(postgres_database))) as database:
        yield database


# ── migrations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_steps_are_numbered_without_a_gap() -> None:
    """From 1 on, so that a version says exactly which steps were taken."""
    assert [step.number for step in steps()] == list(range(1, newest() + 1))


def test_an_empty_database_is_brought_up_to_date(admin: Database) -> None:
    """Once; the second time there is nothing to do. What was done is said."""
    assert version(admin) == 0
    with pytest.raises(SchemaMissing):
        require(admin)
    done = migrate(admin, app_password=APP_PASSWORD)  # all tests of a server share its roles
    assert (done.before, done.after, done.owner, done.app) == (0, newest(), OWNER_ROLE, APP_ROLE)
    require(admin)
    assert migrate(admin) == Migrated(newest(), newest(), OWNER_ROLE, APP_ROLE, ())


def test_a_first_migration_that_was_interrupted_is_told_from_an_old_archive(admin: Database) -> None:
    """Tables of a former version without an event may be brought up to date by whoever wants an empty place."""
    migrate(admin)
    with admin.connection() as link:
        for step in steps()[6:]:
            for table in re.findall(r"CREATE TABLE (\w+)", step.statements):
                link.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))
        link.execute("DELETE FROM schema_version WHERE version > 6")
    assert unused(admin)
    prepare_servers(Servers(admin, None), new_only=True)
    assert version(admin) == newest()


def test_many_may_migrate_at_once(admin: Database) -> None:
    """Each step is taken by one of them."""
    results: list[Migrated] = []
    threads = [threading.Thread(target=lambda: results.append(migrate(admin))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.after for each in results] == [newest()] * 6
    assert admin.all("SELECT version FROM schema_version ORDER BY 1") == [(n + 1,) for n in range(newest())]


def test_a_newer_database_is_left_alone(admin: Database) -> None:
    """Neither migrated nor opened by an older program."""
    migrate(admin)
    with admin.connection() as link:
        link.execute("INSERT INTO schema_version VALUES (999, 'of the future')")
    for act in (migrate, require):
        with pytest.raises(SchemaTooNew):
            act(admin)
    assert version(admin) == 999


def test_a_step_that_fails_leaves_nothing(admin: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is one transaction: corrected, it can be taken later."""
    migrate(admin)
    bad = Step(newest() + 1, "bad", "CREATE TABLE half (a int); SELECT 1/0;")
    monkeypatch.setattr(schema, "steps", lambda: [*steps(), bad])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(admin)
    assert version(admin) == newest() - 1
    assert admin.value("SELECT to_regclass('half')") is None


def test_a_role_without_rights_over_roles_owns_its_tables(postgres_database: str) -> None:
    """Where nobody may create roles the archive works as well, and it is said that it could change events."""
    at = Address.parse(postgres_database)
    name = f"own_{at.database.replace('-', '_')}"
    administer(postgres_database, at, f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    administer(postgres_database, at, f'GRANT CREATE ON DATABASE "{at.database}" TO {name}')
    try:
        with closing(Database(at.login(name, "secret"))) as database:
            done = migrate(database)
            assert (done.owner, done.created) == (name, ())
            PostgresEventStore(database).append([signed(UUID(int=5))])
            assert set(excess(database)) == {f"owner of {table}" for table in EVIDENCE} | {
                f"{word} on {table}" for table in EVIDENCE for word in ("UPDATE", "DELETE", "TRUNCATE")
            }
    finally:
        administer(postgres_database, at, f"DROP OWNED BY {name} CASCADE")
        administer(postgres_database, at, f"DROP ROLE {name}")


def test_only_the_owner_migrates(app: Database) -> None:
    """The application's role is refused."""
    with pytest.raises(DatabaseRefuses):
        migrate(app)


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_table_has_its_rights(app: Database) -> None:
    """A table that nobody thought of would be out of the application's reach, or too much within it."""
    found = app.all("SELECT relname FROM pg_class WHERE relnamespace = 'jianzheng'::regnamespace AND relkind = 'r'")
    assert {name for (name,) in found} == set(PRIVILEGES)


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("act", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_the_application_cannot_change_evidence(app: Database, table: str, act: str) -> None:
    """Events, leaves, nodes, batches, checkpoints and time stamps are added and read, nothing else."""
    column = {"stored_events": "topic", "leaves": "idx", "nodes": "idx"}
    with pytest.raises(DatabaseRefuses), app.connection() as link:
        link.execute(act.format(table, column=column.get(table, "size")).encode())


@pytest.mark.parametrize(
    "act",
    [
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE VALUES (gen_random_uuid(), 1, 't', '', 7)",
        "SELECT setval('stored_events_notification_id_seq', 1)",
        "ALTER TABLE stored_events DISABLE TRIGGER ALL",
        "DROP FUNCTION stored_events_in_order CASCADE",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (a int)",
        "INSERT INTO schema_version VALUES (9, 'x')",
    ],
)
def test_the_application_cannot_choose_positions(app: Database, act: str) -> None:
    """Nor switch off what keeps their order, nor make or migrate anything."""
    with pytest.raises(DatabaseRefuses), app.connection() as link:
        link.execute(act.encode())


def test_what_a_role_could_do_is_said(postgres_database: str, app: Database, admin: Database) -> None:
    """Nothing for the application; for others the reason."""
    assert excess(app) == ()
    assert excess(admin) == ("superuser",)
    at = Address.parse(postgres_database)
    administer(postgres_database, at, f"GRANT UPDATE (state), DELETE ON stored_events TO {APP_ROLE}")
    assert excess(app) == ("UPDATE on stored_events", "DELETE on stored_events")
    migrate(admin)
    assert excess(app) == ()


# ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_code_and_migrations_speak_of_the_same() -> None:
    """The number of the lock and the directory's prefix stand in SQL as well."""
    text = files("adapters.postgres").joinpath("migrations/0001_events.sql").read_text("utf-8")
    assert f"pg_advisory_xact_lock({APPEND_LOCK})" in text
    assert f"starts_with(topic, '{DIRECTORY_PREFIX}')" in text


def test_the_directory_is_found_by_its_index(app: Database) -> None:
    """However many other events there are."""
    statement = f"SELECT 1 FROM stored_events WHERE notification_id > 0 AND starts_with(topic, '{DIRECTORY_PREFIX}')"
    with app.connection() as link:
        link.execute("SET enable_seqscan = off")
        plan = link.execute(f"EXPLAIN {statement} ORDER BY notification_id LIMIT 10".encode()).fetchall()
        link.execute("RESET enable_seqscan")
    assert "stored_events_directory" in str(plan)


def test_commits_are_flushed(postgres_database: str, app: Database) -> None:
    """Also where the server's default is not to."""
    setting = f'ALTER ROLE {APP_ROLE} IN DATABASE "{app.address.database}" SET synchronous_commit = off'
    administer(postgres_database, app.address, setting)
    with closing(Database(app.address)) as database:
        assert database.value("SELECT current_setting('synchronous_commit')") == "on"


def test_connections_are_waited_for_but_not_for_ever(postgres_database: str) -> None:
    """All in use: the caller is told to try again."""
    database = Database(prepare(postgres_database), size=2, lock_timeout=0.1)
    with closing(database), database.connection(), database.connection(), pytest.raises(ArchiveBusy):
        database.value("SELECT 1")


def test_secrets_stay_out_of_sight(postgres_url: str) -> None:
    """Neither shown nor in errors; an address goes to another process and comes back."""
    at = Address.parse("postgresql://clerk:p%40ss%2Fword@db.example.org:6000/archive?sslmode=require")
    assert (at.user, at.password, at.port, dict(at.options)) == ("clerk", "p@ss/word", 6000, {"sslmode": "require"})
    assert Address.parse(at.url()) == at
    assert "p@ss" not in f"{at!r} {at}"
    texts = ["postgresql://clerk:hush@host:port/x", "mysql://clerk:hush@h/x", "postgresql://h?hush=1", "hush"]
    for bad in (*texts, "host=h password=hush"):
        with pytest.raises(BadAddress) as failed:
            Address.parse(bad)
        assert "hush" not in f"{failed.value!r} {failed.value.next_step()} {failed.value.__cause__}"
    wrong = Address.parse(postgres_url).login("nobody_here", "hush")
    with pytest.raises(DatabaseUnreachable) as refused:
        Database(wrong).value("SELECT 1")
    assert "hush" not in f"{refused.value}"


def test_the_condition_of_a_database_is_told(postgres_database: str, admin: Database) -> None:
    """Version, steps, and what is unsafe: before the tables are made, and after, for either role."""
    before = condition(admin)
    assert (before.schema, before.known, before.standby) == (0, newest(), False)
    assert before.server.split(".")[0].isdecimal()
    with closing(Database(prepare(postgres_database))) as database:
        assert condition(database).schema == newest()
        assert set(condition(database).unsafe) == set(before.unsafe)
        *others, last = condition(admin).unsafe
        assert (set(others), last.code) == (set(before.unsafe), "role_too_mighty")
        assert "superuser" in last.en
