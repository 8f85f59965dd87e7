"""Passwords and sessions, which are kept beside the events."""

from __future__ import annotations

from typing import Protocol


class Credentials(Protocol):
    """Passwords and sessions of accounts: never events. Whether an account exists is the directory's matter."""

    def prepare(self, username: str, password: str) -> str:
        """What is kept in its place; nothing is changed yet. Raises an `InputError` for a password too weak."""
        ...

    def keep(self, username: str, prepared: str) -> None:
        """From now on the password is the one prepared; every session of the account ends, a thief's too."""
        ...

    def has_password(self, username: str) -> bool:
        """Whether one was ever kept for it."""
        ...

    def end_all(self, username: str) -> None:
        """Every session of the account ends."""
        ...
