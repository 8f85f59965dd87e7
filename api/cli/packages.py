"""``package``: records with everything that proves them, in one ZIP, for people who have no archive; and its check."""

from __future__ import annotations

import secrets
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.command import RECORD, Command, option, positional
from api.cli.context import Context
from domain.errors import EXIT_DONE, EXIT_FOUND, NotFound

if TYPE_CHECKING:
    from adapters.packages.verifier.evidence import Report, Said
    from domain.proofs.packages import Packages
    from domain.records.record import Record


def make(context: Context, args: Namespace) -> int:
    from adapters.packages.writer import write_package
    from api.cli.copying import OutputFailed

    path = Path(args.output)
    context.pipeline.integrate()
    package = packages(context).of(context.actor, args.record)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        written = write_package(part, package, context.blobs.open)
        part.replace(path)
    except OSError as error:
        raise OutputFailed(path=str(path), reason=error.strerror or type(error).__name__) from None
    finally:
        part.unlink(missing_ok=True)
    context.screen.document(
        {"file": str(path), "records": list(package.codes), "tree_size": package.size, "files": written.files,
         "bytes": written.bytes}
    )  # fmt: skip
    context.screen.say(
        f"{path}：{len(package.codes)} 条记录，{written.files} 个文件，{written.bytes:,} 字节，账本 {package.size} 条",
        f"{path}: {len(package.codes)} records, {written.files} files, {written.bytes:,} bytes, {package.size} leaves",
    )
    return EXIT_DONE


def packages(context: Context) -> Packages:
    """What makes packages of an archive."""
    from adapters.home import parts
    from domain.proofs.packages import Packages

    def described(record: Record, size: int) -> dict[str, Any]:
        shape: dict[str, Any] = {**context.shapes.record(record, as_of=size)}
        for file in shape["files"]:  # how the extraction of its text stands is no part of the record
            file.pop("text_status", None)
        return shape

    def roots(authority: str) -> bytes | None:
        path = context.settings.roots_of(authority)
        return path.read_bytes() if path.is_file() else None

    return Packages(
        archive=context.archive,
        events=context.events,
        ledger=context.ledger,
        register=context.ledger,
        published=context.publisher.checkpoint,
        witnessed=context.house.witnessed,
        sign_note=context.signer.sign_note,
        policy=context.house.policy.data,
        stamps=parts.files(context.settings, context.servers).timestamps().read,
        roots=roots,
        describe=described,
    )


def verify(context: Context, args: Namespace) -> int:
    from adapters.packages.verifier.bag import Bag
    from adapters.packages.verifier.evidence import check_package
    from adapters.packages.verifier.trouble import NoPackage
    from domain.proofs.packages import InvalidPackage

    policy = None if args.policy is None else _bytes(Path(args.policy))
    try:
        bag = Bag(Path(args.zip))
        try:
            report = check_package(bag, policy)
        finally:
            bag.close()
    except NoPackage as error:
        raise InvalidPackage(error.zh, error.en, file=args.zip) from None
    _tell(context, report)
    return EXIT_DONE if report.sound else EXIT_FOUND


def _tell(context: Context, report: Report) -> None:
    screen = context.screen

    def said(some: list[Said]) -> list[str]:
        return [zh if screen.lang == "zh" else en for zh, en in some]

    screen.document(
        {
            "ok": report.sound,
            "origin": report.origin,
            "tree_size": report.size,
            "records": report.records,
            "events": report.events,
            "files": report.files,
            "timestamps": report.stamps,
            "proven": said(report.proven),
            "findings": said(report.wrong),
            "not_checked": said(report.open),
        }
    )
    for sign, some in (("✓", report.proven), ("✗", report.wrong), ("!", report.open)):
        for text in said(some):
            screen.line(f"{sign} {text}")
    screen.say(
        "证据包成立" if report.sound else f"证据包不成立：{len(report.wrong)} 处不符",
        "The package holds" if report.sound else f"The package does not hold: {len(report.wrong)} findings",
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise NotFound("策略文件", "policy file", str(path), file=str(path)) from None


COMMANDS: tuple[Command, ...] = (
    Command(
        ("package",),
        "把记录和它的全部证据装成一个证据包",
        "Put records and everything that proves them into one ZIP",
        make,
        "package school-01-2023-0042 -o 证据包.zip",
        (
            positional(RECORD.metavar, RECORD.zh, RECORD.en, nargs="+"),
            option("-o --output", "ZIP", "写到这里", "where it is written", required=True),
        ),
        "里面有原件、事件、回执、检查点、策略、时间戳，和一个只要 Python 就能运行的核验程序 verify.py。"
        "同样的记录、同样的检查点，做出来逐字节相同。",
        "It holds the originals, events, receipts, checkpoint, policy and time stamps, and a program verify.py that "
        "needs nothing but Python. The same records under the same checkpoint give the same bytes.",
    ),
    Command(
        ("package", "verify"),
        "核验证据包，不需要档案库",
        "Check an evidence package; no archive is needed",
        verify,
        "package verify 证据包.zip",
        (
            positional("ZIP", "证据包", "the package"),
            option("--policy", "P", "您自己持有的信任策略；不写就用包里的", "the policy that you trust; else its own"),
        ),
        "成立时退出码为 0，不成立为 1；文件不是证据包，或者是想害人的（压缩炸弹、越界的路径、重名），为 2。",
        "Exit code 0 where it holds, 1 where it does not, and 2 for a file that is no package or is built to do harm "
        "(a zip bomb, a path that leads outside, a name that is there twice).",
    ),
)
