"""``key``: the keys with which the ledger is signed."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from api.cli.command import REASON, Command, flag, option, positional
from api.cli.context import Context
from domain.errors import EXIT_DONE

if TYPE_CHECKING:
    from operations.keys import Held

COMMAND = flag(
    "--command",
    "用签名命令的密钥（JIANZHENG_SIGN_VKEY 里还没用过的那个），不新建密钥文件",
    "take the key of the signing command that was not used before, and make no key file",
)


def key_list(context: Context, _: Namespace) -> int:
    from operations.keys import STATES, key_changes

    context.key_keeping.require(context.actor)
    keys = [_shown(each) for each in key_changes(context.house).listing()]
    context.screen.document({"keys": keys})
    for key in keys:
        zh, en = STATES[key["state"]]
        where = key["place"]
        context.screen.say(
            f"{key['id']}  {zh}（{_span_zh(key)}）  {_place_zh(where)}",
            f"{key['id']}  {en} ({_span_en(key)})  {_place_en(where)}",
        )
        context.screen.line(f"    {key['vkey']}")
    return EXIT_DONE


def key_rotate(context: Context, args: Namespace) -> int:
    from operations.keys import key_changes

    act = key_changes(context.house).rotate(context.actor, command=args.command)
    _done(context)
    context.screen.say(
        f"已增加密钥 {_id(act.new)}：从现在起检查点由新旧密钥一起签。请备份密钥目录，并把新的公钥交给核验的人；"
        f"过渡期满后停用旧的：jianzheng key retire {_id(act.old)} --reason …",
        f"The key {_id(act.new)} was added: from now on checkpoints are signed with the old and the new one. Back up"
        " the key folder, and give the new public key to those who check; when they have it, retire the old one:"
        f" jianzheng key retire {_id(act.old)} --reason …",
    )
    context.screen.line(act.new)
    return EXIT_DONE


def key_retire(context: Context, args: Namespace) -> int:
    from operations.keys import key_changes

    act = key_changes(context.house).retire(context.actor, args.key, args.reason)
    _done(context)
    context.screen.say(
        f"密钥 {_id(act.key)} 已停用：超过 {act.size} 条的检查点不再由它签；以前的照样有效。",
        f"The key {_id(act.key)} is retired: it signs no checkpoint of more than {act.size} leaves; earlier ones stay"
        " valid.",
    )
    return EXIT_DONE


def key_recover(context: Context, args: Namespace) -> int:
    from operations.keys import key_changes, make_ready

    make_ready(context.settings.keys_folder, args.lost)
    act = key_changes(context.house).succeed(context.actor, args.reason, command=args.command)
    _done(context)
    context.screen.say(
        f"已另立密钥 {_id(act.new)}，并记入事件。旧密钥没有为它担保：请把下面的公钥当面或另行交给每个核验的人。",
        f"The key {_id(act.new)} is the successor, and an event says so. No former key endorses it: give this public"
        " key to everybody who checks, in person or by another way.",
    )
    context.screen.line(act.new)
    return EXIT_DONE


def _done(context: Context) -> None:
    """The keys as they are now. What was recorded stays recorded, also where nothing can be signed at the moment."""
    from operations.keys import key_changes

    context.catch_up()
    context.screen.document({"keys": [_shown(each) for each in key_changes(context.house).listing()]})


def _shown(held: Held) -> dict[str, Any]:
    span = held.span
    return {
        "id": held.key.key_id.hex(),
        "vkey": held.key.encode(),
        "state": held.state,
        "how": None if span is None else span.how,
        "after": None if span is None else span.after,
        "last": None if span is None else span.last,
        "place": held.place,
    }


def _id(vkey: str) -> str:
    return vkey.split("+", 2)[1]


def _span_zh(key: dict[str, Any]) -> str:
    if key["after"] is None:
        return "还没有启用"
    since = "从一开始" if key["how"] == "anchor" else f"{key['after']} 条以后"
    return since if key["last"] is None else f"{since}，到 {key['last']} 条"


def _span_en(key: dict[str, Any]) -> str:
    if key["after"] is None:
        return "not used yet"
    since = "from the beginning" if key["how"] == "anchor" else f"after {key['after']} leaves"
    return since if key["last"] is None else f"{since}, up to {key['last']}"


def _place_zh(place: str | None) -> str:
    return "不在本机" if place is None else "签名命令" if place == "command" else place


def _place_en(place: str | None) -> str:
    return "not on this machine" if place is None else "signing command" if place == "command" else place


KEY = positional(
    "KEY",
    "密钥编号（8 位十六进制，见 key list）或公钥；oldest 是在用的最旧的一个",
    "key id (8 hexadecimal digits) or public key; oldest for the oldest in force",
)

COMMANDS: tuple[Command, ...] = (
    Command(
        ("key", "list"),
        "账本用过的密钥：哪些在用，私钥在哪里",
        "The keys of the ledger: which are in force, and where their private halves are",
        key_list,
        "key list",
    ),
    Command(
        ("key", "rotate"),
        "增加一个签名密钥，新旧一起签，直到旧的停用",
        "Add a signing key; old and new sign together until the old one is retired",
        key_rotate,
        "key rotate",
        (COMMAND,),
        "中途断了再运行一次即可。以前的回执照样有效。只有最上级单位的管理员可以换密钥。",
        "Where it was interrupted, run it again. Earlier receipts stay valid. Only administrators of the top "
        "organisation may change keys.",
    ),
    Command(
        ("key", "retire"),
        "停用一个签名密钥：以后的检查点不再由它签",
        "Retire a signing key: it signs no later checkpoint",
        key_retire,
        "key retire oldest --reason 到期更换",
        (KEY, REASON),
        "最后一个密钥不能停用。私钥文件不会被删除。",
        "The last key cannot be retired. The private key's file is not deleted.",
    ),
    Command(
        ("key", "recover"),
        "密钥全部丢失、又没有备份时，另立一个",
        "Start a successor where all keys are lost and there is no backup",
        key_recover,
        "key recover --reason 磁盘损坏，没有备份",
        (
            REASON,
            option(
                "--lost",
                "VKEY",
                "原来的公钥；密钥目录也丢了时要写",
                "the former public key, where the folder is lost too",
            ),
            COMMAND,
        ),
        "先从备份恢复密钥；确实没有备份才用这个命令。另立的密钥没有旧密钥担保，每个核验的人都要另行得知。",
        "Restore the keys from a backup first; this is for when there is none. No former key endorses the successor, "
        "so everybody who checks has to learn of it in another way.",
    ),
)
