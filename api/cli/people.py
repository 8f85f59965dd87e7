"""``org``, ``person``, ``user``: the directory of organisations, people and accounts."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from api.cli.command import ORG, Command, flag, option, positional
from api.cli.context import Context, PasswordNeeded

PASSWORD_VARIABLE = "JIANZHENG_PASSWORD"  # noqa: S105 - the variable's name, not a password

CODE = positional("CODE", "编号：小写字母、数字、连字符", "code: lower-case letters, digits and hyphens")
NAME = positional("NAME", "名称", "name")
USERNAME = positional("USERNAME", "用户名", "user name")
ROLE = option(
    "--role",
    "ROLE",
    "角色：administrator 管理员、clerk 录入员、secretary 书记、inspector 督查员、reader 查阅者",
    "role: administrator, clerk, secretary, inspector, reader",
    required=True,
)
ROLE_WORD = positional("ROLE", "角色，如 clerk 或 录入员", "role, such as clerk")
POST = option("--post", "P", "职务，默认为党员", "post (default: 党员)", default="党员")
SINCE = option("--since", "DATE", "从这一天起，如 2018-09-01；默认一直如此", "from this day on, such as 2018-09-01")
UNTIL = option("--until", "DATE", "到这一天为止（当天不算）", "until this day, which no longer counts")
PASSWORD_STDIN = flag("--password-stdin", "从标准输入读口令", "read the password from standard input")


def org_add(context: Context, args: Namespace) -> int:
    context.administration.add_organisation(context.actor, args.code, args.name, args.parent, args.kind)
    context.catch_up()
    _organisation(context, args.code)
    context.screen.say(f"已增加单位 {args.code} {args.name}", f"Added the organisation {args.code} {args.name}")
    return 0


def org_rename(context: Context, args: Namespace) -> int:
    context.administration.rename_organisation(context.actor, args.code, args.name)
    context.catch_up()
    _organisation(context, args.code)
    context.screen.say(f"{args.code} 改名为 {args.name}", f"{args.code} is now called {args.name}")
    return 0


def org_list(context: Context, _: Namespace) -> int:
    from api.common.shapes.directory import organisation_json

    directory = context.directory()
    _may_read(context)
    codes = list(directory.below(directory.top))
    context.screen.document({"organisations": [organisation_json(directory, code) for code in codes]})
    for code in codes:
        organisation = directory.organisations[code]
        indent = "  " * (len(directory.path(code)) - 1)
        context.screen.line(
            f"{indent}{code}  {organisation.name}" + (f"  {organisation.kind}" if organisation.kind else "")
        )
    return 0


def person_add(context: Context, args: Namespace) -> int:
    context.administration.add_person(context.actor, args.code, args.name, args.org, args.post, args.since, args.until)
    context.catch_up()
    context.screen.document(_person_json(context, args.code))
    context.screen.say(f"已增加人员 {args.code} {args.name}", f"Added {args.code} {args.name}")
    return 0


def person_post(context: Context, args: Namespace) -> int:
    context.administration.take_post(context.actor, args.code, args.org, args.post, args.since, args.until)
    context.catch_up()
    context.screen.document(_person_json(context, args.code))
    context.screen.say(f"{args.code} 在 {args.org} 任{args.post}", f"{args.code} is now {args.post} in {args.org}")
    return 0


def person_leave(context: Context, args: Namespace) -> int:
    context.administration.leave_post(context.actor, args.code, args.org, args.post, args.on)
    context.catch_up()
    context.screen.document(_person_json(context, args.code))
    context.screen.say(
        f"{args.code} 自 {args.on} 起不再任 {args.org} 的{args.post}",
        f"{args.code} is no longer {args.post} in {args.org} from {args.on}",
    )
    return 0


def person_list(context: Context, args: Namespace) -> int:
    directory = context.directory()
    _may_read(context)
    people = sorted(directory.people.values(), key=lambda person: person.code)
    if args.org:
        directory.organisation(args.org)
        people = directory.members(args.org, context.archive.today().isoformat())
    context.screen.document({"people": [_person_json(context, person.code) for person in people]})
    for person in people:
        posts = "；".join(f"{directory.name(p.organisation)} {p.post}" for p in person.posts)
        context.screen.line(f"{person.code}  {person.name}  {posts}")
    return 0


def user_add(context: Context, args: Namespace) -> int:
    _may_manage(context)
    context.administration.open_account(
        context.actor,
        args.username,
        args.person,
        password=_password(context, args),
        role=args.role,
        organisation=args.org,
    )
    context.catch_up()
    _user(context, args.username)
    context.screen.say(f"已增加账号 {args.username}", f"Added the account {args.username}")
    return 0


def user_grant(context: Context, args: Namespace) -> int:
    context.administration.grant(context.actor, args.username, args.role, args.org, args.since, args.until)
    context.catch_up()
    _user(context, args.username)
    context.screen.say(
        f"{args.username} 在 {args.org} 有了角色 {args.role}", f"{args.username} is now {args.role} in {args.org}"
    )
    return 0


def user_revoke(context: Context, args: Namespace) -> int:
    context.administration.revoke(context.actor, args.username, args.role, args.org)
    context.catch_up()
    _user(context, args.username)
    context.screen.say(
        f"{args.username} 在 {args.org} 不再有角色 {args.role}",
        f"{args.username} is no longer {args.role} in {args.org}",
    )
    return 0


def user_close(context: Context, args: Namespace) -> int:
    context.administration.close_account(context.actor, args.username)
    context.catch_up()
    _user(context, args.username)
    context.screen.say(f"账号 {args.username} 已停用", f"The account {args.username} is closed")
    return 0


def user_password(context: Context, args: Namespace) -> int:
    context.administration.require_credentials(context.actor, args.username)
    context.administration.set_password(context.actor, args.username, _password(context, args))
    _user(context, args.username)
    context.screen.say(f"已更改 {args.username} 的口令", f"The password of {args.username} was changed")
    return 0


def user_token(context: Context, args: Namespace) -> int:
    context.administration.require_credentials(context.actor, args.username)
    info, secret = context.accounts.create_token(args.username, args.name, context.clock())
    context.screen.document({"username": args.username, "id": info.id, "name": info.name, "token": secret})
    context.screen.line(secret)
    context.screen.note("令牌只显示这一次，请妥善保存。", "The token is shown this once; keep it safe.")
    return 0


def user_list(context: Context, _: Namespace) -> int:
    directory = context.directory()
    _may_manage(context)
    names = sorted(directory.accounts)
    context.screen.document({"accounts": [_user_json(context, name) for name in names]})
    for name in names:
        account = directory.accounts[name]
        grants = "；".join(f"{directory.name(g.organisation)} {g.role}" for g in account.grants)
        closed = {"zh": "（已停用）", "en": " (closed)"}[context.screen.lang] if account.closed else ""
        context.screen.line(f"{name}{closed}  {grants}")
    return 0


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _may_read(context: Context) -> None:
    context.archive.policy.require_somewhere(context.actor, "directory.read")


def _may_manage(context: Context) -> None:
    context.archive.policy.require_at_top(context.actor, "account.manage")


def _password(context: Context, args: Namespace) -> str:
    if not args.password_stdin:
        zh, en = f"{args.username} 的口令", f"Password of {args.username}"
        return context.password(PASSWORD_VARIABLE, zh, en)
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise PasswordNeeded(variable=PASSWORD_VARIABLE)
    return password


def _organisation(context: Context, code: str) -> None:
    from api.common.shapes.directory import organisation_json

    context.screen.document(organisation_json(context.directory(), code))


def _person_json(context: Context, code: str) -> dict[str, Any]:
    person = context.directory().person(code)
    return {"code": code, "name": person.name, "posts": [vars(post) for post in person.posts]}


def _user(context: Context, username: str) -> None:
    context.screen.document(_user_json(context, username))


def _user_json(context: Context, username: str) -> dict[str, Any]:
    account = context.directory().account(username)
    grants = [vars(grant) for grant in account.grants]
    return {"username": username, "person": account.person, "closed": account.closed, "roles": grants}


COMMANDS: tuple[Command, ...] = (
    Command(
        ("org", "add"),
        "增加一个单位",
        "Add an organisation",
        org_add,
        "org add school-01 第一小学 --kind school",
        (
            CODE,
            NAME,
            option("--parent", "CODE", "上级单位，默认为最上级", "superior organisation (default: the top one)"),
            option("--kind", "K", "类别，如 school、branch", "kind, such as school or branch", default=""),
        ),
    ),
    Command(
        ("org", "rename"),
        "给单位改名",
        "Rename an organisation",
        org_rename,
        "org rename school-01 第一实验小学",
        (CODE, NAME),
    ),
    Command(("org", "list"), "列出全部单位", "List all organisations", org_list, "org list"),
    Command(
        ("person", "add"),
        "增加一个人和第一个职务",
        "Add a person and the first post",
        person_add,
        "person add zhang-min 张敏 --org school-01 --post 书记 --since 2018-09-01",
        (CODE, NAME, ORG, POST, SINCE, UNTIL),
    ),
    Command(
        ("person", "post"),
        "给人员增加一个职务",
        "Give a person another post",
        person_post,
        "person post zhang-min --org school-01 --post 委员 --since 2021-01-01",
        (CODE, ORG, POST, SINCE, UNTIL),
    ),
    Command(
        ("person", "leave"),
        "人员离开一个职务",
        "End a person's post",
        person_leave,
        "person leave zhang-min --org school-01 --post 书记 --on 2023-07-01",
        (CODE, ORG, POST, option("--on", "DATE", "离任日期", "the day it ends", required=True)),
    ),
    Command(
        ("person", "list"),
        "列出人员",
        "List people",
        person_list,
        "person list --org school-01",
        (
            option(
                "--org", "CODE", "只列这个单位（含下级）现在的人", "only those of this organisation and below, today"
            ),
        ),
    ),
    Command(
        ("user", "add"),
        "增加一个账号",
        "Add an account",
        user_add,
        "user add clerk-01 --role clerk --org school-01 --password-stdin",
        (
            USERNAME,
            ROLE,
            ORG,
            option("--person", "CODE", "这个账号是谁", "the person whose account it is"),
            PASSWORD_STDIN,
        ),
        "口令可以在终端输入，也可以用 --password-stdin 或环境变量 JIANZHENG_PASSWORD 给出。",
        "The password is asked for, read with --password-stdin, or taken from JIANZHENG_PASSWORD.",
    ),
    Command(
        ("user", "grant"),
        "给账号一个角色",
        "Give an account a role",
        user_grant,
        "user grant clerk-01 secretary --org school-01 --since 2024-01-01",
        (USERNAME, ROLE_WORD, ORG, SINCE, UNTIL),
    ),
    Command(
        ("user", "revoke"),
        "收回账号的角色",
        "Take a role back",
        user_revoke,
        "user revoke clerk-01 secretary --org school-01",
        (USERNAME, ROLE_WORD, ORG),
    ),
    Command(("user", "close"), "停用账号", "Close an account", user_close, "user close clerk-01", (USERNAME,)),
    Command(
        ("user", "password"),
        "更改口令",
        "Change a password",
        user_password,
        "user password clerk-01 --password-stdin",
        (USERNAME, PASSWORD_STDIN),
    ),
    Command(
        ("user", "token"),
        "为程序发一个令牌",
        "Make an API token for a program",
        user_token,
        "user token clerk-01 --name 自动归档",
        (USERNAME, option("--name", "N", "令牌的名称", "what the token is for", default="jianzheng")),
    ),
    Command(("user", "list"), "列出账号", "List accounts", user_list, "user list"),
)
