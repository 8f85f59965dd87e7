"""The errors of ledger, notes and keys, below the categories of `domain.errors`."""

from __future__ import annotations

from typing import Any

from domain.errors import InputError, IntegrityFault


class NotCanonical(InputError):
    code = "not_canonical"
    zh = "这个值无法写成规范 JSON：{problem_zh}。"
    en = "The value has no canonical JSON: {problem_en}."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidEntry(InputError):
    code = "entry_invalid"
    zh = "这不是账本条目：{problem_zh}。"
    en = "This is no entry of the ledger: {problem_en}."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidTile(InputError):
    code = "tile_invalid"
    zh = "账本的散列块或条目包有误：{problem_zh}。"
    en = "A tile or entry bundle is wrong: {problem_en}."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidNote(InputError):
    """A signed note, checkpoint or vkey that is malformed or does not verify."""

    code = "note_invalid"
    zh = "签名文本无效：{problem_zh}。"
    en = "The signed note is not valid: {problem_en}."
    next_zh = "请核对是否完整复制，以及公钥是否属于这个账本。"
    next_en = "Check that it was copied whole, and that the key is this ledger's."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class InvalidProof(InputError):
    code = "proof_invalid"
    zh = "证明不成立：{problem_zh}。"
    en = "The proof does not hold: {problem_en}."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class KeyFileInvalid(InputError):
    code = "key_file_invalid"
    zh = "签名密钥文件 {file} 读不出或内容不对。"
    en = "The signing key {file} cannot be read or is not a key."
    next_zh = "请从备份恢复密钥文件；不要新建密钥顶替，否则旧的检查点无法再延续。"
    next_en = "Restore it from a backup; a new key in its place could not continue the old checkpoints."


class KeyFileExposed(InputError):
    code = "key_file_exposed"
    zh = "签名密钥文件 {file} 的权限太宽，别的账户也能读到。"
    en = "The signing key {file} can be read by other accounts."
    next_zh = "请执行 chmod 600 {file}；如果可能已被人读过，请更换密钥。"
    next_en = "Run chmod 600 {file}; rotate the key if somebody may have read it."


class LedgerRolledBack(IntegrityFault):
    """The signer's rollback guard: this tree does not continue the one that was signed last, so it is not signed."""

    code = "ledger_rolled_back"
    zh = "账本倒退或被改写：已签署过 {signed} 条的检查点，现在的 {size} 条与它接不上，已停止签署。"
    en = (
        "The ledger went back or was rewritten: a checkpoint of {signed} leaves was signed,"
        " and the present {size} do not continue it. Signing has stopped."
    )
    next_zh = (
        "多半是恢复了旧备份，或有人改动过账本数据库。请运行 jianzheng verify 查明，再用最近的备份恢复"
        "事件库、账本库和文件；不要删除 keys/last-signed。"
    )
    next_en = (
        "Most likely an old backup was restored or the ledger's database was edited. Run jianzheng verify, then restore"
        " events, ledger and files from the newest backup; do not delete keys/last-signed."
    )

    def __init__(self, signed: int, size: int, **where: Any) -> None:
        super().__init__(signed=signed, size=size, **where)


class LastSignedDamaged(IntegrityFault):
    """Without knowing what was signed last, nothing more is signed."""

    code = "last_signed_damaged"
    zh = "签署记录 {file} 丢失或被改动，已停止签署。"
    en = "The note of what was signed last, {file}, is lost or altered. Signing has stopped."
    next_zh = "请从备份恢复它；如果 jianzheng verify 没有发现别的问题，也可以把账本公开目录里的 checkpoint 复制过去。"
    next_en = (
        "Restore it from a backup; where jianzheng verify finds nothing else,"
        " the published checkpoint may be copied there."
    )


class LedgerInputAltered(IntegrityFault):
    """The entry of a leaf cannot be published: the event was altered after it was integrated."""

    code = "ledger_input_altered"
    zh = "事件 {event}（叶序号 {index}）入账后被改动或删除，账本无法继续公布。"
    en = "Event {event} (leaf {index}) was altered or deleted after it was integrated; the ledger cannot be published."

    def __init__(self, event: str, index: int, **where: Any) -> None:
        super().__init__(event=event, index=index, **where)


class PublishedBytesDiffer(IntegrityFault):
    """Write-once: a tile, once there, is never written over."""

    code = "published_bytes_differ"
    zh = "账本公开文件 {file} 已存在，内容却不同；公布过的内容不会被覆盖。"
    en = "The public ledger file {file} is there with other bytes; what was published is never overwritten."
