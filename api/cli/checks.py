"""The questions of ``jianzheng check``: is everything there that the archive needs on this machine?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from api.cli.context import Context
from domain.errors import JianzhengError, Lang

LOW_SPACE = 2 * 1024**3
"""Bytes free below which a full disk is near."""


State = Literal["ok", "warning", "missing"]
Answer = tuple[State, str, str]
_LANGUAGES: tuple[Lang, Lang] = ("zh", "en")


@dataclass(frozen=True)
class Check:
    """``missing``: the archive does not work without it. ``warning``: something does not."""

    name: str
    state: State
    zh: str
    en: str


def checks(context: Context) -> Iterator[Check]:
    """One after another; a fault of one does not end the others."""
    settings = context.settings
    yield Check("home", "ok", str(settings.home.absolute()), str(settings.home.absolute()))
    yield Check("timezone", "ok", settings.zone.key, settings.zone.key)
    archive = _guarded("archive", _archive, context)
    yield archive
    if archive.state == "ok":
        for name, ask in _QUESTIONS.items():
            yield _guarded(name, ask, context)
    yield _fonts(settings.fonts)


def _guarded(name: str, ask: Callable[[Context], Answer], context: Context) -> Check:
    try:
        return Check(name, *ask(context))
    except JianzhengError as error:
        zh, en = (f"{error.message(lang)} {error.next_step(lang)}".strip() for lang in _LANGUAGES)
        return Check(name, "missing", zh, en)


def _archive(context: Context) -> Answer:
    identity = context.house.identity
    said = f"{identity.name} · {identity.origin} · {identity.created}"
    return "ok", said, said


def _account(context: Context) -> Answer:
    name = context.actor.username
    return "ok", f"命令以 {name} 的身份执行", f"commands act as {name}"


def _database(context: Context) -> Answer:
    house = context.house
    if (database := house.servers.database) is None:
        head = house.events.head()
        return "ok", f"{head} 个事件", f"{head} events"
    from adapters.postgres import schema
    from adapters.postgres.condition import condition

    found = condition(database)
    schema.require(database)
    head = house.events.head()
    place = f"PostgreSQL {found.server}, {database.address}"
    zh, en = f"{head} 个事件 · {place}", f"{head} events · {place}"
    if found.unsafe:
        unsafe = "; ".join(found.unsafe)
        return "warning", f"{zh} · 不安全：{unsafe}", f"{en} · unsafe: {unsafe}"
    return "ok", zh, en


def _ledger(context: Context) -> Answer:
    ledger, head = context.house.ledger, context.house.events.head()
    size, behind = ledger.size(), max(0, head - ledger.tracking())
    if behind:
        return (
            "warning",
            f"{size} 条，还有 {behind} 个事件没有入账",
            f"{size} leaves, {behind} events not yet integrated",
        )
    return "ok", f"{size} 条", f"{size} leaves"


def _files(context: Context) -> Answer:
    if (client := context.house.servers.bucket) is not None:
        from adapters.s3.bucket import look

        facts = look(client)
        zh, en = (" ".join((facts.address, *facts.remarks(lang))) for lang in _LANGUAGES)
        return ("missing" if facts.problem else "warning" if facts.remarks() else "ok"), zh, en
    for folder in (context.settings.blobs_folder, context.settings.staging_folder):
        if folder.exists() and not os.access(folder, os.W_OK):
            return "missing", f"{folder} 不可写", f"{folder} cannot be written"
    return "ok", str(context.settings.blobs_folder), str(context.settings.blobs_folder)


def _search(context: Context) -> Answer:
    size, position = context.house.ledger.size(), context.house.engine.position()
    address = context.settings.search
    if address is not None and position >= size:
        return "ok", f"已跟上 · {address}", f"up to date · {address}"
    if position < size:
        behind = size - position
        return "warning", f"还差 {behind} 条没有编入", f"{behind} leaves not yet indexed"
    return "ok", "已跟上", "up to date"


def _background(context: Context) -> Answer:
    from indexers.setaside import items
    from indexers.status import standing

    still, found = standing(context.house, {}), items(context.house)
    aside = sum(item.aside for item in found)
    if still:
        parts = ", ".join(each.part for each in still)
        return (
            "warning",
            f"停住了：{'；'.join(f'{each.part}：{each.fault.zh}' for each in still)} 搁置 {aside} 项。"
            "见 jianzheng index status",
            f"standing still: {parts} ({'; '.join(each.fault.en for each in still)}); {aside} set aside."
            " See jianzheng index status",
        )
    if aside:
        return (
            "warning",
            f"有 {aside} 项处理不了、已搁置，见 jianzheng index status",
            f"{aside} set aside, see jianzheng index status",
        )
    if found:
        return "ok", f"{len(found)} 项失败过，会自动再试", f"{len(found)} failed, and will be tried again by themselves"
    return "ok", "没有停住的，也没有搁置的", "nothing stands still, nothing was set aside"


def _space(context: Context) -> Answer:
    free = shutil.disk_usage(context.settings.home).free
    said = f"{free / 1024**3:.1f} GB"
    return ("ok" if free > LOW_SPACE else "warning"), f"剩余 {said}", f"{said} free"


_QUESTIONS: dict[str, Callable[[Context], Answer]] = {
    "account": _account,
    "database": _database,
    "ledger": _ledger,
    "files": _files,
    "search": _search,
    "background": _background,
    "space": _space,
}


def _fonts(folders: tuple[Path, ...]) -> Check:
    """A font with Chinese characters, without which PDF reports cannot be made."""
    given = [path for folder in folders for path in folder.rglob("*.[ot]t[fc]")]
    if given:
        return Check("fonts", "ok", f"{len(given)} 个（JIANZHENG_FONTS）", f"{len(given)} in JIANZHENG_FONTS")
    listed = ""
    if (tool := shutil.which("fc-list")) is not None:
        listed = subprocess.run([tool, ":lang=zh", "family"], capture_output=True, text=True, check=False).stdout
    if listed.strip():
        family = sorted(listed.splitlines())[0]
        return Check("fonts", "ok", family, family)
    return Check(
        "fonts",
        "warning",
        "没有中文字体，PDF 年报做不出来：请安装 fonts-noto-cjk，或用 JIANZHENG_FONTS 指定字体目录",
        "no Chinese font, so no PDF reports: install fonts-noto-cjk, or name a folder of fonts in JIANZHENG_FONTS",
    )
