"""The questions of ``jianzheng check``: is everything there that the archive needs, and is any of it unsafe?"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from adapters.home import connections
from adapters.home.variables import NAMES
from adapters.servers.safety import Risk
from api.cli.check_answers import Answer, Look, failed
from api.cli.check_parts import PARTS, address_of
from api.cli.context import Context
from domain.errors import JianzhengError

LOW_SPACE = 2 * 1024**3
"""Bytes free below which a full disk is near."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO
ON_ANOTHER_MACHINE = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"))
"""File systems on which SQLite's locks cannot be relied upon."""

Question = Callable[[Look], Answer]


def checks(context: Context) -> Iterator[tuple[str, Answer]]:
    """Each question's name and answer, in their order; a fault of one does not end the others."""
    settings = context.settings
    with ExitStack() as stack:
        archive = _guarded(lambda: _archive(context), None)
        if archive.missing:
            servers = connections.servers(settings)
            stack.callback(servers.close)
            look = Look(context, settings, servers, there=False)
        else:
            look = Look(context, settings, context.servers, there=True)
        yield "program", _program(look)
        yield "settings", _settings(look)
        yield "home", _home(look)
        yield "timezone", Answer(settings.zone.key, settings.zone.key)
        yield "archive", archive
        if look.there:
            context.house.probe()
        asked = {
            name: ask
            for name, ask in {**_OF_THE_ARCHIVE, **PARTS}.items()
            if look.there or address_of(name, settings) is not None
        }
        # Side by side: a server that says nothing costs its wait once.
        with ThreadPoolExecutor(max(1, len(asked))) as pool:
            yield from pool.map(
                lambda name: (name, _guarded(lambda: asked[name](look), address_of(name, settings))), asked
            )
        if settings.home.exists():
            yield "space", _space(look)
        yield "fonts", _fonts(settings.fonts)


def _guarded(ask: Callable[[], Answer], address: str | None) -> Answer:
    try:
        return ask()
    except JianzhengError as error:
        return failed(error, address)


def _program(look: Look) -> Answer:
    try:
        ours = version("jianzheng")
    except PackageNotFoundError:  # run from a folder that was never installed
        ours = "?"
    python = ".".join(str(part) for part in sys.version_info[:3])
    said = f"jianzheng {ours} · Python {python}"
    return Answer(said, said, version=ours, facts={"python": python})


def _settings(look: Look) -> Answer:
    """Which variables are set; never to what, for some hold secrets."""
    given = sorted(name for name, value in look.context.environment.items() if name.startswith("JIANZHENG_") and value)
    unknown = [name for name in given if name not in NAMES]
    unsafe = [
        Risk(
            "setting_unknown",
            f"没有 {name} 这个设置：是不是写错了？",
            f"There is no setting {name}: is it misspelt?",
        )
        for name in unknown
    ]
    once = "JIANZHENG_ADMIN_PASSWORD"
    if once in given and look.there:
        unsafe.append(
            Risk(
                "password_left_in_environment",
                f"环境变量 {once} 只在 init 时用，档案库已经建好：请删掉它。",
                f"{once} is for init alone, and the archive exists: remove it from the environment.",
            )
        )
    said = " ".join(given)
    return Answer(said or "全部用默认值", said or "all by default", unsafe=unsafe, facts={"set": given})


def _home(look: Look) -> Answer:
    home = look.settings.home
    said, unsafe = str(home.absolute()), []
    if home.exists():
        for folder in (home, look.settings.keys_folder):
            if folder.exists() and (mode := stat.S_IMODE(folder.stat().st_mode)) & OTHERS:
                unsafe.append(
                    Risk(
                        "folder_open_to_others",
                        f"别的账户进得了 {folder}（权限 {mode:o}），请改成 700。",
                        f"Other accounts may enter {folder} (mode {mode:o}): make it 700.",
                    )
                )
        kind = _file_system(home)
        if look.servers.database is None and kind in ON_ANOTHER_MACHINE:
            unsafe.append(
                Risk(
                    "sqlite_on_network",
                    f"档案库在网络文件系统（{kind}）上：SQLite 的锁在那里靠不住，请放到本机磁盘，或改用 PostgreSQL。",
                    f"The archive is on a network file system ({kind}), where SQLite's locks cannot be relied upon:"
                    " use a disk of this machine, or PostgreSQL.",
                )
            )
    return Answer(said, said, said, unsafe=unsafe)


def _file_system(path: Path) -> str | None:
    """The type of the file system on which the path lies; None where the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    mounts = [line.split(" ")[1:3] for line in lines if line.count(" ") >= 3]
    real = path.resolve()
    on = [(len(point), kind) for point, kind in mounts if real.is_relative_to(point.replace("\\040", " "))]
    return max(on)[1] if on else None


def _archive(context: Context) -> Answer:
    identity = context.identity
    said = f"{identity.name} · {identity.origin} · {identity.created}"
    return Answer(said, said, facts={"name": identity.name, "origin": identity.origin, "created": identity.created})


def _account(look: Look) -> Answer:
    name = look.context.actor.username
    return Answer(f"命令以 {name} 的身份执行", f"commands act as {name}", facts={"username": name})


def _space(look: Look) -> Answer:
    free = shutil.disk_usage(look.settings.home).free
    said = f"{free / 1024**3:.1f} GB"
    return Answer(f"剩余 {said}", f"{said} free", facts={"free": free}, warning=free < LOW_SPACE)


_OF_THE_ARCHIVE: dict[str, Question] = {"account": _account}


def _fonts(folders: tuple[Path, ...]) -> Answer:
    """A font with Chinese characters, without which PDF reports cannot be made."""
    given = [path for folder in folders for path in folder.rglob("*.[ot]t[fc]")]
    if given:
        return Answer(f"{len(given)} 个（JIANZHENG_FONTS）", f"{len(given)} in JIANZHENG_FONTS")
    if family := _chinese_font():
        return Answer(family, family)
    return Answer(
        "没有中文字体，PDF 年报做不出来：请安装 fonts-noto-cjk，或用 JIANZHENG_FONTS 指定字体目录",
        "no Chinese font, so no PDF reports: install fonts-noto-cjk, or name a folder of fonts in JIANZHENG_FONTS",
        warning=True,
    )


def _chinese_font() -> str | None:
    """One that the system has."""
    if (tool := shutil.which("fc-list")) is not None:
        listed = subprocess.run([tool, ":lang=zh", "family"], capture_output=True, text=True, check=False).stdout
        return min(listed.split("\n")[:-1], default=None)
    fonts = (path.name for path in Path("/usr/share/fonts").rglob("*CJK*.[ot]t[fc]"))  # a system without fontconfig
    return min(fonts, default=None)
