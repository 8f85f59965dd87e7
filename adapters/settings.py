"""Settings: read once from the environment into a frozen value; nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import InputError, Lang


class BadSetting(InputError):
    code = "bad_setting"
    zh = "设置 {name} 的值“{value}”不能用：{why_zh}。"
    en = "The setting {name} cannot be “{value}”: {why_en}."


@dataclass(frozen=True)
class Settings:
    """``home`` holds the embedded archive. Paths below it are properties, so that there is one place that knows."""

    home: Path
    zone: ZoneInfo
    lang: Lang
    late_after: int  # working days
    fonts: tuple[Path, ...]
    hosts: tuple[str, ...]  # names under which the server may be asked, besides addresses and those of the network
    user: str | None  # who a command acts as; None: the first administrator

    @property
    def identity_file(self) -> Path:
        return self.home / "archive.json"

    @property
    def events_file(self) -> Path:
        return self.home / "events.sqlite"

    @property
    def ledger_file(self) -> Path:
        return self.home / "ledger.sqlite"

    @property
    def views_file(self) -> Path:
        return self.home / "views.sqlite"

    @property
    def accounts_file(self) -> Path:
        return self.home / "accounts.sqlite"

    @property
    def ledger_folder(self) -> Path:
        return self.home / "ledger"

    @property
    def blobs_folder(self) -> Path:
        return self.home / "files"

    @property
    def staging_folder(self) -> Path:
        return self.home / "staging"

    @property
    def index_folder(self) -> Path:
        return self.home / "index"

    @property
    def text_folder(self) -> Path:
        return self.home / "text"

    @property
    def keys_folder(self) -> Path:
        return self.home / "keys"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises `BadSetting` for a value that cannot be used."""
    zone_name = environment.get("JIANZHENG_TIMEZONE", "Asia/Shanghai")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadSetting(
            name="JIANZHENG_TIMEZONE", value=zone_name, why_zh="没有这个时区", why_en="there is no such time zone"
        ) from None
    late = environment.get("JIANZHENG_LATE_AFTER", "10")
    if not late.isdecimal():
        raise BadSetting(
            name="JIANZHENG_LATE_AFTER", value=late, why_zh="应是工作日天数", why_en="it is a number of working days"
        )
    fonts = environment.get("JIANZHENG_FONTS", "")
    return Settings(
        home=Path(environment.get("JIANZHENG_HOME") or "jianzheng-data"),
        zone=zone,
        lang=language(environment),
        late_after=int(late),
        fonts=tuple(Path(part) for part in fonts.split(os.pathsep) if part),
        hosts=tuple(environment.get("JIANZHENG_HOSTS", "").replace(",", " ").split()),
        user=environment.get("JIANZHENG_USER") or None,
    )


def language(environment: Mapping[str, str] = os.environ) -> Lang:
    """``JIANZHENG_LANG``, else the locale; Chinese where neither says English."""
    said = environment.get("JIANZHENG_LANG") or environment.get("LC_ALL") or environment.get("LC_MESSAGES")
    return "en" if (said or environment.get("LANG", "")).lower().startswith("en") else "zh"
