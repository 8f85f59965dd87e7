"""Credentials of accounts: the rules for passwords, sessions, API tokens and pending uploads, wherever the tables are.

None of this is ever an event: it may be forgotten, it must not be public. Whether an account exists and what it may do
is the directory's matter. A password is kept as an Argon2id hash; of session ids and tokens, which are 256 random
bits, only the SHA-256 is kept, so a stolen copy of the tables signs nobody in.

Time is passed in. Safe to use from several threads and processes.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import LiteralString, NamedTuple

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.accounts.throttling import ADDRESS_FREE, FORGET, USER_FREE, TooManyAttempts, pause_after
from adapters.disk.tables import Statements
from domain.errors import InputError, NotFound

PASSWORD_LENGTH = range(10, 1025)
"""Characters; the upper end keeps the hashing of a megabyte from being a way to slow the server down."""

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
"""A session ends when it was not used for the first, and in any case after the second."""

TOUCH = timedelta(minutes=1)
"""How often the last use of a session or token is noted at most: reading a page should not write."""

CLAIM = timedelta(hours=24)
"""How long an upload stays its owner's to name in a record; staging keeps the bytes as long."""

FORGET_CLAIMS = timedelta(minutes=10)
"""How often a process clears away the claims that have ended; what they say is not believed any more before that."""

TOKEN_PREFIX = "jz_"  # noqa: S105  (what every token begins with, so that scanners find leaked ones)

HASHING_AT_ONCE = 2
"""One Argon2 hash takes 64 MiB of memory; more at once would let a crowd at the door use up the machine."""


class PasswordTooWeak(InputError):
    code = "password_too_weak"
    zh = "这个口令太弱：{why_zh}。"
    en = "This password is too weak: {why_en}."
    next_zh = "请换一个至少 10 个字符、别人猜不到的口令；几个不相干的词连起来就很好。"
    next_en = "Choose one of at least 10 characters that nobody guesses; a few unrelated words do well."


class TokenInfo(NamedTuple):
    """An API token as its owner sees it later; the secret itself is shown once, when it is made."""

    id: str
    name: str
    created: datetime
    expires: datetime | None
    used: datetime | None


class Accounts(ABC):
    """Subclasses say how one speaks to the tables: `adapters.accounts.sqlite` and `adapters.accounts.postgres`."""

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash((Argon2Hasher(),))
        self._hashing = threading.Semaphore(HASHING_AT_ONCE)
        self._forgotten = 0.0  # when ended claims were cleared away; of two threads at once both may do it

    @abstractmethod
    def _transaction(self, *, durable: bool = True) -> AbstractContextManager[Statements]:
        """To write with; committed at the end, else rolled back. The database's errors become ours."""

    @abstractmethod
    def _connection(self) -> AbstractContextManager[Statements]:
        """For one statement that reads."""

    @abstractmethod
    def _alone(self, db: Statements) -> None:
        """For the rest of the transaction nobody else counts attempts."""

    @abstractmethod
    def _forget(self, db: Statements, table: LiteralString, which: LiteralString, values: Sequence[float]) -> None:
        """Delete rows that count no more. Some may be left for the next time."""

    # ── passwords ───────────────────────────────────────────────────────────────────────────────────────────────

    def prepare(self, username: str, password: str) -> str:
        """The hash that is kept in its place. Raises `PasswordTooWeak`."""
        secret = _normal(password)
        _require_strong(username, secret)
        with self._hashing:
            return self._hasher.hash(secret)

    def keep(self, username: str, prepared: str) -> None:
        """From now on the password is the one prepared. Every session of the account ends, a thief's too."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO passwords VALUES (?, ?) ON CONFLICT (username) DO UPDATE SET hash = excluded.hash",
                (username, prepared),
            )
            db.execute("DELETE FROM sessions WHERE username = ?", (username,))

    def set_password(self, username: str, password: str) -> None:
        """Both at once. Raises `PasswordTooWeak`."""
        self.keep(username, self.prepare(username, password))

    def has_password(self, username: str) -> bool:
        with self._connection() as db:
            return db.execute("SELECT 1 FROM passwords WHERE username = ?", (username,)).fetchone() is not None

    def check_password(self, username: str, password: str, now: datetime, address: str = "") -> bool:
        """Is it the account's password? An unknown account takes as long. Raises `TooManyAttempts`.

        An attempt counts as failed from its beginning, so that many at once are not more than one after another.
        """
        username = _encodable(username[:64])
        subjects = [(f"user:{username}", USER_FREE)]
        if address:
            subjects.append((f"address:{address}", ADDRESS_FREE))
        with self._transaction() as db:
            row = db.execute("SELECT hash FROM passwords WHERE username = ?", (username,)).fetchone()
            self._attempt(db, subjects, now.timestamp())
        secret = _normal(password[: PASSWORD_LENGTH.stop])
        with self._hashing:
            if row is None:
                self._hasher.hash(secret)
                return False
            try:
                right, better = self._hasher.verify_and_update(secret, row[0])
            except PwdlibError:  # the stored hash is not one of ours: nobody gets in with it
                return False
        if right:
            with self._transaction() as db:
                self._alone(db)
                db.execute("DELETE FROM attempts WHERE subject = ?", (subjects[0][0],))
                # Only this attempt is taken back: one good account must not open the door to guesses at others.
                for subject, _ in subjects[1:]:
                    db.execute("UPDATE attempts SET failures = failures - 1 WHERE subject = ?", (subject,))
                if better is not None:  # and nobody set a new password in the meantime
                    db.execute(
                        "UPDATE passwords SET hash = ? WHERE username = ? AND hash = ?", (better, username, row[0])
                    )
        return right

    def _attempt(self, db: Statements, subjects: list[tuple[str, int]], now: float) -> None:
        self._alone(db)
        self._forget(db, "attempts", "last < ?", (now - FORGET,))
        for subject, free in subjects:
            row = db.execute("SELECT failures, last FROM attempts WHERE subject = ?", (subject,)).fetchone()
            wait = 0.0 if row is None else row[1] + pause_after(row[0], free) - now
            if wait > 0:
                raise TooManyAttempts(wait)
        for subject, _ in subjects:
            db.execute(
                "INSERT INTO attempts VALUES (?, 1, ?)"
                " ON CONFLICT (subject) DO UPDATE SET failures = attempts.failures + 1, last = excluded.last",
                (subject, now),
            )

    # ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────

    def begin_session(self, username: str, now: datetime) -> str:
        """A fresh id for the cookie, whatever the browser sent before: nobody can fix it in advance."""
        session = secrets.token_urlsafe(32)
        at = now.timestamp()
        with self._transaction() as db:
            ended = (at - IDLE.total_seconds(), at - ABSOLUTE.total_seconds())
            self._forget(db, "sessions", "used < ? OR created < ?", ended)
            db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(session), username, at, at))
        return session

    def session_user(self, session: str, now: datetime) -> str | None:
        """Whose session it is; None for an unknown or expired one."""
        at, hashed = now.timestamp(), _digest(session)
        with self._connection() as db:
            row = db.execute("SELECT username, created, used FROM sessions WHERE hash = ?", (hashed,)).fetchone()
        if row is None or at - row[2] > IDLE.total_seconds() or at - row[1] > ABSOLUTE.total_seconds():
            return None
        if at - row[2] > TOUCH.total_seconds():
            with self._transaction() as db:
                db.execute("UPDATE sessions SET used = ? WHERE hash = ?", (at, hashed))
        return str(row[0])

    def end_session(self, session: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM sessions WHERE hash = ?", (_digest(session),))

    def end_all(self, username: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM sessions WHERE username = ?", (username,))

    # ── API tokens ──────────────────────────────────────────────────────────────────────────────────────────────

    def create_token(
        self, username: str, name: str, now: datetime, expires: datetime | None = None
    ) -> tuple[TokenInfo, str]:
        """The token and its secret, which is shown this once."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        info = TokenInfo(secrets.token_hex(8), name, now, expires, None)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (info.id, _digest(secret), username, name, now.timestamp(), expires and expires.timestamp()),
            )
        return info, secret

    def token_user(self, secret: str, now: datetime) -> str | None:
        """Whose token it is; None for an unknown, revoked or expired one."""
        at = now.timestamp()
        with self._connection() as db:
            row = db.execute(
                "SELECT username, expires, used, id FROM tokens WHERE hash = ?", (_digest(secret),)
            ).fetchone()
        if row is None or (row[1] is not None and row[1] <= at):
            return None
        if row[2] is None or at - row[2] > TOUCH.total_seconds():
            with self._transaction() as db:
                db.execute("UPDATE tokens SET used = ? WHERE id = ?", (at, row[3]))
        return str(row[0])

    def tokens(self, username: str) -> list[TokenInfo]:
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, name, created, expires, used FROM tokens WHERE username = ? ORDER BY created, id",
                (username,),
            ).fetchall()
        return [TokenInfo(i, name, _instant(c), e and _instant(e), u and _instant(u)) for i, name, c, e, u in rows]

    def revoke_token(self, username: str, token_id: str) -> None:
        """Raises `NotFound` for one that is not the account's."""
        with self._transaction() as db:
            cursor = db.execute("DELETE FROM tokens WHERE id = ? AND username = ?", (token_id, username))
        if cursor.rowcount == 0:
            raise NotFound("令牌", "token", token_id)

    # ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────

    def claim_upload(self, username: str, sha256: str, media_type: str, now: datetime) -> None:
        """Note that this account sent these bytes: it, and nobody else, may name them in a record."""
        at = now.timestamp()
        if not 0 <= at - self._forgotten < FORGET_CLAIMS.total_seconds():
            with self._transaction(durable=False) as db:
                self._forget(db, "uploads", "at < ?", (at - CLAIM.total_seconds(),))
            self._forgotten = at
        self._note_upload((username, sha256, media_type, at))

    def _note_upload(self, values: tuple[str, str, str, float]) -> None:
        """A power cut may take the note: the client uploads again, as it must when the staged file's name is lost."""
        with self._transaction(durable=False) as db:
            db.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?)"
                " ON CONFLICT (username, sha256) DO UPDATE SET media_type = excluded.media_type, at = excluded.at",
                values,
            )

    def upload(self, username: str, sha256: str, now: datetime) -> str | None:
        """The media type of what the account uploaded under that digest; None where it did not, or long ago."""
        with self._connection() as db:
            row = db.execute(
                "SELECT media_type FROM uploads WHERE username = ? AND sha256 = ? AND at >= ?",
                (username, sha256, now.timestamp() - CLAIM.total_seconds()),
            ).fetchone()
        return None if row is None else str(row[0])

    def forget_uploads(self, sha256: str) -> None:
        """Whoever sent a file that was erased may claim it no more."""
        with self._transaction() as db:
            db.execute("DELETE FROM uploads WHERE sha256 = ?", (sha256,))

    # ── another store ───────────────────────────────────────────────────────────────────────────────────────────

    def take_over(self, source: Accounts) -> tuple[int, int]:
        """The passwords (as hashes) and tokens of another store in place of those here; how many of each.

        Sessions stay behind, and so do failed attempts and uploads: people sign in again.
        """
        with source._transaction() as theirs:
            passwords = theirs.execute("SELECT username, hash FROM passwords").fetchall()
            tokens = theirs.execute("SELECT id, hash, username, name, created, expires, used FROM tokens").fetchall()
        with self._transaction() as db:
            db.execute("DELETE FROM passwords")
            db.execute("DELETE FROM sessions")
            db.execute("DELETE FROM tokens")
            for row in passwords:
                db.execute("INSERT INTO passwords VALUES (?, ?)", row)
            for row in tokens:
                db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return len(passwords), len(tokens)


def _normal(password: str) -> str:
    """The same password typed on another keyboard or system is the same characters (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", _encodable(password))


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can say, is no character that could be stored."""
    return text.encode("utf-8", "replace").decode()


def _require_strong(username: str, password: str) -> None:
    if len(password) not in PASSWORD_LENGTH:
        raise PasswordTooWeak(
            why_zh=f"应有 {PASSWORD_LENGTH.start} 到 {PASSWORD_LENGTH.stop - 1} 个字符",
            why_en=f"it must have {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters",
            field="password",
        )
    if password.casefold() == username.casefold():
        raise PasswordTooWeak(why_zh="它与用户名相同", why_en="it is the user name", field="password")
    if len(set(password)) < 4:
        raise PasswordTooWeak(why_zh="不同的字符太少", why_en="it has too few different characters", field="password")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
