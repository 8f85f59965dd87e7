"""A folder as the place that an archive is copied to: a home of its own, or parts of it.

``copying.json`` says whose copy it is and of which parts, before the first of them is there, and goes when all of it is
proven; a new home's ``archive.json`` comes just before that.
"""

from __future__ import annotations

import json

from adapters.disk.durable import fsync_dir, make_dirs, replace, storage_errors, write_new
from adapters.home.identity import Identity, read_identity
from adapters.home.settings import Settings
from adapters.servers.binding import Bound, CopyUnfinished
from domain.errors import IntegrityFault

TABLES, FILES, KEYS = "tables", "files", "keys"


class CopyMarkDamaged(IntegrityFault):
    code = "copy_mark_damaged"
    zh = "{file} 已损坏：看不出“{home}”里的是哪个档案库的副本。"
    en = "{file} is damaged: it does not say which archive's copy “{home}” holds."
    next_zh = "这里的副本没有做完，原来的档案库没有受影响：请另选一个空目录重新复制。"
    next_en = "The copy was not completed, and the archive itself is unharmed: copy it into another, empty folder."


def unfinished(settings: Settings) -> tuple[Bound, frozenset[str]] | None:
    """Whose unfinished copy lies in the home, and which parts of it; None where there is none."""
    file = settings.copying_file
    with storage_errors():
        if not file.exists():
            return None
        data = file.read_bytes()
    try:
        facts = json.loads(data)
        bound = Bound(str(facts["origin"]), str(facts["created"]), str(facts["name"]), whole=False)
        return bound, frozenset(map(str, facts["parts"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CopyMarkDamaged(file=file.name, home=str(settings.home)) from None


def require_whole(settings: Settings) -> None:
    """Raises `CopyUnfinished` where the settings use a part of the home that was not copied to its end."""
    copy = unfinished(settings)
    if copy is None:
        return
    used = {part for part, server in ((TABLES, settings.database), (FILES, settings.bucket)) if server is None}
    if used & copy[1] or not settings.identity_file.exists():
        raise CopyUnfinished(place=str(settings.home))


def begin(settings: Settings, identity: Identity, parts: frozenset[str]) -> None:
    """Bind the home to the archive whose copy it is to hold, durably, before anything else is there."""
    bound = Bound.to(identity, whole=False)
    facts = {"origin": bound.origin, "created": bound.created, "name": bound.name, "parts": sorted(parts)}
    with storage_errors():
        make_dirs(settings.home)
        settings.home.chmod(0o700)
    replace(settings.copying_file, json.dumps(facts, ensure_ascii=False, indent=2).encode() + b"\n", mode=0o600)


def make_room(settings: Settings) -> None:
    """The folders that an archive's home has."""
    folders = (settings.keys_folder, settings.staging_folder, settings.text_folder, settings.index_folder)
    with storage_errors():
        for folder in (*folders, settings.ledger_folder):
            make_dirs(folder)
        settings.keys_folder.chmod(0o700)


def copy_keys(source: Settings, target: Settings, vkeys: bytes) -> None:
    """The signing keys, what is known of all keys, and what was signed last; the public keys are those in force."""
    with storage_errors():
        for path in sorted(source.keys_folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                replace(target.keys_folder / path.name, path.read_bytes(), mode=0o600)
        if not write_new(target.ledger_folder / "vkey", vkeys):
            replace(target.ledger_folder / "vkey", vkeys, staging=target.keys_folder)


def finish(settings: Settings, identity: Identity) -> None:
    """From now on it is an archive."""
    if read_identity(settings) is None:
        write_new(settings.identity_file, identity.encode())
    with storage_errors():
        settings.copying_file.unlink(missing_ok=True)
        fsync_dir(settings.home)
