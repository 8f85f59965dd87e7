"""The errors of a search index, below the categories of `domain.errors`."""

from __future__ import annotations

from typing import Any

from domain.errors import Unavailable


class DocumentRejected(Unavailable):
    """A search engine takes the batch but not this document; ``document`` is its id."""

    code = "search_document_rejected"
    zh = "搜索服务器没有收下记录 {document}（{reason}）。"
    en = "The search server did not take the document {document} ({reason})."
    next_zh = "档案本身没有受损；其余记录照常编入索引。请把这条信息交给管理员；查明原因后运行 jianzheng index retry。"
    next_en = (
        "The archive itself is unharmed, and the other records are indexed as usual. Pass this on to whoever looks"
        " after the program; once the cause is mended, run jianzheng index retry."
    )

    def __init__(self, document: str, reason: str, **where: Any) -> None:
        super().__init__(document=document, reason=reason, **where)


class IndexLocked(Unavailable):
    code = "index_locked"
    zh = "另一个程序正在写检索索引。"
    en = "Another process is writing the search index."
    next_zh = "检索不受影响；等它写完，或先停止它，再试一次。"
    next_en = "Searching still works; wait until it has finished, or stop it, and try again."


class IndexDamaged(Unavailable):
    code = "index_damaged"
    zh = "检索索引无法读写：{detail}。"
    en = "The search index cannot be read or written: {detail}."
    next_zh = "档案本身没有受损；请运行 jianzheng index rebuild 重建索引。"
    next_en = "The archive itself is unharmed; run jianzheng index rebuild."


class IndexPositionAltered(IndexDamaged):
    """How far the index has come was not written by this program; so nobody knows what else was."""

    code = "index_position_altered"
    zh = "检索索引里记的进度被别人改写过；索引会从头补一遍，期间检索照常。"
    en = (
        "How far the search index has come was written over by somebody else; it is gone through from the beginning,"
        " and searches go on meanwhile."
    )
    next_zh = (
        "档案本身没有受损；请运行 jianzheng verify 查看索引里还有什么被改动，再运行 jianzheng index rebuild 重建。"
    )
    next_en = (
        "The archive itself is unharmed; run jianzheng verify to see what else was changed in the index, then"
        " jianzheng index rebuild."
    )

    def __init__(self, **where: Any) -> None:
        super().__init__(detail="position", **where)
