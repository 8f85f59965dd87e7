"""The account store: passwords, throttling, sessions, tokens and claims on uploads."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.accounts import ABSOLUTE, CLAIM, IDLE, TOKEN_PREFIX, AccountStore, PasswordTooWeak
from adapters.throttling import ADDRESS_FREE, FORGET, LONGEST, USER_FREE, TooManyAttempts, pause_after
from domain.errors import NotFound

NOW = datetime(2023, 5, 4, 4, 0, tzinfo=UTC)
GOOD = "four quiet words here"
FAST = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture
def store(tmp_path: Path) -> AccountStore:
    made = AccountStore(tmp_path / "accounts.sqlite", FAST)
    made.set_password("zhang", GOOD)
    return made


def stored_bytes(store: AccountStore) -> bytes:
    folder = store._path.parent
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{store._path.name}*")))


# ── passwords ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_right_password_is_accepted_and_no_other(store: AccountStore) -> None:
    """Only the account's own password, and none for an account that has none."""
    assert store.check_password("zhang", GOOD, NOW)
    assert not store.check_password("zhang", GOOD + "!", NOW)
    assert not store.check_password("li", GOOD, NOW)
    assert store.has_password("zhang")
    assert not store.has_password("li")


def test_the_file_is_private_and_holds_no_secret(store: AccountStore) -> None:
    """Only the owner may read the file and its journal, and neither holds a password, session or token."""
    session = store.begin_session("zhang", NOW)
    _, token = store.create_token("zhang", "backup", NOW)
    for path in store._path.parent.glob("accounts.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
    held = stored_bytes(store)
    for secret in (GOOD, session, token, token.removeprefix(TOKEN_PREFIX)):
        assert secret.encode() not in held


def test_an_argon2_hash_is_kept_by_default(tmp_path: Path) -> None:
    """Without a hasher of its own the store uses Argon2id with the library's current cost."""
    store = AccountStore(tmp_path / "a.sqlite")
    store.set_password("zhang", GOOD)
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in stored_bytes(store)
    assert store.check_password("zhang", GOOD, NOW)


@pytest.mark.parametrize("password", ["", "short", "zhang", "aaaaaaaaaaaa", "abcabcabcabc", "x" * 1025])
def test_a_weak_password_is_refused(store: AccountStore, password: str) -> None:
    """Too short, too long, or of too few different characters; the old one stays valid."""
    with pytest.raises(PasswordTooWeak):
        store.set_password("zhang", password)
    assert store.check_password("zhang", GOOD, NOW)


def test_the_user_name_is_no_password(store: AccountStore) -> None:
    """Not even where it is long enough, and not in capitals."""
    with pytest.raises(PasswordTooWeak):
        store.set_password("zhangmin-01", "ZhangMin-01")


def test_the_same_characters_typed_otherwise_are_the_same_password(store: AccountStore) -> None:
    """Full-width letters and composed accents are what they look like."""
    store.set_password("zhang", "Ｐｌａｎ２０２３－ｏｋ")
    assert store.check_password("zhang", "Plan2023-ok", NOW)


@pytest.mark.parametrize("text", ["\ud800" * 12, "\0" * 12, "x" * 100_000, "'; DROP TABLE passwords; --"])
def test_hostile_text_signs_nobody_in(store: AccountStore, text: str) -> None:
    """Whatever is typed is a wrong password or an unknown account, never an error."""
    assert not store.check_password("zhang", text, NOW)
    assert not store.check_password(text, GOOD, NOW)
    assert store.session_user(text, NOW) is None
    assert store.token_user(text, NOW) is None


def test_a_hash_that_was_replaced_by_nonsense_lets_nobody_in(store: AccountStore) -> None:
    """Somebody wrote into the file: the account is closed to everyone rather than open to anyone."""
    with sqlite3.connect(store._path) as db:
        db.execute("UPDATE passwords SET hash = 'nonsense'")
    db.close()
    assert not store.check_password("zhang", "nonsense", NOW)


# ── throttling ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pause_doubles_up_to_a_quarter_hour() -> None:
    """No pause for the first failures, then 2, 4, 8 … seconds, never more than the longest."""
    assert [pause_after(n, 5) for n in (0, 4, 5, 6, 7)] == [0, 0, 2, 4, 8]
    assert pause_after(1000, 5) == LONGEST


@pytest.mark.parametrize("username", ["zhang", "nobody-of-that-name"])
def test_guessing_at_an_account_is_slowed_down(store: AccountStore, username: str) -> None:
    """After a few failures even the right password waits; unknown accounts behave the same."""
    for _ in range(USER_FREE):
        assert not store.check_password(username, "wrong", NOW)
    with pytest.raises(TooManyAttempts) as caught:
        store.check_password(username, GOOD, NOW)
    assert caught.value.retry_after == 2
    assert caught.value.http_status == 429
    later = NOW + timedelta(seconds=2)
    assert store.check_password(username, GOOD, later) is (username == "zhang")


def test_waiting_does_not_lengthen_the_pause(store: AccountStore) -> None:
    """An attempt during the pause is refused without counting, or a script could lock a colleague out for ever."""
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            store.check_password("zhang", "wrong", NOW)
    assert store.check_password("zhang", GOOD, NOW + timedelta(seconds=2))


def test_success_forgets_the_failures_of_the_account(store: AccountStore) -> None:
    """Mistyping now and then never adds up."""
    for _ in range(5):
        for _ in range(USER_FREE - 1):
            store.check_password("zhang", "wrong", NOW)
        assert store.check_password("zhang", GOOD, NOW)


def test_an_address_that_tries_many_accounts_is_slowed_down(store: AccountStore) -> None:
    """One password tried on every account; signing in to an account of one's own does not help."""
    for n in range(ADDRESS_FREE):
        store.check_password(f"user-{n}", "wrong", NOW, "192.0.2.1")
        if n % 10 == 0:
            assert store.check_password("zhang", GOOD, NOW, "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        store.check_password("zhang", GOOD, NOW, "192.0.2.1")
    assert store.check_password("zhang", GOOD, NOW, "192.0.2.2")


def test_failures_are_forgotten_after_a_day(store: AccountStore) -> None:
    """What happened yesterday delays nobody today."""
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    assert not store.check_password("zhang", "wrong", NOW + timedelta(seconds=FORGET + 1))
    assert store.check_password("zhang", GOOD, NOW + timedelta(seconds=FORGET + 1))


def test_many_guesses_at_once_are_not_cheaper(store: AccountStore) -> None:
    """Attempts made at the same moment count one by one: no more of them are let through."""

    def guess(_: int) -> str:
        try:
            return str(store.check_password("zhang", "wrong", NOW))
        except TooManyAttempts:
            return "later"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(40)))
    assert outcomes.count("False") == USER_FREE


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_belongs_to_its_account_until_it_ends(store: AccountStore) -> None:
    """Each sign-in has an id of its own, and signing out ends only that one."""
    one, two = store.begin_session("zhang", NOW), store.begin_session("zhang", NOW)
    assert one != two
    store.end_session(one)
    assert store.session_user(one, NOW) is None
    assert store.session_user(two, NOW) == "zhang"


def test_a_session_that_is_not_used_ends(store: AccountStore) -> None:
    """Idle time runs from the last use."""
    session = store.begin_session("zhang", NOW)
    used = NOW + IDLE - timedelta(minutes=1)
    assert store.session_user(session, used) == "zhang"
    assert store.session_user(session, used + IDLE - timedelta(minutes=1)) == "zhang"
    assert store.session_user(session, used + 2 * IDLE) is None


def test_a_session_ends_however_much_it_is_used(store: AccountStore) -> None:
    """After a week one signs in again."""
    session = store.begin_session("zhang", NOW)
    at = NOW
    while at < NOW + ABSOLUTE - IDLE:
        at += IDLE / 2
        assert store.session_user(session, at) == "zhang"
    assert store.session_user(session, NOW + ABSOLUTE + timedelta(seconds=1)) is None


def test_a_new_password_ends_every_session_of_the_account(store: AccountStore) -> None:
    """Whoever stole a session is out, and other accounts are not touched."""
    store.set_password("li", GOOD)
    mine, other = store.begin_session("zhang", NOW), store.begin_session("li", NOW)
    store.set_password("zhang", GOOD + " and more")
    assert store.session_user(mine, NOW) is None
    assert store.session_user(other, NOW) == "li"


def test_end_all_signs_out_everywhere(store: AccountStore) -> None:
    """All sessions of the account, none of another."""
    mine, other = store.begin_session("zhang", NOW), store.begin_session("li", NOW)
    store.end_all("zhang")
    assert (store.session_user(mine, NOW), store.session_user(other, NOW)) == (None, "li")


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_works_until_it_is_revoked(store: AccountStore) -> None:
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


def test_a_token_expires(store: AccountStore) -> None:
    """From the instant of its expiry on it is nobody's."""
    _, secret = store.create_token("zhang", "once", NOW, NOW + timedelta(hours=1))
    assert store.token_user(secret, NOW + timedelta(minutes=59)) == "zhang"
    assert store.token_user(secret, NOW + timedelta(hours=1)) is None


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_upload_is_its_senders_for_a_day(store: AccountStore) -> None:
    """Nobody else can claim it, and it is forgotten when staging forgets the bytes."""
    digest = "ab" * 32
    store.claim_upload("zhang", digest, "application/pdf", NOW)
    assert store.upload("zhang", digest, NOW) == "application/pdf"
    assert store.upload("li", digest, NOW) is None
    assert store.upload("zhang", digest, NOW + CLAIM + timedelta(seconds=1)) is None


def test_a_store_opened_again_knows_everything(store: AccountStore) -> None:
    """A restart signs nobody out and forgets no failure."""
    session = store.begin_session("zhang", NOW)
    for _ in range(USER_FREE):
        store.check_password("zhang", "wrong", NOW)
    again = AccountStore(store._path, FAST)
    assert again.session_user(session, NOW) == "zhang"
    with pytest.raises(TooManyAttempts):
        again.check_password("zhang", GOOD, NOW)
