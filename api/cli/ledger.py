"""``verify``, ``checkpoint``, ``index``: the ledger, and the search index that can always be made again."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from api.cli.command import Command
from api.cli.context import Context
from domain.errors import EXIT_DONE


def checkpoint(context: Context, _: Namespace) -> int:
    house = context.house
    context.pipeline.integrate()
    text = house.ledger.checkpoint()
    lines = text.splitlines()
    context.screen.document(
        {"checkpoint": text, "origin": lines[0], "tree_size": int(lines[1]), "root": lines[2],
         "vkey": house.signer.vkey()}
    )  # fmt: skip
    context.screen.line(text.rstrip("\n"))
    return EXIT_DONE


def index_status(context: Context, _: Namespace) -> int:
    _may_manage(context)
    status: dict[str, Any] = dict(context.pipeline.status())
    context.screen.document(status)
    search, text = status["search"], status["text"]
    context.screen.say(
        f"索引编到第 {search['position']} 条，还差 {search['behind']} 条；附件文字已取 {text['done']} 个，"
        f"等待 {text['waiting']} 个，搁置 {len(text['aside'])} 个",
        f"The index holds {search['position']} leaves and lacks {search['behind']}; texts of files: {text['done']} "
        f"done, {text['waiting']} waiting, {len(text['aside'])} set aside",
    )
    return EXIT_DONE


def index_rebuild(context: Context, _: Namespace) -> int:
    _may_manage(context)
    position = context.pipeline.rebuild()
    context.screen.document({"position": position})
    context.screen.say(f"索引已重建，编到第 {position} 条", f"The index was rebuilt; it holds {position} leaves")
    return EXIT_DONE


def _may_manage(context: Context) -> None:
    from domain.access import Target, decide

    directory = context.house.directory()
    top = next(code for code, found in directory.organisations.items() if found.parent is None)
    today = context.house.archive.today().isoformat()
    decide(context.actor, "index.manage", Target((top,)), today).require()


COMMANDS: tuple[Command, ...] = (
    Command(
        ("checkpoint",),
        "打印最新的签名检查点",
        "Print the latest signed checkpoint",
        checkpoint,
        "checkpoint",
        more_zh="把它抄存在别处，以后就能证明账本没有倒退或改写。",
        more_en="Keep a copy elsewhere: with it anyone can check later that the ledger was not rewritten.",
    ),
    Command(("index", "status"), "检索索引编到了哪里", "How far the search index is", index_status, "index status"),
    Command(
        ("index", "rebuild"),
        "从事件重建检索索引",
        "Build the search index again from the events",
        index_rebuild,
        "index rebuild",
    ),
)
