"""``report``: make the annual report, issue it, and check whether a file is the issued one."""

from __future__ import annotations

import hashlib
from argparse import Namespace
from pathlib import Path
from typing import Any

from api.cli.command import AS_OF, ORG, Command, option, positional
from api.cli.context import Context
from api.cli.copying import make_folder, write_out
from domain.errors import EXIT_DONE, EXIT_FOUND, NotFound

MOST_BYTES = 100_000_000
"""No report is larger; what is, is none of ours and is not read into memory."""

YEAR = option("--year", "Y", "年份", "year", required=True, type=int)
LANG = option("--lang", "L", "文件的语言：zh 或 en", "language of the file: zh or en", choices=("zh", "en"))


def annual(context: Context, args: Namespace) -> int:
    context.catch_up()
    report = context.reporting.annual(context.actor, args.org, args.year, context.tree_size(args.as_of))
    if args.output is None:
        context.screen.document(report.as_json())
        _print(context, report.as_json())
        return EXIT_DONE
    path = Path(args.output)
    data = context.reporting.render(report, path.suffix or path.name, args.lang or context.screen.lang)
    write_out(path, data)
    digest = hashlib.sha256(data).hexdigest()
    context.screen.document({**_made(report.as_json()), "file": str(path), "sha256": digest, "size": len(data)})
    size = report.as_of.tree_size
    context.screen.say(
        f"已写出 {path}（账本 {size} 条时的样子）\nSHA-256 {digest}",
        f"Wrote {path} (as of {size} leaves)\nSHA-256 {digest}",
    )
    return EXIT_DONE


def issue(context: Context, args: Namespace) -> int:
    context.catch_up()
    endings = args.format or ("json", "html", "pdf")
    folder = Path(args.output)
    make_folder(folder)  # before the event: what cannot be written should not be issued
    issued = context.reporting.issue(context.actor, args.org, args.year, context.tree_size(args.as_of), endings)
    context.catch_up()
    files = []
    for ending, data in issued.files.items():
        path = folder / f"{args.org}-{args.year}.{ending}"
        write_out(path, data)
        files.append({"file": str(path), "sha256": issued.event.digests[ending], "size": len(data)})
    context.screen.document({**_made(issued.report.as_json()), "files": files, "changed": issued.changed})
    if issued.changed:
        context.screen.say("年报已签发", "The report was issued")
    else:
        context.screen.say("这份年报以前签发过，内容相同", "This very report was issued before")
    for file in files:
        context.screen.line(f"  {file['file']}  {file['sha256']}")
    return EXIT_DONE


def verify(context: Context, args: Namespace) -> int:
    from api.common.shapes.reports import verdict_json

    path = Path(args.file)
    try:
        with path.open("rb") as handle:
            data = handle.read(MOST_BYTES)
    except OSError:
        raise NotFound("文件", "file", str(path), file=str(path)) from None
    context.catch_up()
    verdict = context.reporting.verify_file(context.actor, data)
    context.screen.document(verdict_json(verdict))
    if verdict.event is not None:
        event = verdict.event
        context.screen.say(
            f"这是 {event.actor} 于 {event.recorded_at[:10]} 签发的 {event.organisation} {event.year} 年年报",
            f"Issued by {event.actor} on {event.recorded_at[:10]}: {event.organisation}, {event.year}",
        )
    for remark in verdict.remarks:
        sign = "✗" if remark.grave else "!"
        context.screen.say(f"{sign} {remark.zh}", f"{sign} {remark.en}")
    if verdict.ok:
        context.screen.say(
            "✓ 文件与签发时一致，历史仍能得出它", "✓ The file is as issued, and the history still yields it"
        )
    return EXIT_DONE if verdict.ok else EXIT_FOUND


def _made(report: dict[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("organisation", "year", "as_of", "fold_version")}


def _print(context: Context, report: dict[str, Any]) -> None:
    """The leading figures of each section, and what the report remarks on."""
    screen, lang = context.screen, context.screen.lang
    if screen.json:
        return
    size = report["as_of"]["tree_size"]
    screen.line(screen.bold(f"{report['organisation_name']} {report['year']}"))
    screen.say(f"账本 {size} 条时的样子", f"as of {size} leaves")
    for section in report["sections"]:
        screen.line()
        screen.line(screen.bold(section["title"][lang]))
        for lead in section["leads"]:
            screen.line(f"  {lead['label'][lang]}: {report['figures'][lead['figure']]['value']}")
        for remark in section["remarks"]:
            screen.line(f"  · {remark['text'][lang]}")


COMMANDS: tuple[Command, ...] = (
    Command(
        ("report", "annual"),
        "做一个单位一年的年报",
        "Make the annual report of an organisation",
        annual,
        "report annual --org school-01 --year 2023 -o 年报.pdf",
        (
            ORG,
            YEAR,
            AS_OF,
            option("-o --output", "FILE", "写到这个文件：.json .html .pdf", "file to write: .json .html .pdf"),
            LANG,
        ),
        "同一个检查点做出的年报逐字节相同。不写文件时打印各项数字。",
        "The same checkpoint gives the same bytes. Without a file the figures are printed.",
    ),
    Command(
        ("report", "issue"),
        "签发年报：把文件的指纹记入账本",
        "Issue the annual report: its digests go into the ledger",
        issue,
        "report issue --org school-01 --year 2023 -o 年报",
        (
            ORG,
            YEAR,
            AS_OF,
            option("-o --output", "DIR", "把签发的文件写到这个目录", "folder for the issued files", required=True),
            option(
                "--format",
                "F",
                "格式，可以写几次；默认 json、html、pdf 都做",
                "format, may be repeated (default: json, html and pdf)",
                action="append",
                choices=("json", "html", "pdf"),
            ),
        ),
    ),
    Command(
        ("report", "verify"),
        "核对一个文件是不是签发的年报，历史是否仍能得出它",
        "Is a file the issued report, and does the history still yield it?",
        verify,
        "report verify 年报/school-01-2023.pdf",
        (positional("FILE", "年报文件", "the file"),),
        "不是，或者历史对不上时，退出码为 1。",
        "The exit code is 1 when it is not, or when history disagrees.",
    ),
)
