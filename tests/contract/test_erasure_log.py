"""What every log of erasures promises: what is left to be done is kept until it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from adapters.erasures.log import ErasureLog, Left, SQLiteErasureLog
from adapters.erasures.postgres import PostgresErasureLog
from adapters.postgres.database import Database
from tests.postgres_world import prepare
from tests.queue_world import BACK_ENDS

FIRST, SECOND = Left(7, UUID(int=1), 3), Left(9, UUID(int=2), 4)


@pytest.fixture(params=BACK_ENDS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ErasureLog]:
    if request.param == "sqlite":
        yield SQLiteErasureLog(tmp_path / "views.sqlite")
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield PostgresErasureLog(database)


def test_what_is_left_stays_until_it_is_done(log: ErasureLog) -> None:
    """With the reason why it is not done; taken in again, it is there once, and the position never goes back."""
    assert (log.position(), log.left()) == (0, [])
    log.take(9, [SECOND, FIRST])
    log.take(7, [FIRST])
    assert (log.position(), log.left()) == (9, [FIRST, SECOND])
    log.stays(9, "锁到 2035 年", "locked until 2035")
    assert log.left() == [FIRST, Left(9, UUID(int=2), 4, "锁到 2035 年", "locked until 2035")]
    log.done(9)
    log.done(9)
    assert log.left() == [FIRST]
