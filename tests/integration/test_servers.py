"""Real servers for tests: they start, keep their data, can be broken, and leave nothing behind."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers import own
from tests.servers.addresses import name_in
from tests.servers.local import Server


def test_a_database_of_ones_own(postgres_database: str, postgres_url: str) -> None:
    """A test gets an empty PostgreSQL database that is not the server's first one."""
    with psycopg.connect(postgres_database) as connection:
        row = connection.execute("SELECT current_database(), count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert row.fetchone() == (name_in(postgres_database), 0)
    assert name_in(postgres_database) != name_in(postgres_url)


def test_a_bucket_of_ones_own(s3_bucket: str) -> None:
    """A test gets an empty bucket that keeps versions."""
    client = own.s3_client(s3_bucket)
    name = name_in(s3_bucket)
    assert client.get_bucket_versioning(name).status == "Enabled"
    assert not list(client.list_objects(name))


def test_an_index_prefix_of_ones_own(elasticsearch_prefix: str) -> None:
    """A test gets a prefix under which no index is."""
    with own.elasticsearch_client(elasticsearch_prefix) as client:
        assert not client.indices.get(index=f"{name_in(elasticsearch_prefix)}*", expand_wildcards="all")


def test_a_private_server_keeps_its_data_and_port(private_postgres: Server) -> None:
    """After `restart`, and after `kill` and `start`, the address is the same and what was committed is there."""
    for break_it in (private_postgres.restart, private_postgres.kill):
        with psycopg.connect(private_postgres.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        break_it()
        private_postgres.start()
    with psycopg.connect(private_postgres.url) as connection:
        assert connection.execute("SELECT sum(n) FROM kept").fetchone() == (2,)


def test_a_paused_server_answers_nothing_until_it_is_resumed(private_postgres: Server) -> None:
    """SIGSTOP reaches the back ends too: a statement waits, and gets its answer afterwards."""
    with psycopg.connect(private_postgres.url) as connection:
        private_postgres.pause()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(private_postgres.url, connect_timeout=2)
        connection.pgconn.send_query(b"SELECT 1")
        private_postgres.resume()
        assert (result := connection.pgconn.get_result()) is not None
        assert result.get_value(0, 0) == b"1"
        while connection.pgconn.get_result():
            pass
