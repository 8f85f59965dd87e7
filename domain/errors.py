"""Every error a user of Jianzheng can meet.

::

    JianzhengError                       one base: code, sentence in two languages, what to do next, exit code
    ├── InputError                  2    the input or the call is wrong
    │   ├── InvalidRecord                record.yaml or a form contradicts itself (file, line, field)
    │   ├── InvalidQuery                 a search that cannot be understood
    │   ├── InvalidCursor                the mark of the next page of a search is damaged or of another search
    │   ├── NotFound                     nothing by that name here
    │   ├── InvalidDigest                not the SHA-256 of anything
    │   ├── BlobErased                   a file that was made unreadable for good, and stays so
    │   ├── NotCanonical                 a value that has no canonical JSON
    │   ├── InvalidEntry                 not an entry of the ledger
    │   ├── InvalidTile                  not a tile or an entry bundle
    │   ├── InvalidNote                  a signed note, checkpoint or key that is malformed or does not verify
    │   ├── InvalidProof                 an inclusion or consistency proof that proves nothing
    │   ├── KeyFileInvalid               not a private key of ours
    │   ├── KeyFileExposed               a private key that others than its owner may read
    │   └── Conflict                     it exists already, or somebody else was first
    │       └── VersionConflict              another event took this place in its stream
    ├── NotAllowed                  4    the policy says no
    │   └── NotSignedIn                  nobody is signed in
    ├── Unavailable                 3    something needed cannot be reached; nothing was half done
    │   ├── ServerUnreachable            a server of ours does not answer: its adapter says which
    │   ├── ArchiveBusy                  another process holds the lock for too long
    │   ├── StorageFull                  no room left where files are kept
    │   ├── StorageNotWritable           read-only, or the rights are wrong
    │   ├── StorageFailed                the disk or the file system reports a fault
    │   ├── DocumentRejected             the search engine refuses one document
    │   ├── IndexLocked                  another process is writing the search index
    │   └── IndexDamaged                 the search index cannot be read; it can be rebuilt
    │       └── IndexPositionAltered         how far it has come was written by somebody else
    ├── IntegrityFault              1    what is stored is not what was recorded
    │   ├── BlobMissing                  a file that was kept is not there any more
    │   ├── BlobDamaged                  a kept file is not the bytes that its name promises
    │   ├── DatabaseDamaged              the database file itself cannot be read
    │   │   └── DatabaseMissing              it is not there any more
    │   ├── EventUnreadable              a stored event cannot be decoded
    │   ├── LedgerRolledBack             a tree smaller than, or inconsistent with, one that was signed
    │   ├── LastSignedDamaged            the signer's own memory of what it signed is lost or altered
    │   ├── LedgerInputAltered           an event is not what its leaf says, so that it cannot be published
    │   └── PublishedBytesDiffer         a published file that may never change has other bytes
    └── ProgramFault               70    the program itself is wrong: nobody foresaw what happened

Errors that belong to one module stand there, below one of these; docs/reference/errors.md lists them all.

A subclass sets ``code`` (stable: scripts match on it), ``zh`` and ``en`` (``str.format`` templates over the
keyword arguments it is raised with), and ``next_zh`` / ``next_en`` (what the person can do about it).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Lang = Literal["zh", "en"]

EXIT_DONE, EXIT_FOUND, EXIT_INPUT, EXIT_UNAVAILABLE, EXIT_DENIED = 0, 1, 2, 3, 4
EXIT_INTERNAL = 70  # EX_SOFTWARE of sysexits.h


class JianzhengError(Exception):
    """Base of all errors. ``file``, ``line`` (1-based) and ``field`` (dotted path) say where, when that is known."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = EXIT_INPUT
    http_status: ClassVar[int] = 400
    zh: ClassVar[str] = "操作没有完成。"
    en: ClassVar[str] = "The operation was not completed."
    next_zh: ClassVar[str] = ""
    next_en: ClassVar[str] = ""

    def __init__(
        self, *, file: str | None = None, line: int | None = None, field: str | None = None, **params: Any
    ) -> None:
        self.file, self.line, self.field, self.params = file, line, field, params
        super().__init__(self.message("en"))

    def message(self, lang: Lang = "zh") -> str:
        """One sentence for a person."""
        return self._fill(self.zh if lang == "zh" else self.en)

    def next_step(self, lang: Lang = "zh") -> str:
        """What to do about it; empty where the sentence already says it."""
        return self._fill(self.next_zh if lang == "zh" else self.next_en)

    def as_dict(self, lang: Lang = "zh") -> dict[str, Any]:
        """The ``error`` object of the JSON contract."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message(lang),
            "field": self.field,
            "line": self.line,
            "next": self.next_step(lang),
        }
        if self.file is not None:
            error["file"] = self.file
        return error

    def _fill(self, template: str) -> str:
        return template.format(file=self.file, line=self.line, field=self.field, **self.params)


# ── the input or the call is wrong ──────────────────────────────────────────────────────────────────────────────


class InputError(JianzhengError):
    """The caller can mend it: the same call, corrected, will work."""

    code = "input"
    http_status = 422


class InvalidRecord(InputError):
    """A record refuses to be filed because a value contradicts the form or another value."""

    code = "record_invalid"
    zh = "{problem_zh}"
    en = "{problem_en}"
    next_zh = "请改正后再存一次；这条记录没有存入。"
    next_en = "Correct it and file again; nothing of this record was stored."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidQuery(InputError):
    code = "query_invalid"
    zh = "查询语句看不懂：{problem_zh}。"
    en = "The query cannot be understood: {problem_en}."
    next_zh = "例：立行立改 整改措施；“整改措施”；family:rectification；-食堂。"
    next_en = 'For example: word word; "a phrase"; family:rectification; -word.'

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidCursor(InputError):
    code = "cursor_invalid"
    zh = "翻页标记无效，或者不是这次查询的。"
    en = "The page cursor is damaged, or belongs to another search."
    next_zh = "请从第一页重新查询。"
    next_en = "Search again from the first page."


class NotFound(InputError):
    code = "not_found"
    http_status = 404
    zh = "找不到{kind_zh}“{name}”。"
    en = "There is no {kind_en} “{name}”."
    next_zh = "请核对名称或编号。"
    next_en = "Check the name or code."

    def __init__(self, kind_zh: str, kind_en: str, name: object, **where: Any) -> None:
        super().__init__(kind_zh=kind_zh, kind_en=kind_en, name=name, **where)


class InvalidDigest(InputError):
    """Not the SHA-256 of anything: a digest is 64 lower-case hexadecimal digits."""

    code = "digest_invalid"
    zh = "“{value}”不是 SHA-256 指纹。"
    en = "“{value}” is not a SHA-256 digest."
    next_zh = "指纹是 64 位小写十六进制数字，请核对。"
    next_en = "A digest is 64 lower-case hexadecimal digits."

    def __init__(self, value: str, **where: Any) -> None:
        super().__init__(value=value[:80], **where)


class BlobErased(InputError):
    """A file that was made unreadable for good. That is no damage: the history says why, and it does not come back."""

    code = "blob_erased"
    http_status = 410
    zh = "文件 {sha256} 已经依规定销毁，不能再读取，同样的内容也不能再存入。"
    en = "The file {sha256} was erased for good: it can neither be read nor be filed again."
    next_zh = "销毁的依据和批准人，请看这条记录的历史。"
    next_en = "The history of its record says on what ground, and who approved it."

    def __init__(self, sha256: str, **where: Any) -> None:
        super().__init__(sha256=sha256, **where)


class Conflict(InputError):
    code = "conflict"
    http_status = 409


class VersionConflict(Conflict):
    """Somebody else appended to the stream since it was read; reading again and deciding again may work."""

    code = "version_conflict"
    zh = "刚才有人先一步改动了同一条记录。"
    en = "Somebody else changed the same record a moment ago."
    next_zh = "请刷新后再试。"
    next_en = "Reload it and try again."


# ── the policy says no ──────────────────────────────────────────────────────────────────────────────────────────


class NotAllowed(JianzhengError):
    """The policy of `domain.access` says no, and in which words."""

    code = "not_allowed"
    exit_code = EXIT_DENIED
    http_status = 403
    zh = "您不能这样做：{reason_zh}。"
    en = "This is not allowed: {reason_en}."
    next_zh = "如确有需要，请找本单位的管理员授权。"
    next_en = "If you need it, ask your administrator for the role."

    def __init__(self, reason_zh: str, reason_en: str, **where: Any) -> None:
        super().__init__(reason_zh=reason_zh, reason_en=reason_en, **where)


class NotSignedIn(NotAllowed):
    code = "not_signed_in"
    http_status = 401

    def __init__(self, **where: Any) -> None:
        super().__init__("请先登录", "please sign in first", **where)


# ── something needed cannot be reached ──────────────────────────────────────────────────────────────────────────


class Unavailable(JianzhengError):
    """Nothing was half done; the same call later will work."""

    code = "unavailable"
    exit_code = EXIT_UNAVAILABLE
    http_status = 503
    retry_after: int = 10
    """Seconds after which a program may ask again (RFC 9110, 10.2.3)."""
    next_zh = "没有留下半截数据，请稍后重试。"
    next_en = "Nothing was left half done; try again later."


class ServerUnreachable(Unavailable):
    """No answer from a server in the time allowed: whatever was asked of it, the same will work when it is back."""

    code = "server_unreachable"
    zh = "连不上服务器（{reason}）。"
    en = "A server cannot be reached ({reason})."

    def __init__(self, reason: str, **where: Any) -> None:
        super().__init__(reason=reason, **where)


class ArchiveBusy(Unavailable):
    code = "archive_busy"
    zh = "档案库正被另一个程序占用。"
    en = "The archive is held by another process."


class StorageFull(Unavailable):
    """ENOSPC or EDQUOT while writing; what was begun was taken away again."""

    code = "storage_full"
    http_status = 507
    zh = "存储空间已满，操作没有完成。"
    en = "The storage is full; the operation was not completed."
    next_zh = "请管理员清理或扩充存储空间，然后重试；没有留下半截数据。"
    next_en = "Free or add space, then try again; nothing was left half done."


class StorageNotWritable(Unavailable):
    """EACCES, EPERM or EROFS: the archive may not use its own folder."""

    code = "storage_not_writable"
    zh = "存储目录没有读写权限，操作没有完成。"
    en = "The storage folder is read-only or not permitted; the operation was not completed."
    next_zh = "请管理员检查存储目录的权限和挂载方式，然后重试。"
    next_en = "Check the folder's permissions and how it is mounted, then try again."


class StorageFailed(Unavailable):
    """Any other fault of the disk or the file system; ``reason`` is the system's own word for it."""

    code = "storage_failed"
    zh = "存储设备出错（{reason}），操作没有完成。"
    en = "The storage reports a fault ({reason}); the operation was not completed."
    next_zh = "请管理员检查磁盘，然后重试。"
    next_en = "Check the disk, then try again."

    def __init__(self, reason: str, **where: Any) -> None:
        super().__init__(reason=reason, **where)


# ── what is stored is not what was recorded ─────────────────────────────────────────────────────────────────────


class IntegrityFault(JianzhengError):
    """Raised where going on would build on damaged ground; `jianzheng verify` names everything that is wrong."""

    code = "integrity"
    exit_code = 1
    http_status = 500
    next_zh = "请运行 jianzheng verify 查看全部问题。"
    next_en = "Run jianzheng verify to see everything that is wrong."


class BlobMissing(IntegrityFault):
    """A digest that was asked for is not kept."""

    code = "blob_missing"
    zh = "文件 {sha256} 不在库中。"
    en = "The file {sha256} is not in the store."

    def __init__(self, sha256: str, **where: Any) -> None:
        super().__init__(sha256=sha256, **where)


class BlobDamaged(IntegrityFault):
    """The bytes kept under a digest are not the bytes with that digest."""

    code = "blob_damaged"
    zh = "库中的文件 {sha256} 已损坏，内容与指纹不符。"
    en = "The kept file {sha256} is damaged: its bytes do not match its digest."
    next_zh = "请从备份恢复该文件；运行 jianzheng verify 查看全部问题。"
    next_en = "Restore it from a backup; run jianzheng verify to see everything that is wrong."

    def __init__(self, sha256: str, **where: Any) -> None:
        super().__init__(sha256=sha256, **where)


class DatabaseDamaged(IntegrityFault):
    code = "database_damaged"
    zh = "数据库文件已损坏（{why}）。"
    en = "The database file is damaged ({why})."
    next_zh = "请先保留现场、停止写入，再从备份恢复。"
    next_en = "Keep the file as it is, stop writing, and restore from a backup."


class DatabaseMissing(DatabaseDamaged):
    code = "database_missing"
    zh = "数据库文件 {file} 不见了。"
    en = "The database file {file} is missing."
    next_zh = "请从备份恢复它；在那以前不要再存入任何内容。"
    next_en = "Restore it from a backup, and file nothing before that."


class EventUnreadable(IntegrityFault):
    code = "event_unreadable"
    zh = "事件 {what} 无法读取（{why}）。"
    en = "The event {what} cannot be read ({why})."


# ── the program itself is wrong ─────────────────────────────────────────────────────────────────────────────────


class ProgramFault(JianzhengError):
    """Nobody foresaw it; whoever looks after the program finds the cause in a log, never on the screen."""

    code = "program_fault"
    exit_code = EXIT_INTERNAL
    http_status = 500
