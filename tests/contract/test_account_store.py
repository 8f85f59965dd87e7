"""The account store: passwords, throttling, sessions, tokens and claims on uploads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.accounts.postgres import PostgresAccountStore
from adapters.accounts.sqlite import AccountStore
from adapters.accounts.store import ABSOLUTE, CLAIM, IDLE, TOKEN_PREFIX, Accounts, PasswordTooWeak
from adapters.accounts.throttling import ADDRESS_FREE, FORGET, LONGEST, USER_FREE, TooManyAttempts, pause_after
from adapters.postgres.database import Database
from domain.errors import NotFound
from tests.postgres_world import administer, prepare

NOW = datetime(2023, 5, 4, 4, 0, tzinfo=UTC)
GOOD = "four quiet words here"
FAST = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


TABLES = ("passwords", "attempts", "sessions", "tokens", "uploads")


class Kept:
    """Where the tables lie: how to open them, what lies there, and how to speak to them behind the store's back."""

    def __init__(
        self,
        opening: Callable[[PasswordHash | None], Accounts],
        bare: Callable[[], str],
        ask: Callable[[str], list[tuple[Any, ...]]],
    ) -> None:
        self.open, self.bare, self.ask = opening, bare, ask

    def counts(self) -> dict[str, int]:
        return {table: self.ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """In a file, or in a database of a real server with the rights of the application."""
    if request.param == "sqlite":
        file = tmp_path / "accounts.sqlite"
        yield Kept(lambda hasher: AccountStore(file, hasher), lambda: bytes_of(file), lambda said: asked(file, said))
        return
    url = request.getfixturevalue("postgres_database")
    address = prepare(url)

    def ask(statement: str) -> list[tuple[Any, ...]]:
        return administer(url, address, statement)

    with closing(Database(address)) as database:
        yield Kept(
            lambda hasher: PostgresAccountStore(database, hasher),
            lambda: "".join(str(ask(f"SELECT * FROM {table}")) for table in TABLES),
            ask,
        )


def bytes_of(file: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in sorted(file.parent.glob(f"{file.name}*")))


def asked(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as db, db:
        return db.execute(statement).fetchall()


@pytest.fixture
def store(kept: Kept) -> Accounts:
    made = kept.open(FAST)
    made.set_password("zhang", GOOD)
    return made


# ── passwords ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_right_password_is_accepted_and_no_other(store: Accounts) -> None:
    """Only the account's own password, and none for an account that has none."""
    assert store.check_password("zhang", GOOD, NOW)
    assert not store.check_password("zhang", GOOD + "!", NOW)
    assert not store.check_password("li", GOOD, NOW)
    assert store.has_password("zhang")
    assert not store.has_password("li")


def test_the_file_is_private(tmp_path: Path) -> None:
    """Only the owner may read the file and its journal."""
    store = AccountStore(tmp_path / "accounts.sqlite", FAST)
    store.set_password("zhang", GOOD)
    found = list(tmp_path.glob("accounts.sqlite*"))
    assert {path.name: path.stat().st_mode & 0o077 for path in found} == {path.name: 0 for path in found}


def test_no_secret_is_kept(kept: Kept, store: Accounts) -> None:
    """Neither a password nor a session or token: a copy of the tables signs nobody in."""
    session = store.begin_session("zhang", NOW)
    _, token = store.create_token("zhang", "backup", NOW)
    held = kept.bare()
    assert "backup" in held
    for secret in (GOOD, session, token, token.removeprefix(TOKEN_PREFIX)):
        assert secret not in held


def test_an_argon2_hash_is_kept_by_default(kept: Kept) -> None:
    """Without a hasher of its own the store uses Argon2id with the library's current cost."""
    store = kept.open(None)
    store.set_password("zhang", GOOD)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in kept.bare()
    assert store.check_password("zhang", GOOD, NOW)


def test_a_hash_of_an_older_cost_is_made_anew(kept: Kept, store: Accounts) -> None:
    """When its owner signs in; the password stays what it was."""
    dearer = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    assert "m=8,t=1,p=1" in kept.bare()
    assert kept.open(dearer).check_password("zhang", GOOD, NOW)
    assert "m=16,t=2,p=1" in kept.bare()
    assert store.check_password("zhang", GOOD, NOW)


def test_a_password_set_meanwhile_is_not_undone(kept: Kept, store: Accounts) -> None:
    """Somebody signs in with the old one at this moment, whose hash is made anew: the new password stays."""

    class Slow(PasswordHash):
        def verify_and_update(self, password: str | bytes, hash: str | bytes) -> tuple[bool, str | None]:
            outcome = super().verify_and_update(password, hash)
            store.set_password("zhang", GOOD + " and more")
            return outcome

    slow = Slow((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    assert kept.open(slow).check_password("zhang", GOOD, NOW)
    assert not store.check_password("zhang", GOOD, NOW)
    assert store.check_password("zhang", GOOD + " and more", NOW)


@pytest.mark.parametrize("password", ["", "short", "zhang", "aaaaaaaaaaaa", "abcabcabcabc", "x" * 1025])
def test_a_weak_password_is_refused(store: Accounts, password: str) -> None:
    """Too short, too long, or of too few different characters; the old one stays valid."""
    with pytest.raises(PasswordTooWeak):
        store.set_password("zhang", password)
    assert store.check_password("zhang", GOOD, NOW)


def test_the_user_name_is_no_password(store: Accounts) -> None:
    """Not even where it is long enough, and not in capitals."""
    with pytest.raises(PasswordTooWeak):
        store.set_password("zhangmin-01", "ZhangMin-01")


def test_the_same_characters_typed_otherwise_are_the_same_password(store: Accounts) -> None:
    """Full-width letters and composed accents are what they look like."""
    store.set_password("zhang", "Ｐｌａｎ２０２３－ｏｋ")
    assert store.check_password("zhang", "Plan2023-ok", NOW)


@pytest.mark.parametrize("text", ["\ud800" * 12, "\0" * 12, "x" * 100_000, "'; DROP TABLE passwords; --"])
def test_hostile_text_signs_nobody_in(store: Accounts, text: str) -> None:
    """Whatever is typed is a wrong password or an unknown account, never an error."""
    assert not store.check_password("zhang", text, NOW)
    assert not store.check_password(text, GOOD, NOW)
    assert store.session_user(text, NOW) is None
    assert store.token_user(text, NOW) is None


def test_a_hash_that_was_replaced_by_nonsense_lets_nobody_in(kept: Kept, store: Accounts) -> None:
    """Somebody wrote into the tables: the account is closed to everyone rather than open to anyone."""
    kept.ask("UPDATE passwords SET hash = 'nonsense'")
    assert not store.check_password("zhang", "nonsense", NOW)


# ── throttling ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pause_doubles_up_to_a_quarter_hour() -> None:
    """No pause for the first failures, then 2, 4, 8 … seconds, never more than the longest."""
    assert [pause_after(n, 5) for n in (0, 4, 5, 6, 7)] == [0, 0, 2, 4, 8]
    assert pause_after(1000, 5) == LONGEST


@pytest.mark.parametrize("username", ["zhang", "nobody-of-that-name"])
def test_guessing_at_an_account_is_slowed_down(store: Accounts, username: str) -> None:
    """After a few failures even the right password waits; unknown accounts behave the same."""
    for _ in range(USER_FREE):
        assert not store.check_password(username, "wrong", NOW)
    with pytest.raises(TooManyAttempts) as caught:
        store.check_password(username, GOOD, NOW)
    assert caught.value.retry_after == 2
    assert caught.value.http_status == 429
    later = NOW + timedelta(seconds=2)
    assert store.check_password(username, GOOD, later) is (username == "zhang")


def test_waiting_does_not_lengthen_the_pause(store: Accounts) -> None:
    """An attempt during the pause is refused without counting, or a script could lock a colleague out for ever."""
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            store.check_password("zhang", "wrong", NOW)
    assert store.check_password("zhang", GOOD, NOW + timedelta(seconds=2))


def test_success_forgets_the_failures_of_the_account(store: Accounts) -> None:
    """Mistyping now and then never adds up."""
    for _ in range(5):
        for _ in range(USER_FREE - 1):
            store.check_password("zhang", "wrong", NOW)
        assert store.check_password("zhang", GOOD, NOW)


def test_an_address_that_tries_many_accounts_is_slowed_down(store: Accounts) -> None:
    """One password tried on every account; signing in to an account of one's own does not help."""
    for n in range(ADDRESS_FREE):
        store.check_password(f"user-{n}", "wrong", NOW, "192.0.2.1")
        if n % 10 == 0:
            assert store.check_password("zhang", GOOD, NOW, "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        store.check_password("zhang", GOOD, NOW, "192.0.2.1")
    assert store.check_password("zhang", GOOD, NOW, "192.0.2.2")


def test_failures_are_forgotten_after_a_day(store: Accounts) -> None:
    """What happened yesterday delays nobody today."""
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    assert not store.check_password("zhang", "wrong", NOW + timedelta(seconds=FORGET + 1))
    assert store.check_password("zhang", GOOD, NOW + timedelta(seconds=FORGET + 1))


def test_many_guesses_at_once_are_not_cheaper(kept: Kept, store: Accounts) -> None:
    """Attempts made at the same moment, of several stores too, count one by one: no more of them are let through."""
    doors = [store, kept.open(FAST)]

    start = Barrier(8)

    def guess(n: int) -> str:
        doors[n % 2].has_password("zhang")  # whatever a connection needs at first is done before
        start.wait()
        try:
            return str(doors[n % 2].check_password("zhang", "wrong", NOW))
        except TooManyAttempts:
            return "later"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(40)))
    assert outcomes.count("False") == USER_FREE


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_belongs_to_its_account_until_it_ends(store: Accounts) -> None:
    """Each sign-in has an id of its own, and signing out ends only that one."""
    one, two = store.begin_session("zhang", NOW), store.begin_session("zhang", NOW)
    assert one != two
    store.end_session(one)
    assert store.session_user(one, NOW) is None
    assert store.session_user(two, NOW) == "zhang"


def test_a_session_that_is_not_used_ends(store: Accounts) -> None:
    """Idle time runs from the last use."""
    session = store.begin_session("zhang", NOW)
    used = NOW + IDLE - timedelta(minutes=1)
    assert store.session_user(session, used) == "zhang"
    assert store.session_user(session, used + IDLE - timedelta(minutes=1)) == "zhang"
    assert store.session_user(session, used + 2 * IDLE) is None


def test_a_session_ends_however_much_it_is_used(store: Accounts) -> None:
    """After a week one signs in again."""
    session = store.begin_session("zhang", NOW)
    at = NOW
    while at < NOW + ABSOLUTE - IDLE:
        at += IDLE / 2
        assert store.session_user(session, at) == "zhang"
    assert store.session_user(session, NOW + ABSOLUTE + timedelta(seconds=1)) is None


def test_a_new_password_ends_every_session_of_the_account(store: Accounts) -> None:
    """Whoever stole a session is out, and other accounts are not touched."""
    store.set_password("li", GOOD)
    mine, other = store.begin_session("zhang", NOW), store.begin_session("li", NOW)
    store.set_password("zhang", GOOD + " and more")
    assert store.session_user(mine, NOW) is None
    assert store.session_user(other, NOW) == "li"


def test_end_all_signs_out_everywhere(store: Accounts) -> None:
    """All sessions of the account, none of another."""
    mine, other = store.begin_session("zhang", NOW), store.begin_session("li", NOW)
    store.end_all("zhang")
    assert (store.session_user(mine, NOW), store.session_user(other, NOW)) == (None, "li")


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_works_until_it_is_revoked(store: Accounts) -> None:
    """It is listed without its secret, and only its owner can revoke it."""
    info, secret = store.create_token("zhang", "夜间归档", NOW)
    assert secret.startswith(TOKEN_PREFIX)
    assert store.token_user(secret, NOW) == "zhang"
    assert [(t.id, t.name, t.used) for t in store.tokens("zhang")] == [(info.id, "夜间归档", NOW)]
    with pytest.raises(NotFound):
        store.revoke_token("li", info.id)
    store.revoke_token("zhang", info.id)
    assert store.token_user(secret, NOW) is None
    assert store.tokens("zhang") == []


def test_a_token_expires(store: Accounts) -> None:
    """From the instant of its expiry on it is nobody's."""
    _, secret = store.create_token("zhang", "once", NOW, NOW + timedelta(hours=1))
    assert store.token_user(secret, NOW + timedelta(minutes=59)) == "zhang"
    assert store.token_user(secret, NOW + timedelta(hours=1)) is None


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_upload_is_its_senders_for_a_day(store: Accounts) -> None:
    """Nobody else can claim it, and it is forgotten when staging forgets the bytes."""
    digest = "ab" * 32
    store.claim_upload("zhang", digest, "application/pdf", NOW)
    assert store.upload("zhang", digest, NOW) == "application/pdf"
    assert store.upload("li", digest, NOW) is None
    assert store.upload("zhang", digest, NOW + CLAIM + timedelta(seconds=1)) is None


def test_a_store_opened_again_knows_everything(kept: Kept, store: Accounts) -> None:
    """A restart signs nobody out and forgets no failure."""
    session = store.begin_session("zhang", NOW)
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    again = kept.open(FAST)
    assert again.session_user(session, NOW) == "zhang"
    with pytest.raises(TooManyAttempts):
        again.check_password("zhang", GOOD, NOW)


def test_what_has_ended_is_forgotten(kept: Kept, store: Accounts) -> None:
    """Sessions at a sign-in, claims at an upload, failures at an attempt: nothing piles up."""
    store.begin_session("zhang", NOW)
    store.claim_upload("zhang", "ab" * 32, "application/pdf", NOW)
    store.check_password("somebody", "wrong", NOW)
    later = NOW + ABSOLUTE + timedelta(seconds=1)
    store.begin_session("li", later)
    store.claim_upload("li", "cd" * 32, "application/pdf", later)
    store.check_password("another", "wrong", later)
    assert kept.counts() == {"passwords": 1, "attempts": 1, "sessions": 1, "tokens": 0, "uploads": 1}


def test_everything_may_happen_at_once(kept: Kept, store: Accounts) -> None:
    """Signing in, out and everywhere out, uploads, sweeps: of two stores, nobody waits for the other for ever."""
    doors = [store, kept.open(FAST)]

    def busy(n: int) -> None:
        door, at = doors[n % 2], NOW + n * IDLE
        for user in ("zhang", "li"):
            session = door.begin_session(user, at)
            door.claim_upload(user, f"{n % 5:064x}", "application/pdf", at)
            door.session_user(session, at + timedelta(minutes=5))
            door.end_all(user) if n % 3 == 0 else door.end_session(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(busy, range(64)))
    store.end_all("zhang")
    assert store.check_password("zhang", GOOD, NOW)
