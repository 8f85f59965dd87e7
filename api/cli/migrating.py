"""``migrate``: copy the archive to other back ends; ``migrate schema``: bring the tables of a database up to date."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.command import Command, option
from api.cli.context import Context
from api.cli.usage import UsageWrong
from domain.errors import EXIT_DONE, EXIT_FOUND, InputError, NotFound

if TYPE_CHECKING:
    from adapters.home.route import Route
    from adapters.postgres.schema import Migrated
    from api.cli.context import Screen
    from operations.migration.run import Migrated as Copied

VARIABLE = "JIANZHENG_MIGRATE_TO"
STDIN = "-"


class NoDatabaseServer(InputError):
    code = "no_database_server"
    zh = "没有设置 JIANZHENG_DATABASE：内置数据库不需要这个命令。"
    en = "JIANZHENG_DATABASE is not set: an embedded database needs no such command."
    next_zh = "请把它设成数据库管理员的地址，例如 postgresql://admin:secret@db.example:5432/jianzheng。"
    next_en = "Set it to an administrator's address, such as postgresql://admin:secret@db.example:5432/jianzheng."


def migrate_schema(context: Context, _: Namespace) -> int:
    address = context.settings.database
    if address is None:
        raise NoDatabaseServer
    from adapters.postgres import schema
    from adapters.postgres.database import Database
    from adapters.servers.secret_files import secret

    app_password = secret(context.environment, "JIANZHENG_APP_PASSWORD")
    database = Database(address)
    try:
        done = schema.migrate(database, app_password=app_password)
    finally:
        database.close()
    context.screen.document(
        {"before": done.before, "after": done.after, "owner": done.owner, "app": done.app,
         "created": list(done.created)}
    )  # fmt: skip
    _tell(context.screen, done)
    return EXIT_DONE


def _tell(screen: Screen, done: Migrated) -> None:
    if done.before == done.after:
        screen.say(f"表结构已经是最新的（第 {done.after} 步）", f"The tables are up to date (step {done.after})")
    else:
        screen.say(
            f"表结构从第 {done.before} 步更新到第 {done.after} 步，属于角色 {done.owner}",
            f"The tables went from step {done.before} to step {done.after}; they belong to the role {done.owner}",
        )
    for role in done.created:
        screen.say(f"新建了角色 {role}", f"Created the role {role}")
    if done.app is not None:
        screen.say(
            f"程序请用角色 {done.app} 连接：它只能写入和读取存证，不能改动或删除",
            f"Let the program connect as {done.app}: it may add and read the evidence, and change or delete none of it",
        )


def migrate(context: Context, args: Namespace) -> int:
    from adapters.home.route import route
    from operations.migration.run import migrate as run

    context.require_keeper()
    way = route(context.settings, _addresses(context, args))
    screen = context.screen

    def progress(stage: str, done: int, total: int) -> None:
        zh, en = _STAGES.get(stage, (stage, stage))
        of = (f"：{done}／{total}", f": {done} of {total}") if total else ("", "")
        screen.progress(f"正在{zh}{of[0]}", f"{en}{of[1]}")

    done = run(context.house, way, progress)
    screen.progress_done()
    screen.document(_answer(context, way, done))
    _tell_copied(screen, way, done)
    return EXIT_DONE if done.ok else EXIT_FOUND


_STAGES = {
    "events": ("复制事件和账本", "copying events and ledger"),
    "files": ("复制文件", "copying files"),
    "tiles": ("复制公开的账本", "copying the public ledger"),
    "views": ("重建检索索引和年报底账", "building the search index and the figures"),
    "compared": ("逐字节比较", "comparing byte for byte"),
    "ledger": ("核验账本", "checking the ledger"),
    "rules": ("核验规则", "checking the rules"),
}


def _addresses(context: Context, args: Namespace) -> list[str]:
    """From the call, a file and the environment together: secrets in a call can be seen by others on the machine."""
    from adapters.servers.secret_files import secret

    addresses = list(args.to or ())
    if args.to_file is not None:
        addresses += [line for line in map(str.strip, _lines(args.to_file)) if line and not line.startswith("#")]
    addresses += (secret(context.environment, VARIABLE) or "").split()
    if not addresses:
        raise UsageWrong(problem_zh="缺少 --to", problem_en="--to is missing", help="jianzheng migrate --help")
    return addresses


def _lines(name: str) -> list[str]:
    try:
        return (sys.stdin.read() if name == STDIN else Path(name).read_text("utf-8")).splitlines()
    except (OSError, UnicodeDecodeError):
        raise NotFound("地址文件", "file of addresses", name, file=name) from None


def _answer(context: Context, way: Route, done: Copied) -> dict[str, object]:
    lang = context.screen.lang
    return {
        "ok": done.ok,
        "origin": context.identity.origin,
        "tree_size": done.tree_size,
        "root": done.root.hex(),
        "copied": done.copied,
        "source": done.source and done.source.as_json(lang),
        "target": done.target and done.target.as_json(lang),
        "behind": done.behind,
        "seconds": done.seconds,
        "settings": way.settings(),
    }


def _tell_copied(screen: Screen, way: Route, done: Copied) -> None:
    n = done.copied
    screen.say(
        f"复制了 {n['events']} 个事件、{n['files']} 个文件（{n['bytes']:,} 字节）、{n['checkpoints']} 个检查点、"
        f"{n['tiles']} 个账本文件；账本 {done.tree_size} 条，根 {done.root.hex()}",
        f"Copied {n['events']} events, {n['files']} files ({n['bytes']:,} bytes), {n['checkpoints']} checkpoints, "
        f"{n['tiles']} files of the ledger; {done.tree_size} leaves, root {done.root.hex()}",
    )
    for zh, en, verification in (("原来的", "Source", done.source), ("复制的", "Copy", done.target)):
        for finding in verification.findings if verification is not None else ():
            screen.line(f"✗ {zh if screen.lang == 'zh' else en}: {finding.detail(screen.lang)}")
    if done.target is not None and not done.target.ok:
        screen.say("副本核验有问题，没有启用。", "The check of the copy found something; it was not put to use.")
        return
    screen.say(
        "两边逐字节相同，副本核验没有发现问题。请停掉原来的服务，改用这些设置（口令和密钥按原样补上）：",
        "Both are the same byte for byte, and the check of the copy found nothing. Stop the former service and use "
        "these settings (with their secrets):",
    )
    for name, value in way.settings().items():
        screen.line(f"  {name}={value}" if value else _unset(screen, name))
    if done.behind:
        screen.say(
            f"复制期间原来的档案库又多了 {done.behind} 条：停掉服务后请再运行一次，只会复制新的。",
            f"The archive got {done.behind} more leaves meanwhile: stop the service and run this again; only what is "
            "new is copied.",
        )
    screen.say(
        "切换以后不要再往原来的地方存入：两边用同一把签名密钥，账本会分叉。",
        "File nothing more into the former place after that: both have one signing key, and the ledger would fork.",
    )


def _unset(screen: Screen, name: str) -> str:
    return f"  # 不设 {name}" if screen.lang == "zh" else f"  # {name} is not set"


COMMANDS = (
    Command(
        ("migrate",),
        "把档案库复制到别的后端，并证明没有任何改动",
        "Copy the archive to other back ends, and prove that nothing changed",
        migrate,
        "migrate --to postgresql://app:secret@db.example:5432/jianzheng --to s3://key:secret@files.example:9000/jianzheng",
        (
            option(
                "--to",
                "URL",
                "复制到哪里：postgresql://、s3://、http(s)://，或 file:目录（新的 JIANZHENG_HOME）；没写的部分留在原处",
                "where to: postgresql://, s3://, http(s)://, or file:FOLDER (a new JIANZHENG_HOME); what is not named "
                "stays where it is",
                action="extend",
                nargs="+",
            ),
            option(
                "--to-file",
                "FILE",
                "从文件读地址，一行一个（- 是标准输入），口令不会出现在命令行里",
                "read addresses from a file, one a line (- is standard input), so that no secret stands in the call",
            ),
        ),
        "事件、账本、检查点、文件、账号一个字节都不变地复制，检索索引和年报底账重建，然后核验两边并逐字节比较。中断了再运行"
        "一次就接着做；目标要么是空的，要么是这个档案库没复制完或复制过的一份。复制时可以照常存入，最后一轮会让存入稍等"
        f"几秒。地址也可以放在 {VARIABLE} 里。另见 jianzheng migrate schema --help。",
        "Events, ledger, checkpoints, files and accounts are copied without changing a byte, the search index and the "
        "figures are built anew; then both ends are checked and compared. Run it again after an interruption, and it "
        "goes on. The target is empty, or a copy of this very archive. People may go on filing; during the last round "
        f"filing waits for some seconds. Addresses may also stand in {VARIABLE}. See also jianzheng migrate schema "
        "--help.",
    ),
    Command(
        ("migrate", "schema"),
        "更新 PostgreSQL 里的表结构和权限",
        "Bring the tables and rights in PostgreSQL up to date",
        migrate_schema,
        "migrate schema",
        more_zh="用数据库管理员的地址运行，一次即可；多台机器同时运行也不会出错。JIANZHENG_APP_PASSWORD 给程序用的角色"
        "设口令。表结构比程序新时不会改动。",
        more_en="Run it with an administrator's address; two at once do no harm. JIANZHENG_APP_PASSWORD gives the "
        "program's role a password. Tables newer than the program are left alone.",
    ),
)
