"""The demonstration: make its archive if it is not there yet, serve it, and say where it is and who may sign in.

``make demo`` runs this. The archive is made beside its place and moved there when it is complete, so an interrupted
run leaves nothing that could be taken for an archive. ``DEMO_PORT`` is the port to serve on, ``JIANZHENG_HOME`` the
folder; ``--fill-only`` stops before serving.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from adapters.home import settings as environment_settings
from adapters.home.house import open_archive
from adapters.home.settings import Settings
from domain.errors import JianzhengError
from examples import people
from examples.attachments import FONT_SENTENCE, FontMissing, font_file
from examples.filing import file_everything
from examples.generate import generate
from indexers.pipeline import Pipeline

HOST, PORT = "127.0.0.1", 8000
HOME = "demo-data"


class NotTheDemonstration(Exception):
    """The folder holds something else; it is left alone."""


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    port = environment.get("DEMO_PORT", str(PORT))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        say(
            f"DEMO_PORT 应是 1 到 65535 的端口号，不是“{port}”。\n"
            f"DEMO_PORT must be a port from 1 to 65535, not “{port}”."
        )
        return 2
    try:
        settings = environment_settings.read({"JIANZHENG_HOME": HOME} | dict(environment))
        fill(settings)
        if "--fill-only" in arguments:
            return 0
        return serve(settings, int(port))
    except JianzhengError as error:
        say(f"{error.message('zh')}\n{error.message('en')}")
        return 2
    except NotTheDemonstration as error:
        say(
            f"“{error}”里有别的东西，没有动它。请用 JIANZHENG_HOME 指定另一个目录。\n"
            f"“{error}” holds something else and was not touched. Name another folder with JIANZHENG_HOME."
        )
        return 2


def fill(settings: Settings) -> bool:
    """Make the archive unless it is there; returns whether it was made. Raises `NotTheDemonstration`."""
    home = settings.home
    if is_demonstration(settings):
        say(f"演示档案库已经在 {home}，直接使用。\nThe demonstration archive is there already, in {home}.")
        return False
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise NotTheDemonstration(home)
    try:
        font_file()
    except FontMissing:
        say(f"{FONT_SENTENCE}\n（先不带 PDF 和照片继续。 Going on without PDF files and photographs.）")
    making = home.with_name(home.name + ".part")
    if making.exists():
        say("上一次没有做完，重新来过。\nThe last run was not finished; starting again.")
        shutil.rmtree(making)
    started = time.monotonic()
    written = generate(
        making / "evidence", on_progress=lambda n, of: progress(f"制作材料 making evidence  {n}/{of}", n == of)
    )
    inside = replace(settings, home=making / "archive", user=None)
    file_everything(
        inside, making / "evidence", lambda n, of, day: progress(f"逐日归档 filing  {day}  {n}/{of}", n == of)
    )
    progress("提取文字、建立索引 extracting and indexing …", last=True)
    house = open_archive(inside)
    try:
        Pipeline(house).catch_up()
    finally:
        house.close()
    (making / "archive").rename(home)
    shutil.rmtree(making)
    seconds, megabytes = time.monotonic() - started, written.bytes / 1e6
    say(
        f"完成：{written.records} 条记录、{written.files} 个文件，{megabytes:.0f} MB，用时 {seconds:.0f} 秒。\n"
        f"Done: {written.records} records, {written.files} files, {megabytes:.0f} MB, in {seconds:.0f} s."
    )
    return True


def is_demonstration(settings: Settings) -> bool:
    """An archive of this demonstration stands in its place: it was moved there when it was complete."""
    if not settings.identity_file.exists():
        return False
    house = open_archive(settings)
    house.close()
    if house.identity.origin != people.ORIGIN:
        raise NotTheDemonstration(settings.home)
    return True


def serve(settings: Settings, port: int) -> int:
    """Serve until interrupted."""
    import uvicorn

    from api.app import create_app

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        say(
            f"端口 {port} 已被占用，请换一个：DEMO_PORT=8001 make demo\n"
            f"Port {port} is taken; choose another one: DEMO_PORT=8001 make demo"
        )
        return 3
    house = open_archive(settings)
    try:
        app = create_app(house, Pipeline(house))
        say(introduction(port))
        uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False)).run([listener])
    except KeyboardInterrupt:
        pass
    finally:
        house.close()
        listener.close()
    return 0


def introduction(port: int) -> str:
    """Where it is and who may sign in, in both languages."""
    lines = [
        "",
        f"  打开浏览器访问  http://{HOST}:{port}    （按 Ctrl+C 结束）",
        f"  Open            http://{HOST}:{port}    (Ctrl+C ends it)",
        "",
        "  账号 account   口令 password            身份 role",
    ]
    for account in people.ACCOUNTS:
        if account.until is None:
            said = f"{account.said}  {account.said_en}"
            lines.append(f"  {account.username:<14} {account.password:<24} {said}")
    return "\n".join([*lines, ""])


def progress(line: str, last: bool = False) -> None:
    """One line that is written over on a terminal; elsewhere only its last state."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        print(line, file=sys.stderr, flush=True)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
