"""``verify``, ``checkpoint``, ``index``: the ledger, and the search index that can always be made again."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.command import Command, flag, option, positional
from api.cli.context import Context
from api.cli.usage import UsageWrong
from api.common.remaining import Remaining, in_words
from domain.errors import EXIT_DONE, EXIT_FOUND, NotFound

if TYPE_CHECKING:
    from operations.verify.resume import Hashed


def verify(context: Context, args: Namespace) -> int:
    from operations.verification import verify_archive
    from operations.verify.findings import STAGES

    screen = context.screen
    # The check has no parts that could be shown to one and not another.
    context.archive.policy.require_somewhere(context.actor, "archive.verify")
    since = None if args.since is None else _kept(args.since)
    if min(args.sample or 0, args.seed or 0) < 0:
        raise UsageWrong(
            problem_zh="--sample 和 --seed 不能是负数",
            problem_en="--sample and --seed are not negative",
            help="verify --help",
        )
    hashed = _hashed(context, args)
    remaining = Remaining()

    def progress(stage: str, done: int, total: int) -> None:
        zh, en = STAGES.get(stage, (stage, stage))
        left = in_words(remaining(stage, done, total), screen.lang)
        screen.progress(
            f"正在核验{zh}：{done}／{total}" + (f"，{left}" if left else ""),
            f"checking {en}: {done} of {total}" + (f", {left}" if left else ""),
        )

    with closing(hashed) if hashed else nullcontext():
        verification = verify_archive(
            context.house, since=since, sample=args.sample, seed=args.seed, hashed=hashed, progress=progress
        )
        if hashed is not None:
            hashed.done()
    screen.progress_done()
    screen.document(verification.as_json(screen.lang))
    for finding in verification.findings:
        screen.line(f"✗ {finding.detail(screen.lang)}")
    for remark in verification.not_checked:
        screen.line(f"! {remark.text(screen.lang)}")
    screen.say(
        f"核验了 {verification.events} 个事件、{verification.files} 个文件（{verification.bytes:,} 字节），"
        f"账本 {verification.tree_size} 条，"
        + ("没有发现问题" if verification.ok else f"发现 {len(verification.findings)} 处问题"),
        f"Checked {verification.events} events, {verification.files} files ({verification.bytes:,} bytes), "
        f"{verification.tree_size} leaves: "
        + ("nothing wrong found" if verification.ok else f"{len(verification.findings)} findings"),
    )
    return EXIT_DONE if verification.ok else EXIT_FOUND


def _hashed(context: Context, args: Namespace) -> Hashed | None:
    """Where a check that was interrupted goes on; noted where a person waits for it, or asked for that."""
    from operations.verify.resume import FILE, Hashed

    screen = context.screen
    if args.sample is not None and args.resume is not None:
        raise UsageWrong(
            problem_zh="--resume 和 --sample 不能合用",
            problem_en="--resume and --sample do not go together",
            help="verify --help",
        )
    if args.sample is not None or (args.resume is None and not sys.stderr.isatty()):
        return None
    path, now = context.settings.home / FILE, context.clock()
    if args.resume:
        return Hashed.resume(path, args.resume, now)
    made = Hashed.begin(path, now)
    again = f"jianzheng verify --resume {made.word}"
    screen.note(f"中断以后可以接着查：{again}", f"If it is interrupted, go on with: {again}")
    return made


def checkpoint(context: Context, _: Namespace) -> int:
    from indexers.loop.witness_status import said, witnesses

    context.pipeline.integrate()
    house = context.house
    text = context.publisher.checkpoint().decode()  # with the cosignatures that came so far
    lines, watched = text.splitlines(), witnesses(house.trust, house.cosignatures, context.ledger, context.screen.lang)
    context.screen.document(
        {"checkpoint": text, "origin": lines[0], "tree_size": int(lines[1]), "root": lines[2],
         "vkey": context.signer.vkey(), "witnessed": watched["tree_size"], "unwitnessed_since": watched["since"]}
    )  # fmt: skip
    context.screen.line(text.rstrip("\n"))
    if watched["state"] not in ("off", "witnessed"):
        context.screen.note(said(watched, "zh", context.settings.zone), said(watched, "en", context.settings.zone))
    return EXIT_DONE


def index_status(context: Context, _: Namespace) -> int:
    from indexers.loop.status import part_name

    context.require_keeper()
    status = context.pipeline.status(context.screen.lang, context.name_of())
    context.screen.document(status)
    search, text = status["search"], status["text"]
    if search["fault"]:
        index = (
            f"索引现在够不着（{search['fault']['code']}）",
            f"The index cannot be reached ({search['fault']['code']})",
        )
    else:
        index = (
            f"索引编到第 {search['position']} 条，还差 {search['behind']} 条",
            f"The index holds {search['position']} leaves and lacks {search['behind']}",
        )
    context.screen.say(
        f"{index[0]}；附件文字已取 {text['done']} 个，等待 {text['waiting']} 个，搁置 {len(text['aside'])} 个",
        f"{index[1]}; texts of files: {text['done']} done, {text['waiting']} waiting, {len(text['aside'])} set aside",
    )
    watched = status["witnesses"]
    if watched["state"] != "off":
        from indexers.loop.witness_status import said

        context.screen.line(said(watched, context.screen.lang, context.settings.zone))
        for each in watched["witnesses"]:
            if each["fault"]:
                context.screen.line(f"· {each['name']}：{each['fault']['message']}")
    for fault in status["faults"]:
        part = part_name(fault["part"])
        context.screen.say(f"✗ 停住了：{part.zh}：{fault['message']}", f"✗ {part.en}: {fault['message']}")
    for item in status["aside"]:
        _show(context, item, "已搁置", "set aside")
    for item in status["failing"]:
        _show(context, item, "会自动再试", "tried again by itself")
    if status["aside"]:
        context.screen.say(
            "查明原因以后再试一次：jianzheng index retry --all",
            "Once the cause is mended: jianzheng index retry --all",
        )
    return EXIT_DONE


def index_retry(context: Context, args: Namespace) -> int:
    from indexers.loop.dead_letters import chosen, items

    if bool(args.item) == args.all:
        raise UsageWrong(
            problem_zh="请写明要再试的项目，或者用 --all",
            problem_en="name the items, or say --all",
            help="index retry --help",
        )
    context.require_keeper()
    screen, name_of, work, queue = context.screen, context.name_of(), context.work, context.queue
    wanted = items(work, queue) if args.all else chosen(work, queue, args.item, name_of)
    waiting = context.pipeline.try_again(wanted)
    ids = {item.id for item in wanted}
    still = [item.as_json(name_of, screen.lang) for item in items(work, queue) if item.id in ids - waiting]
    mended = sorted(ids - waiting - {item["id"] for item in still})
    screen.document({"retried": len(ids), "mended": mended, "waiting": sorted(waiting), "still": still})
    screen.say(
        f"再试了 {len(ids)} 项：成功 {len(mended)} 项，还在排队 {len(waiting)} 项，没有成功 {len(still)} 项",
        f"{len(ids)} tried again: {len(mended)} succeeded, {len(waiting)} are waiting still, {len(still)} failed again",
    )
    for item in still:
        _show(context, item, "没有成功", "failed again")
    return EXIT_FOUND if still or waiting else EXIT_DONE


def _show(context: Context, item: dict[str, Any], zh: str, en: str) -> None:
    """An event or a file that could not be taken in: what it is, why, how often, since when."""
    event, lang = item["event"], context.screen.lang
    records = ("、" if lang == "zh" else ", ").join(item["records"])
    where = f" {records}" if records else ""
    if event is not None:
        what_zh, what_en = f"第 {event['leaf_index']} 条{where}", f"leaf {event['leaf_index']}{where}"
    else:
        what_zh = what_en = f"{item['file'][:12]}…{where}"
    why, often, since = item["error"]["message"], item["attempts"], item["first"]
    context.screen.say(
        f"· {zh} {item['id']}（{what_zh}）：{why}从 {since} 起试过 {often} 次",
        f"· {en} {item['id']} ({what_en}): {why} {often} attempts since {since}",
    )


def index_rebuild(context: Context, _: Namespace) -> int:
    context.require_keeper()
    position = context.pipeline.rebuild()
    context.screen.document({"position": position})
    context.screen.say(f"索引已重建，编到第 {position} 条", f"The index was rebuilt; it holds {position} leaves")
    return EXIT_DONE


def _kept(said: str) -> str:
    """What somebody kept: a file, or ``-`` for standard input, or the text itself, which has more than one line."""
    if "\n" in said:
        return said
    try:
        return sys.stdin.read() if said == "-" else Path(said).read_text("utf-8")
    except (OSError, ValueError):
        raise NotFound("检查点或回执文件", "file with a checkpoint or a receipt", said, file=said) from None


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
                "以前留存的检查点或回执（文件、“-” 表示标准输入，或者它的文字）：账本应是它的延续",
                "a checkpoint or a receipt that was kept: its file, “-” for standard input, or its text",
            ),
            option(
                "--sample",
                "N",
                "只抽查 N 个文件的内容，供每天使用",
                "hash only N of the files, for daily runs",
                type=int,
            ),
            option(
                "--resume",
                "WORD",
                "接着做中断的核验，用开始时显示的接续码；不写接续码就从头开始，并显示一个",
                "go on with a check that was interrupted, by the word that it showed; without one, start and show one",
                nargs="?",
                const="",
            ),
            option(
                "--seed",
                "S",
                "与 --sample 合用：同一个数每次抽中同一批文件",
                "with --sample: the same number chooses the same files",
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
    Command(
        ("index", "status"),
        "检索索引编到了哪里，有没有停住的和搁置的",
        "How far the search index is; what stands still, and what was set aside",
        index_status,
        "index status",
        more_zh="处理不了的事件和文件，试过几次就会搁置在这里，不耽误别的；账本从不搁置，遇到问题就停住说明。",
        more_en="Events and files that fail again and again are set aside and shown here, and hold up nothing else; "
        "the ledger sets nothing aside: it stops and says why.",
    ),
    Command(
        ("index", "retry"),
        "把搁置的事件和文件再处理一次",
        "Try again what was set aside",
        index_retry,
        "index retry --all",
        (
            positional(
                "ITEM",
                "index status 里列出的项目，或者它的档号、文件的 SHA-256",
                "an item of index status, a record's archival code, or a file's SHA-256",
                nargs="*",
            ),
            flag("--all", "全部再试一次", "all of them"),
        ),
        "全部成功退出码为 0，还有没成功的为 1。",
        "The exit code is 0 where all succeeded, and 1 where some failed again.",
    ),
    Command(
        ("index", "rebuild"),
        "从事件重建检索索引",
        "Build the search index again from the events",
        index_rebuild,
        "index rebuild",
    ),
)
