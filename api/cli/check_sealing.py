"""The question of ``jianzheng check`` about sealed files: can they be made unreadable, and who can read their keys?"""

from __future__ import annotations

import stat

from adapters.home import parts
from adapters.servers.safety import Risk
from api.cli.check_answers import Answer, Look

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def sealing(look: Look) -> Answer:
    """How many files have keys and how many were erased; unsafe are locks on plain files, and keys that others may
    read.
    """
    settings, bucket = look.settings, look.servers.bucket
    keys, destroyed = parts.tables(settings, look.servers).blob_keys().counts()
    zh, en = ("新文件加密存放", "new files are sealed") if settings.sealing else ("文件不加密", "files are not sealed")
    if keys:
        zh, en = f"{zh}，{keys} 个文件有密钥", f"{en}, {keys} have keys"
    if destroyed:
        zh, en = f"{zh}，{destroyed} 个已销毁", f"{en}, {destroyed} were erased"
    unsafe = []
    if bucket is not None and bucket.address.lock != "off" and not settings.sealing:
        unsafe.append(
            Risk(
                "locked_unsealed",
                "文件上锁而不加密（JIANZHENG_SEAL=off）：锁定期满以前，依法该销毁的也销毁不了。",
                "Files are locked and not sealed (JIANZHENG_SEAL=off): before a lock ends nothing can be erased.",
            )
        )
    file = settings.blob_keys_file
    if settings.database is None and file.exists() and (mode := stat.S_IMODE(file.stat().st_mode)) & OTHERS:
        unsafe.append(
            Risk(
                "blob_keys_open_to_others",
                f"别的账户读得到 {file.name}（权限 {mode:o}），请改成 600。",
                f"Other accounts may read {file.name} (mode {mode:o}): make it 600.",
            )
        )
    facts = {"sealing": settings.sealing, "setting": settings.seal, "keys": keys, "destroyed": destroyed}
    return Answer(zh, en, unsafe=unsafe, facts=facts)
