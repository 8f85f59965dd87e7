"""``init`` and ``check``: make an archive, and say how it is."""

from __future__ import annotations

import secrets
from argparse import Namespace

from api.cli.checks import checks
from api.cli.command import Command, option
from api.cli.context import Context
from domain.errors import EXIT_DONE, EXIT_UNAVAILABLE

PASSWORD_VARIABLE = "JIANZHENG_ADMIN_PASSWORD"  # noqa: S105 - the variable's name, not a password


def init(context: Context, args: Namespace) -> int:
    from adapters.bootstrap import create_archive

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


def check(context: Context, _: Namespace) -> int:
    found = list(checks(context))
    ok = all(check.state != "missing" for check in found)
    zh = context.screen.lang == "zh"
    context.screen.document(
        {
            "ok": ok,
            "checks": [
                {"name": check.name, "state": check.state, "detail": check.zh if zh else check.en} for check in found
            ],
        }
    )
    signs = {"ok": "✓", "warning": "!", "missing": "✗"}
    for check in found:
        context.screen.line(f"{signs[check.state]} {check.name}  {check.zh if zh else check.en}")
    return EXIT_DONE if ok else EXIT_UNAVAILABLE


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
        ),
        "口令会在终端里询问，也可以用环境变量 JIANZHENG_ADMIN_PASSWORD 给出。已有档案库时不做任何改动。",
        "The password is asked for, or taken from JIANZHENG_ADMIN_PASSWORD. An archive that exists is never touched.",
    ),
    Command(
        ("check",),
        "检查配置：有什么、能不能用、缺什么",
        "Say what is configured, reachable and missing",
        check,
        "check --json",
    ),
)
