"""Going on with the hashing of files where an interrupted check stopped (docs/design/verify.md says why it is sound).

While a check runs it notes which files it read and found good, with what the store says of each (inode and times, or
version and tag). The note is worth nothing without a word that only whoever started the check was told: each line is
sealed with it. So nobody who can write to the archive can make a check pass over a file.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from domain.errors import InputError
from domain.ports.blobs import FixityResult

FILE = "verify-resume.sqlite"
"""In the archive's folder, mode 0600. It goes when the check has run to its end."""

LONGEST = timedelta(hours=24)
"""After it a check begins anew: what it says of a file would be of too long ago."""

NOTED_FILES, NOTED_BYTES = 256, 256 << 20
"""Read at most that much again."""

_WORD = 12
"""Random bytes of the word."""


class ResumeRefused(InputError):
    code = "resume_refused"
    zh = "没有可以接着做的核验：{problem_zh}。"
    en = "There is no check to go on with: {problem_en}."
    next_zh = "请从头核验：jianzheng verify。"
    next_en = "Start anew: jianzheng verify."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


@runtime_checkable
class Identified(Protocol):
    """A store that tells, without reading a file, when it is not the one that was read before."""

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]:
        """Of those that are there."""
        ...


class Hashed:
    """The files that a check has read and found good. Used by one thread."""

    def __init__(self, path: Path, word: str, began: datetime) -> None:
        self._path, self.word, self.began = path, word, began
        self._db: sqlite3.Connection | None = None
        self.passed_over = 0

    @classmethod
    def begin(cls, path: Path, now: datetime) -> Hashed:
        """For a new check. Where nothing can be noted here, it goes on without."""
        made = cls(path, secrets.token_hex(_WORD), now)
        with suppress(OSError, sqlite3.Error):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            made._open()
            made._execute("CREATE TABLE check_run (began TEXT, seal BLOB)")
            made._execute("CREATE TABLE hashed (sha256 TEXT PRIMARY KEY, identity TEXT, seal BLOB) WITHOUT ROWID")
            made._execute("INSERT INTO check_run VALUES (?,?)", now.isoformat(), made._seal("", ""))
            made._commit()
        return made

    @classmethod
    def resume(cls, path: Path, word: str, now: datetime) -> Hashed:
        """Go on with the check that was interrupted. Raises `ResumeRefused`."""
        try:
            db = sqlite3.connect(f"file:{path}?mode=rw", uri=True)
            try:
                [(text, seal)] = db.execute("SELECT began, seal FROM check_run").fetchall()
            finally:
                db.close()
            made = cls(path, word, datetime.fromisoformat(text))
            sealed = hmac.compare_digest(made._seal("", ""), seal)
            fresh = timedelta() <= now - made.began <= LONGEST
        except (sqlite3.Error, ValueError, TypeError):
            raise ResumeRefused("没有中断的核验", "none was interrupted") from None
        if not sealed:
            raise ResumeRefused("接续码不对", "the word is not that of the check that was interrupted")
        if not fresh:
            raise ResumeRefused("上次的核验太久了", "the one that was interrupted began too long ago")
        made._open()
        return made

    def known(self, identities: Mapping[str, str]) -> set[str]:
        """Those of the files that were found good and are the same still."""
        same_still = set()
        for sha256, identity in identities.items():
            for kept, seal in self._execute("SELECT identity, seal FROM hashed WHERE sha256 = ?", sha256):
                same = kept == identity and isinstance(seal, bytes)
                if same and hmac.compare_digest(self._seal(sha256, identity), seal):
                    same_still.add(sha256)
        self.passed_over += len(same_still)
        return same_still

    def note(self, identities: Mapping[str, str]) -> None:
        """These were read and found good; ``identities`` are of before they were read."""
        with suppress(sqlite3.Error):  # a full disk: the check goes on, and could not be gone on with
            for sha256, identity in identities.items():
                self._execute(
                    "INSERT OR REPLACE INTO hashed VALUES (?,?,?)", sha256, identity, self._seal(sha256, identity)
                )
            self._commit()

    def done(self) -> None:
        """The check ran to its end: there is nothing to go on with."""
        self.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path)
        self._db.execute("PRAGMA synchronous=OFF")  # what is lost is hashed again

    def _commit(self) -> None:
        if self._db is not None:
            self._db.commit()

    def _execute(self, statement: str, *params: Any) -> list[Any]:
        return [] if self._db is None else self._db.execute(statement, params).fetchall()

    def _seal(self, sha256: str, identity: str) -> bytes:
        said = f"{self.began.isoformat()}\n{sha256}\n{identity}"
        return hmac.digest(self.word.encode(), said.encode(), "sha256")


class Notes:
    """What is noted of a page of files while they are read; ``known`` need not be read again."""

    def __init__(self, hashed: Hashed | None, blobs: object, digests: Iterable[str]) -> None:
        self._hashed = hashed if isinstance(blobs, Identified) else None
        self._identities: Mapping[str, str] = {}
        self.known: set[str] = set()
        if self._hashed is not None and isinstance(blobs, Identified):
            self._identities = blobs.identities(digests)  # before they are read: what comes later shows
            self.known = self._hashed.known(self._identities)
        self._good: dict[str, str] = {}
        self._bytes = 0

    def good(self, result: FixityResult) -> None:
        """Its bytes are those that were recorded."""
        if self._hashed is not None and result.sha256 in self._identities:
            self._good[result.sha256] = self._identities[result.sha256]
            self._bytes += result.size or 0

    def noting(self, results: Iterator[FixityResult]) -> Iterator[FixityResult]:
        """The same results; what was good among them is noted now and then, and when the check is interrupted."""
        try:
            for result in results:
                yield result
                if len(self._good) >= NOTED_FILES or self._bytes >= NOTED_BYTES:
                    self._write()
        finally:
            self._write()

    def _write(self) -> None:
        if self._hashed is not None and self._good:
            self._hashed.note(self._good)
        self._good, self._bytes = {}, 0
