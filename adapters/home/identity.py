"""Which archive this is: ``archive.json`` in its home. Servers know it too (`adapters.servers.binding`)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from adapters.disk.durable import storage_errors
from adapters.home.settings import Settings
from domain.errors import InputError, IntegrityFault

FORMAT = 1
"""Version of the archive's layout on disk; a newer one than ours is refused."""


class IdentityDamaged(IntegrityFault):
    """``archive.json`` is there and says nothing. What the archive holds lies elsewhere and may be whole."""

    code = "identity_damaged"
    zh = "档案库的标识文件 {file} 已损坏。"
    en = "The file that says which archive this is, {file}, is damaged."
    next_zh = "档案本身多半完好：请从备份恢复这个文件，不要删除目录里的任何东西。"
    next_en = "The records themselves are most likely whole: restore the file from a backup, and delete nothing."


class ArchiveTooNew(InputError):
    code = "archive_too_new"
    zh = "档案库“{home}”是更新的版本（格式 {found}）建立的，本程序只认到格式 {known}。"
    en = "The archive “{home}” was made by a newer version (format {found}; this program knows {known})."
    next_zh = "请升级程序。"
    next_en = "Upgrade the program."


@dataclass(frozen=True)
class Identity:
    """Who the archive is. ``origin`` names its ledger and its key to the world."""

    name: str
    origin: str
    created: str
    format: int = FORMAT

    def encode(self) -> bytes:
        """What ``archive.json`` holds."""
        return json.dumps(vars(self), ensure_ascii=False, indent=2).encode() + b"\n"


def read_identity(settings: Settings) -> Identity | None:
    """None where there is no archive. Raises `IdentityDamaged`, `ArchiveTooNew`."""
    with storage_errors():
        if not settings.identity_file.exists():
            return None
        written = settings.identity_file.read_bytes()
    try:
        facts = json.loads(written)
        identity = Identity(facts["name"], facts["origin"], facts["created"], facts["format"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise IdentityDamaged(file=str(settings.identity_file)) from None
    texts = (identity.name, identity.origin, identity.created)
    if not all(isinstance(text, str) for text in texts) or type(identity.format) is not int:
        raise IdentityDamaged(file=str(settings.identity_file))
    if identity.format > FORMAT:
        raise ArchiveTooNew(home=str(settings.home), found=identity.format, known=FORMAT)
    return identity
