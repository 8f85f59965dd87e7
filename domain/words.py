"""What something is called, in both languages of the interface.

The words of a vocabulary — states, kinds, roles — stand in one table beside what they name, a `Words` for each member.
Commands and pages take them from there; sentences of one page or command stand with that page or command.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.errors import Lang


class Words(NamedTuple):
    """A name for people. English begins with a small letter, as inside a sentence; labels of pages raise it."""

    zh: str
    en: str

    def said(self, lang: Lang) -> str:
        """In one of the languages."""
        return self.zh if lang == "zh" else self.en
