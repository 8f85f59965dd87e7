"""The question of ``jianzheng check`` about locks: are files locked for as long as their records ask?"""

from __future__ import annotations

from adapters.servers.safety import Risk
from api.cli.check_answers import Answer, Look


def locks(look: Look) -> Answer:
    """How files are locked, and how many still wait for it; without a lock there is nothing to look at."""
    bucket = look.servers.bucket
    if bucket is None or bucket.address.lock == "off":
        return Answer("文件没有锁定期限", "files are not locked", behind=0, facts={"lock": "off"})
    from adapters.blobs.s3_locks import read_progress
    from indexers.locks import waiting

    last, behind = read_progress(bucket)[0].counted(), waiting(look.context.events, bucket)
    lock = bucket.address.lock
    zh, en = f"锁定方式 {lock}，{last.files} 个文件", f"{lock}, {last.files} files"
    if behind:
        zh = f"{zh}；还有 {behind} 个文件没有按保管期限锁定"
        en = f"{en}; {behind} not yet locked for as long as their records ask"
    unsafe = []
    if last.mended:
        unsafe.append(
            Risk(
                "locks_shortened",
                f"有 {last.mended} 个文件的锁定被人缩短，已经补足。",
                f"Somebody had shortened the locks of {last.mended} files; they were lengthened again.",
            )
        )
    if last.refused:
        names = ", ".join(last.names)
        unsafe.append(
            Risk(
                "locks_refused",
                f"有 {last.refused} 个文件存储服务器不让锁定：{names}。",
                f"The file server refused to lock {last.refused} files: {names}.",
            )
        )
    facts = {"lock": lock, "files": last.files, "mended": last.mended, "refused": last.refused}
    return Answer(zh, en, behind=behind, unsafe=unsafe, facts=facts)
