"""``receipt`` and ``receipt verify``: what one takes home from the archive, and its check on any machine."""

from __future__ import annotations

import hashlib
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.command import RECORD, Command, flag, option, positional
from api.cli.context import Context
from api.cli.usage import UsageWrong
from domain.errors import EXIT_DONE, EXIT_FOUND, InputError, JianzhengError, NotFound

if TYPE_CHECKING:
    from api.common.receipts import Compared
    from api.common.shapes.receipts import ErasedSince
    from domain.ledger.policy import Policy
    from domain.proofs.judging import Judgement

MOST_BYTES = 16 << 20
"""No receipt is larger; what is, is none of ours and is not read into memory."""

BLOCK = 1 << 20
STANDARD_OUTPUT = "-"


class PolicyNeeded(InputError):
    """Without a key that one trusts nothing can be shown to anybody."""

    code = "policy_needed"
    zh = "请用 --policy 指定信任策略：核对回执，要先知道相信哪个账本的公钥。"
    en = "Name a trust policy with --policy: a receipt is checked with the key of a log that one trusts."
    next_zh = "策略文件可以从档案库的 /ledger/policy 下载，最好早先就另存一份。"
    next_en = "Get the policy from the archive's /ledger/policy; best is a copy that you kept earlier."


class ReceiptEnding(InputError):
    code = "receipt_ending"
    zh = "回执不能写成“{name}”这样的文件。"
    en = "A receipt cannot be written as a file such as “{name}”."
    next_zh = "文件名请以 .tlog-proof 或 .pdf 结尾；完整性回执（--complete）以 .json 结尾。"
    next_en = "End its name in .tlog-proof or .pdf, or in .json for a completeness receipt (--complete)."


def receipt(context: Context, args: Namespace) -> int:
    output = args.output
    ending = "" if output == STANDARD_OUTPUT else Path(output).suffix.lower()
    accepted = (".json",) if args.complete else (".tlog-proof", ".pdf")
    if output != STANDARD_OUTPUT and ending not in accepted:
        raise ReceiptEnding(name=Path(output).name)
    if args.complete and (args.version is not None or args.event is not None):
        raise _apart("--complete", "--version", "--event")
    if args.version is not None and args.event is not None:
        raise _apart("--version", "--event")
    if output == STANDARD_OUTPUT and context.screen.json:
        raise _apart("--json", "-o -")
    text = _made(context, args)
    data = text.encode()
    if ending == ".pdf":
        data = _sheet(context, args.record, text)
    if output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        return EXIT_DONE
    return _written(context, Path(output), data, text)


def verify(context: Context, args: Namespace) -> int:
    from adapters.keys.signing import verifier_of
    from api.common.receipts import judgement_json, lines
    from domain.proofs.judging import judge

    screen, zone = context.screen, context.settings.zone
    policy, own = _policy(context, args.policy)
    judgement = judge(_receipt_in(Path(args.file)), policy, verifier_of)
    compared = [_compared(Path(path), judgement) for path in args.files] if judgement.ok else []
    answer = judgement_json(judgement, screen.lang, compared, own=own, zone=zone, erased=_erased(context, judgement))
    screen.document(answer)
    for line in lines(answer, screen.lang, zone):
        screen.line(line)
    return EXIT_DONE if answer["ok"] else EXIT_FOUND


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _made(context: Context, args: Namespace) -> str:
    """The receipt; where no published checkpoint covers the event yet, this command brings the ledger up to date."""
    from domain.proofs.receipts import PAUSES, ReceiptNotReady

    receipts = context.receipts

    def make(pauses: tuple[float, ...]) -> str:
        if args.complete:
            return receipts.complete(context.actor, args.record, pauses=pauses)
        return receipts.one(context.actor, args.record, version=args.version, revision=args.event, pauses=pauses)

    try:
        return make(())
    except ReceiptNotReady:
        context.pipeline.integrate()
        return make(PAUSES)


def _sheet(context: Context, reference: str, text: str) -> bytes:
    from adapters.keys.signing import verifier_of
    from adapters.rendering.receipt import receipt_pdf
    from api.common.receipts import indulgent, record_named
    from domain.proofs.judging import judge

    judged = judge(text.encode(), indulgent(context.house.trust.published()), verifier_of)
    named = record_named(
        context.directory(), context.archive.read(context.actor, reference), judged.receipts[0].version
    )
    settings = context.settings
    return receipt_pdf(text, judged, context.screen.lang, settings.zone, record=named, fonts=settings.fonts)


def _written(context: Context, path: Path, data: bytes, text: str) -> int:
    from adapters.keys.signing import verifier_of
    from api.cli.copying import write_out
    from api.common.receipts import indulgent, judgement_json
    from domain.proofs.judging import judge

    judged = judge(text.encode(), indulgent(context.house.trust.published()), verifier_of)
    write_out(path, data)
    answer = judgement_json(judged, context.screen.lang, zone=context.settings.zone)
    size, last = judged.claimed.size, judged.receipts[-1].proof.index
    context.screen.document({**answer, "file": str(path), "size": len(data)})
    context.screen.say(f"已写出 {path}：叶序号 {last}，树大小 {size}", f"Wrote {path}: leaf {last}, tree size {size}")
    return EXIT_DONE


def _erased(context: Context, judgement: Judgement) -> ErasedSince | None:
    """Where the archive itself is at hand, it knows what became of the event; no check depends on that."""
    from api.common.receipts import erased_since

    if not judgement.ok or not context.settings.identity_file.is_file():
        return None
    try:
        house = context.house
        return erased_since(house.events, house.identity.origin, judgement)
    except JianzhengError:
        return None


def _policy(context: Context, path: str | None) -> tuple[Policy, bool]:
    """The policy to check with, and whether it is only this machine's own archive's."""
    from api.common.receipts import read_policy
    from domain.ledger.policy import MAX_POLICY

    if path is not None:
        return read_policy(_bytes(Path(path), MAX_POLICY, "策略文件", "policy file")), False
    own = context.settings.policy or context.settings.ledger_folder / "vkey"
    if not own.is_file():
        raise PolicyNeeded
    return read_policy(_bytes(own, MAX_POLICY, "策略文件", "policy file")), True


def _receipt_in(path: Path) -> bytes:
    data = _bytes(path, MOST_BYTES, "回执", "receipt")
    if data.startswith(b"%PDF-"):
        from adapters.rendering.receipt import attached

        return attached(data)
    return data


def _compared(path: Path, judgement: Judgement) -> Compared:
    from api.common.receipts import Compared

    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            while block := handle.read(BLOCK):
                digest.update(block)
    except OSError:
        raise NotFound("文件", "file", str(path), file=str(path)) from None
    named = judgement.files().get(digest.hexdigest())
    return Compared(str(path), digest.hexdigest(), None if named is None else named.name)


def _bytes(path: Path, most: int, zh: str, en: str) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(most + 1)
    except OSError:
        raise NotFound(zh, en, str(path), file=str(path)) from None


def _apart(*options: str) -> UsageWrong:
    return UsageWrong(
        problem_zh=f"{'、'.join(options)} 不能一起用",
        problem_en=f"{', '.join(options)} cannot go together",
        help="jianzheng receipt --help",
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        ("receipt",),
        "开一份回执：凭它可以证明事件在账本里，谁也改不了",
        "Make a receipt: it shows that an event is in the ledger and cannot be changed unseen",
        receipt,
        "receipt school-01-2023-0042 -o 回执.tlog-proof",
        (
            RECORD,
            option(
                "-o --output",
                "FILE",
                "写到这个文件：.tlog-proof 或 .pdf；- 为标准输出",
                "file to write: .tlog-proof or .pdf; - for standard output",
                required=True,
            ),
            option("--version", "N", "记录的第 N 版，默认最新的事件", "version N of the record", type=int),
            option("--event", "N", "经过里的第 N 个事件", "event N of its history (default: the newest)", type=int),
            flag(
                "--complete",
                "完整性回执：全部事件，以及账本“没有别的事件”的签名声明",
                "completeness receipt: all events, and the log's signed word that there are no others",
            ),
        ),
        "刚存入的记录会等几秒，直到公布的检查点包含它。",
        "A record that was just filed is waited for, a few seconds, until a published checkpoint covers it.",
    ),
    Command(
        ("receipt", "verify"),
        "核对一份回执，不需要档案库，也不需要网络",
        "Check a receipt; needs neither an archive nor a network",
        verify,
        "receipt verify 回执.tlog-proof --policy 策略.txt --file 签到表.jpg",
        (
            positional("FILE", "回执：.tlog-proof、.pdf 或 .json", "the receipt: .tlog-proof, .pdf or .json"),
            option(
                "--policy",
                "P",
                "信任策略（tlog-policy）或账本公钥的文件",
                "file with a trust policy (tlog-policy) or the log's verifier key",
            ),
            option(
                "--file",
                "PATH",
                "核对这些文件是不是事件所记的",
                "are these the files that the event names?",
                nargs="+",
                default=[],
                dest="files",
            ),
        ),
        "证明不成立，或文件对不上时，退出码为 1；读不出的文件为 2。",
        "The exit code is 1 where nothing is proven or a file differs, and 2 for what cannot be read.",
    ),
)
