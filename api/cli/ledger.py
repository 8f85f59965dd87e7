"""``verify``, ``checkpoint``, ``index``: the ledger, and the search index that can always be made again."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.command import Command, option
from api.cli.context import Context
from api.cli.parser import UsageWrong
from domain.errors import EXIT_DONE, EXIT_FOUND, NotFound

if TYPE_CHECKING:
    from domain.access import Action


def verify(context: Context, args: Namespace) -> int:
    from indexers.verification import verify_archive

    house, screen = context.house, context.screen
    _may_somewhere(context, "archive.verify")
    since = None if args.since is None else _text(Path(args.since))
    if args.sample is not None and args.sample < 0:
        raise UsageWrong(problem_zh="--sample 不能是负数", problem_en="--sample is not negative", help="verify --help")

    def progress(stage: str, done: int, total: int) -> None:
        zh, en = _STAGES.get(stage, (stage, stage))
        screen.progress(f"正在核验{zh}：{done}／{total}", f"checking {en}: {done} of {total}")

    found = verify_archive(house, since=since, sample=args.sample, progress=progress)
    screen.progress_done()
    screen.document(found.as_json(screen.lang))
    for finding in found.findings:
        screen.line(f"✗ {finding.detail(screen.lang)}")
    for remark in found.not_checked:
        screen.line(f"! {remark.text(screen.lang)}")
    screen.say(
        f"核验了 {found.events} 个事件、{found.files} 个文件（{found.bytes:,} 字节），账本 {found.tree_size} 条，"
        + ("没有发现问题" if found.ok else f"发现 {len(found.findings)} 处问题"),
        f"Checked {found.events} events, {found.files} files ({found.bytes:,} bytes), {found.tree_size} leaves: "
        + ("nothing wrong found" if found.ok else f"{len(found.findings)} findings"),
    )
    return EXIT_DONE if found.ok else EXIT_FOUND


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


def _may_somewhere(context: Context, action: Action) -> None:
    """Where any of the account's roles allows it: the check has no parts that could be shown to one and not another."""
    from domain.access import Target, decide

    directory, today = context.house.directory(), context.house.archive.today().isoformat()
    paths = [directory.path(grant.organisation) for grant in context.actor.grants] or [()]
    decisions = [decide(context.actor, action, Target(path), today) for path in paths]
    if not any(decision.allowed for decision in decisions):
        decisions[0].require()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise NotFound("检查点文件", "checkpoint file", str(path), file=str(path)) from None


_STAGES = {"ledger": ("账本", "the ledger"), "files": ("文件", "files"), "rules": ("规则", "rules")}

COMMANDS: tuple[Command, ...] = (
    Command(
        ("verify",),
        "核验档案：有没有哪里被改动、删除、插入、调换或退回",
        "The forensic check: was anything altered, deleted, inserted, reordered or rolled back?",
        verify,
        "verify --since 检查点.txt",
        (
            option(
                "--since",
                "CHECKPOINT",
                "以前抄存的检查点文件：账本应是它的延续",
                "file with a checkpoint that was kept",
            ),
            option(
                "--sample",
                "N",
                "只抽查 N 个文件的内容，供每天使用",
                "hash only N of the files, for daily runs",
                type=int,
            ),
        ),
        "全部重新读一遍，谁都不信，一次报告所有问题；发现问题时退出码为 1。",
        "Reads everything, trusts nothing, and names every finding in one run; the exit code is 1 if there is any.",
    ),
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
