"""``witness``: watch other people's logs, and ask those that watch ours."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.command import Command, option, positional
from api.cli.context import Context
from api.cli.usage import UsageWrong
from domain.errors import EXIT_DONE, EXIT_FOUND, NotFound

if TYPE_CHECKING:
    from adapters.witness.service import Witness

WAIT = 30.0
"""Seconds for which the command waits for the slowest witness."""

FOLDER = option(
    "--folder",
    "DIR",
    "见证方的目录，默认为当前目录的 jianzheng-witness",
    "the witness's folder (default: jianzheng-witness)",
    default="jianzheng-witness",
)
VKEY = positional(
    "VKEY", "账本的公钥（它的 /ledger/vkey 里的一行）", "the log's verifier key, the line at its /ledger/vkey"
)


def init(context: Context, args: Namespace) -> int:
    from adapters.witness.service import create_witness

    witness = create_witness(Path(args.folder), args.name)
    keys = [signer.vkey() for signer in witness.signers]
    context.screen.document({"folder": args.folder, "name": witness.name, "vkeys": keys})
    context.screen.say(f"见证方“{witness.name}”已建好，公钥：", f"The witness “{witness.name}” was made. Its keys:")
    for key in keys:
        context.screen.line(key)
    context.screen.say(
        "把公钥和网址告诉请您见证的单位；再用 jianzheng witness add-log 登记它们的账本。",
        "Give the keys and your address to those whom you watch; add their logs with jianzheng witness add-log.",
    )
    return EXIT_DONE


def add_log(context: Context, args: Namespace) -> int:
    from domain.ledger.cosignature import MAX_NAME
    from domain.ledger.note import parse_vkey

    witness = _witness(args)
    key = parse_vkey(args.vkey)
    if len(key.name.encode()) > MAX_NAME:
        raise UsageWrong(
            problem_zh="账本的名称太长",
            problem_en="the log's name is too long",
            help="jianzheng witness add-log --help",
        )
    added = witness.state.add_log(key, time.time())
    context.screen.document({"origin": key.name, "vkey": key.encode(), "changed": added})
    if added:
        context.screen.say(f"已登记账本 {key.name}", f"The log {key.name} was added")
    else:
        context.screen.say(f"账本 {key.name} 的这把公钥早已登记", f"This key of {key.name} is known already")
    return EXIT_DONE


def remove_log(context: Context, args: Namespace) -> int:
    from domain.ledger.note import parse_vkey

    key = parse_vkey(args.vkey)
    if not _witness(args).state.remove_log(key):
        raise NotFound("已登记的公钥", "key of a log that is known", args.vkey)
    context.screen.document({"origin": key.name, "vkey": key.encode(), "changed": True})
    context.screen.say(
        f"不再接受 {key.name} 的这把公钥；见证过的检查点仍然记得",
        f"This key of {key.name} is no longer accepted; what was cosigned stays remembered",
    )
    return EXIT_DONE


def status(context: Context, args: Namespace) -> int:
    witness, screen, zone = _witness(args), context.screen, context.settings.zone
    logs, suspicious = [], 0
    for origin in dict.fromkeys(key.name for key in witness.state.logs()):
        last, odd = witness.state.cosigned(origin), witness.state.suspicious(origin)
        at = None if last is None else datetime.fromtimestamp(last.time, UTC).astimezone(zone).isoformat()
        logs.append(
            {"origin": origin, "tree_size": last.seen.size if last else None, "cosigned_at": at, "suspicious": len(odd)}
        )
        suspicious += len(odd)
        if last is None:
            screen.say(f"· {origin}：还没有见证过", f"· {origin}: nothing cosigned yet")
        else:
            screen.say(
                f"· {origin}：{last.seen.size} 条，见证于 {at}",
                f"· {origin}: {last.seen.size} leaves, cosigned at {at}",
            )
        if odd:
            screen.say(
                f"  ✗ 有 {len(odd)} 次提交的检查点接不上见证过的历史，原文留在 witness.sqlite 里",
                f"  ✗ {len(odd)} checkpoints did not continue the history that was cosigned; kept in witness.sqlite",
            )
    if not logs:
        screen.say("还没有登记账本：jianzheng witness add-log", "No log is known yet: jianzheng witness add-log")
    screen.document({"name": witness.name, "vkeys": [signer.vkey() for signer in witness.signers], "logs": logs})
    return EXIT_FOUND if suspicious else EXIT_DONE


def serve(context: Context, args: Namespace) -> int:
    from adapters.witness.service import open_witness
    from api.cli.serving import run_server
    from api.http.shield import log_to_stderr
    from api.http.witness import create_witness_app

    if args.rate <= 0 or (args.prefix and not args.prefix.startswith("/")):
        raise UsageWrong(
            problem_zh="--rate 是正数，--prefix 以 / 开头",
            problem_en="--rate is positive, --prefix begins with /",
            help="jianzheng witness serve --help",
        )
    log_to_stderr()
    witness = open_witness(Path(args.folder), rate=args.rate)
    app = create_witness_app(witness, args.prefix.rstrip("/"))
    return run_server(context, app, args.host, args.port, ("见证方已启动", "The witness is ready"))


def ask(context: Context, _: Namespace) -> int:
    import random

    from adapters.home import parts
    from domain.errors import ArchiveBusy
    from indexers.loop.witness_status import said, witnesses
    from indexers.pipeline import witnessing

    context.require_keeper()
    screen = context.screen
    context.pipeline.integrate()
    leader = parts.tables(context.settings, context.servers).leader("witnesses")
    with leader.held(WAIT) if leader is not None else nullcontext(True) as ours:
        if not ours:
            raise ArchiveBusy
        witnessing(context.house, time.time, random.random).run_once(WAIT, forced=True)
    house = context.house
    cosigning = witnesses(house.trust, house.cosignatures, house.ledger, screen.lang)
    screen.document(cosigning)
    screen.say(said(cosigning, "zh", context.settings.zone), said(cosigning, "en", context.settings.zone))
    for each in cosigning["witnesses"]:
        answer = each["fault"]["message"] if each["fault"] else f"{each['tree_size']} · {each['cosigned_at']}"
        screen.line(f"· {each['name']} {each['url']}：{answer}")
    return EXIT_DONE if cosigning["state"] in ("off", "witnessed") else EXIT_FOUND


def _witness(args: Namespace) -> Witness:
    from adapters.witness.service import open_witness

    return open_witness(Path(args.folder))


COMMANDS: tuple[Command, ...] = (
    Command(
        ("witness", "ask"),
        "现在就请策略里的见证方签最新的检查点",
        "Have the witnesses of the policy cosign the latest checkpoint now",
        ask,
        "witness ask",
        more_zh="策略文件由 JIANZHENG_POLICY 指定；serve 和 work 会自动做这件事。见证不够，或者有警报，退出码为 1。",
        more_en="JIANZHENG_POLICY names the policy; serve and work do this by themselves. The exit code is 1 where too "
        "few cosigned, or one raises an alarm.",
    ),
    Command(
        ("witness", "init"),
        "新建一个见证方：目录、密钥（0600）和记忆",
        "Make a witness: a folder, its keys (0600) and its memory",
        init,
        "witness init --name witness.example/w1",
        (
            option(
                "--name",
                "N",
                "见证方的名称，像不带 https:// 的网址，以后不能改",
                "the witness's name, like an address without https://; it is for ever",
                required=True,
            ),
            FOLDER,
        ),
        "供上级单位见证下级的账本：证明它只增不改。同一目录不会重建；目录要备份，但绝不能退回旧备份再用。",
        "For a superior organisation that watches others' logs: that they only grow. Back the folder up, but never go "
        "on from an old backup: a witness that forgot may cosign two histories.",
    ),
    Command(
        ("witness", "add-log"),
        "登记一个要见证的账本",
        "Know a log, to cosign its checkpoints",
        add_log,
        "witness add-log archive.example+c6255c5a+AbWL6kR1TvAxG9Cn6LCzIqOMnnWpZ3J4Ck1CHFPYxKqA",
        (VKEY, FOLDER),
        "运行中的见证方马上认得它。账本换密钥时，新旧两把都登记。",
        "A running witness knows it at once. When a log rotates its key, add the new one too.",
    ),
    Command(
        ("witness", "remove-log"),
        "不再接受账本的一把公钥",
        "Accept a log's key no more",
        remove_log,
        "witness remove-log archive.example+c6255c5a+AbWL6kR1TvAxG9Cn6LCzIqOMnnWpZ3J4Ck1CHFPYxKqA",
        (VKEY, FOLDER),
    ),
    Command(
        ("witness", "status"),
        "见证了哪些账本，到多少条，有没有可疑的提交",
        "Which logs are watched, how far, and what was suspicious",
        status,
        "witness status",
        (FOLDER,),
        "有接不上历史的提交时退出码为 1。",
        "The exit code is 1 where a checkpoint did not continue the history that was cosigned.",
    ),
    Command(
        ("witness", "serve"),
        "运行见证方（C2SP tlog-witness 协议）",
        "Run the witness (C2SP tlog-witness)",
        serve,
        "witness serve --port 8090",
        (
            FOLDER,
            option(
                "--host",
                "H",
                "监听的地址，默认只在本机（127.0.0.1）",
                "address (default: 127.0.0.1, this machine only)",
                default="127.0.0.1",
            ),
            option("--port", "P", "端口，默认 8090", "port (default: 8090)", type=int, default=8090),
            option(
                "--prefix", "PATH", "网址里的路径前缀，如 /w1", "path before every address, such as /w1", default=""
            ),
            option(
                "--rate",
                "N",
                "每个账本每秒最多提交几次，默认 10",
                "submissions of one log a second (default: 10)",
                type=int,
                default=10,
            ),
        ),
        "同一个目录只运行一个。对外请放在有 TLS 的反向代理后面。",
        "Run one for each folder, and put a proxy with TLS before it.",
        json=False,
    ),
)
