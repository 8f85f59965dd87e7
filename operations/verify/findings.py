"""What the check says: findings, each with a class and an address that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from domain.errors import Lang
from domain.words import Words

Class = Literal[
    "altered", "deleted", "inserted", "reordered", "rolled back", "forked", "unauthorised", "stale"
]  # fmt: skip
Subject = Literal["event", "file", "leaf", "tile", "checkpoint", "timestamp", "ledger", "database", "index", "report"]

CLASSES: dict[str, Words] = {
    "altered": Words("被改动", "altered"),
    "deleted": Words("被删除", "deleted"),
    "inserted": Words("被插入", "inserted"),
    "reordered": Words("被调换", "reordered"),
    "rolled back": Words("被回退", "rolled back"),
    "forked": Words("分叉", "forked"),
    "unauthorised": Words("不合规则", "unauthorised"),
    "stale": Words("过时", "stale"),
}
"""Classes as shown to people."""
SUBJECTS: dict[str, Words] = {
    "event": Words("事件", "event"),
    "file": Words("文件", "file"),
    "leaf": Words("账本叶", "leaf"),
    "tile": Words("账本块", "tile"),
    "checkpoint": Words("检查点", "checkpoint"),
    "timestamp": Words("时间戳", "time stamp"),
    "ledger": Words("账本", "ledger"),
    "database": Words("数据库", "database"),
    "index": Words("检索索引", "search index"),
    "report": Words("年报", "report"),
}
"""What findings are about, as shown to people."""
STAGES: dict[str, Words] = {
    "ledger": Words("账本与事件", "ledger and events"),
    "files": Words("文件", "files"),
    "rules": Words("业务规则", "rules"),
    "index": Words("检索索引", "search index"),
    "reports": Words("年报底账", "index of figures"),
    "issued": Words("已签发的年报", "issued reports"),
}
"""What the check is at, as it tells its progress."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was recorded."""

    klass: Class
    subject: Subject
    detail_zh: str
    detail_en: str
    record: str | None = None  # as `describe` names the stream of the event
    event: str | None = None  # "<stream id>/<version>"
    file: str | None = None  # name of an attachment; path of a published file; name of a database
    leaf_index: int | None = None

    def detail(self, lang: Lang = "zh") -> str:
        return self.detail_zh if lang == "zh" else self.detail_en

    def as_json(self, lang: Lang = "zh") -> dict[str, Any]:
        return {
            "class": self.klass,
            "subject": self.subject,
            "record": self.record,
            "event": self.event,
            "file": self.file,
            "leaf_index": self.leaf_index,
            "detail": self.detail(lang),
        }


@dataclass(frozen=True)
class Caveat:
    """Something that could not be checked, or that is worth knowing though nothing is wrong."""

    zh: str
    en: str

    def text(self, lang: Lang = "zh") -> str:
        return self.zh if lang == "zh" else self.en


class Sample(NamedTuple):
    """Of how many files some were hashed, and the seed that chooses the same ones again."""

    files: int
    of: int
    seed: int

    def as_json(self) -> dict[str, int]:
        return self._asdict()


@dataclass
class Verification:
    """The outcome of one run. It is sound when there is no finding."""

    tree_size: int = 0
    root: bytes = b""
    events: int = 0
    files: int = 0
    bytes: int = 0
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[Caveat] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)  # digests of files whose filing was interrupted
    sample: Sample | None = None  # None: every file was hashed

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, klass: Class, subject: Subject, zh: str, en: str, **address: Any) -> None:
        self.findings.append(Finding(klass, subject, zh, en, **address))

    def remark(self, zh: str, en: str) -> None:
        self.not_checked.append(Caveat(zh, en))

    def as_json(self, lang: Lang = "zh") -> dict[str, Any]:
        """The document of ``verify --json``."""
        return {
            "ok": self.ok,
            "tree_size": self.tree_size,
            "root": self.root.hex(),
            "checked": {"events": self.events, "files": self.files, "bytes": self.bytes},
            "findings": [finding.as_json(lang) for finding in self.findings],
            "not_checked": [remark.text(lang) for remark in self.not_checked],
            "leftovers": self.leftovers,
            "sample": None if self.sample is None else self.sample.as_json(),
        }


@dataclass(frozen=True)
class Refusal:
    """Why the domain's rules could not have produced version ``version`` of a stream."""

    version: int
    zh: str
    en: str


Progress = Callable[[str, int, int], None]
"""``progress(stage, done, total)``; stages: ``ledger``, ``files``, ``rules``, ``index``, ``reports``, ``issued``."""

NamedFile = tuple[str, str, int]
"""name, SHA-256 as 64 hexadecimal digits, size"""

FilesOf = Callable[[str, bytes], Iterable[NamedFile]]
"""Topic and stored state of an event → the files it names. Must not raise for whatever bytes it is given."""

FitsAlone = Callable[[str, int, str, bytes], bool]
"""Id (32 hexadecimal digits), version, topic and stored state of an event → whether the rules have no objection to it
by itself (`domain.audit.fits_alone`). Must not raise for whatever bytes it is given; False is always safe."""
