"""``migrate schema``: bring the tables of a PostgreSQL database up to date."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from api.cli.command import Command
from api.cli.context import Context
from domain.errors import EXIT_DONE, InputError

if TYPE_CHECKING:
    from adapters.postgres.schema import Migrated
    from api.cli.context import Screen


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
    from adapters.secret_files import secret

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


COMMANDS = (
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
