"""What a question of ``jianzheng check`` is answered with, for a person and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from adapters.servers.safety import Risk
from domain.errors import JianzhengError, Lang

if TYPE_CHECKING:
    from adapters.home.connections import Servers
    from adapters.home.settings import Settings
    from api.cli.context import Context

State = Literal["ok", "warning", "missing"]
LANGUAGES: tuple[Lang, Lang] = ("zh", "en")


@dataclass(frozen=True)
class Answer:
    """``missing``: the archive does not work without it. A warning: it is unsafe, behind, or something else is off."""

    zh: str
    en: str
    address: str | None = None  # where it is, without secrets
    version: str | None = None
    behind: int | None = None  # None where there is nothing to follow
    unsafe: Sequence[Risk] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False
    missing: bool = False

    @property
    def state(self) -> State:
        if self.missing:
            return "missing"
        return "warning" if self.warning or self.unsafe or self.behind else "ok"

    def detail(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def as_json(self, name: str, lang: Lang) -> dict[str, Any]:
        return {
            "name": name,
            "state": self.state,
            "detail": self.detail(lang),
            "address": self.address,
            "version": self.version,
            "behind": self.behind,
            "unsafe": [{"code": remark.code, "message": remark.said(lang)} for remark in self.unsafe],
            "facts": dict(self.facts),
        }


def failed(error: JianzhengError, address: str | None = None) -> Answer:
    """The answer that an error is: what happened, what to do next, and that something is missing."""
    zh, en = (f"{error.message(lang)} {error.next_step(lang)}".strip() for lang in LANGUAGES)
    return Answer(zh, en, address, facts={"error": error.code}, missing=True)


@dataclass(frozen=True)
class Look:
    """What a question may look at. ``there``: the archive, which opens; without it the context has no parts of one."""

    context: Context
    settings: Settings
    servers: Servers
    there: bool
