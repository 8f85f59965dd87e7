"""``init``: make an archive."""

from __future__ import annotations

import secrets
from argparse import Namespace

from api.cli.command import Command, flag, option
from api.cli.context import Context
from domain.errors import EXIT_DONE

PASSWORD_VARIABLE = "JIANZHENG_ADMIN_PASSWORD"  # noqa: S105 - the variable's name, not a password


def init(context: Context, args: Namespace) -> int:
    from adapters.home.founding import create_archive

    if args.if_missing and context.settings.identity_file.exists():
        return _there_already(context)
    origin = args.origin or f"jianzheng.local/{secrets.token_hex(6)}"
    password = None
    if not context.settings.identity_file.exists():  # else `create_archive` says so, and nobody types one in vain
        password = context.password(PASSWORD_VARIABLE, f"管理员 {args.admin} 的口令", f"Password of {args.admin}")
    house = create_archive(
        context.settings, name=args.name, origin=origin, code=args.code, admin=args.admin, password=password
    )
    context.own(house)
    context.catch_up()
    context.screen.document(
        {
            "created": True,
            "home": str(context.settings.home),
            "name": args.name,
            "origin": origin,
            "organisation": args.code,
            "administrator": args.admin,
            "vkey": house.signer.vkey(),
        }
    )
    context.screen.say(
        f"已建立档案库“{args.name}”：{context.settings.home}\n"
        f"最上级单位 {args.code}，管理员 {args.admin}，账本名称 {origin}\n"
        f"验证公钥 {house.signer.vkey()}",
        f"Created the archive “{args.name}” in {context.settings.home}\n"
        f"Top organisation {args.code}, administrator {args.admin}, ledger {origin}\n"
        f"Verifier key {house.signer.vkey()}",
    )
    return EXIT_DONE


def _there_already(context: Context) -> int:
    identity, home = context.identity, str(context.settings.home)
    context.screen.document(
        {
            "created": False,
            "home": home,
            "name": identity.name,
            "origin": identity.origin,
            "vkey": context.signer.vkey(),
        }
    )
    context.screen.say(
        f"档案库“{identity.name}”（{identity.origin}）已经在 {home}，没有改动它",
        f"The archive “{identity.name}” ({identity.origin}) is in {home} already; it was not touched",
    )
    return EXIT_DONE


COMMANDS: tuple[Command, ...] = (
    Command(
        ("init",),
        "建立档案库：目录、数据库、签名密钥、最上级单位和第一个管理员",
        "Create an archive: folders, database, signing key, top organisation, first administrator",
        init,
        "init --name 某区教育局党委 --origin archive.example.edu.cn/2024",
        (
            option(
                "--name",
                "N",
                "档案库和最上级单位的名称",
                "name of the archive and of the top organisation",
                default="本单位",
            ),
            option(
                "--origin",
                "O",
                "账本名称，写进每个检查点，建成后不能改；默认随机生成",
                "name of the ledger, in every checkpoint and for ever (default: made up)",
            ),
            option(
                "--code",
                "CODE",
                "最上级单位的编号，默认 top",
                "code of the top organisation (default: top)",
                default="top",
            ),
            option(
                "--admin",
                "USER",
                "管理员的用户名，默认 admin",
                "administrator's user name (default: admin)",
                default="admin",
            ),
            flag(
                "--if-missing",
                "已经有档案库时什么也不做，也不算错；给每次启动都运行的脚本用",
                "do nothing, and call it no error, where there is an archive: for scripts that run at every start",
            ),
        ),
        "口令会在终端里询问，也可以用环境变量 JIANZHENG_ADMIN_PASSWORD 给出。已有档案库时不做任何改动。",
        "The password is asked for, or taken from JIANZHENG_ADMIN_PASSWORD. An archive that exists is never touched.",
    ),
)
