"""``ingest``, ``attach``, ``correct``, ``files``: evidence goes in, is added to, and comes out again."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.command import AS_OF, REASON, RECORD, Command, option, positional
from api.cli.context import Context, Screen
from api.cli.usage import ChooseOne
from domain.errors import EXIT_DONE, EXIT_INPUT

if TYPE_CHECKING:
    from adapters.intake.folders import Filed, NotFiled
    from adapters.intake.record_yaml import RecordFile


def ingest(context: Context, args: Namespace) -> int:
    from adapters.intake.folders import Ingest, NotFiled
    from api.common.shapes.intake import ingest_json

    screen = context.screen
    if args.org:
        context.directory().organisation(args.org)
    run = Ingest(context.archive, context.blobs, context.settings.zone, context.actor, args.org)
    tally: Counter[str] = Counter()
    codes: set[int] = set()

    def watched() -> Iterator[Filed | NotFiled]:
        for outcome in run.run(Path(path) for path in args.path):
            if isinstance(outcome, NotFiled):
                codes.add(outcome.error.exit_code)
            tally["refused" if isinstance(outcome, NotFiled) else "filed" if outcome.outcome.changed else "same"] += 1
            _report(screen, outcome)
            screen.progress(f"已处理 {tally.total()} 条：{outcome.path}", f"{tally.total()} done: {outcome.path}")
            yield outcome

    # A hundred thousand records pass by here: what is kept of each is what will be printed.
    document = ingest_json(watched(), run.passed, screen.lang) if screen.json else deque(watched(), maxlen=0)
    screen.progress_done()
    if tally["filed"]:
        context.catch_up()
    screen.document(document)
    for passed in run.passed:
        if not screen.json:
            screen.note(f"! {passed.path}：{passed.zh}", f"! {passed.path}: {passed.en}")
    screen.say(
        f"存入 {tally['filed']} 条，以前存过 {tally['same']} 条，没有存入 {tally['refused']} 条",
        f"Filed {tally['filed']}, filed before {tally['same']}, refused {tally['refused']}",
    )
    return EXIT_INPUT if EXIT_INPUT in codes else max(codes, default=EXIT_DONE)


def correct(context: Context, args: Namespace) -> int:
    from adapters.intake.folders import Staging
    from adapters.intake.record_yaml import read_record
    from domain.errors import JianzhengError

    path = Path(args.file)
    record = read_record(path)
    current = context.archive.read(context.actor, args.record)
    raw = dict(record.raw)
    try:
        with Staging(context.blobs) as staging:
            there = {entry.name for entry in current.files}
            files = [staging.take(place, name, role) for name, place, role in _beside(path.parent, record, there)]
            raw.pop("files", None)
            outcome = context.archive.correct(context.actor, args.record, raw, args.reason, files)
            if outcome.changed:
                staging.kept()
    except JianzhengError as error:
        raise record.locate(error) from None
    context.catch_up()
    context.screen.document(context.shapes.after_act(outcome.record, outcome.changed))
    code, number = outcome.record.code, outcome.record.current.number
    if outcome.changed:
        context.screen.say(f"{code} 已更正，现在是第 {number} 版", f"{code} was corrected; this is version {number}")
    else:
        context.screen.say(f"{code} 没有变化", f"{code}: nothing to change")
    return EXIT_DONE


def attach(context: Context, args: Namespace) -> int:
    from adapters.intake.folders import Staging, role_key
    from adapters.intake.record_folder import filed_name

    role = role_key(args.role, "role")
    with Staging(context.blobs) as staging:
        files = [staging.take(Path(path).absolute(), filed_name(Path(path).name), role) for path in args.file]
        outcome = context.archive.attach(context.actor, args.record, files)
        if outcome.changed:
            staging.kept()
    context.catch_up()
    context.screen.document(context.shapes.after_act(outcome.record, outcome.changed))
    code, count = outcome.record.code, len(outcome.record.files)
    context.screen.say(f"{code} 现有 {count} 个附件", f"{code} now has {count} files")
    return EXIT_DONE


def files(context: Context, args: Namespace) -> int:
    from api.cli.copying import copy_out
    from api.common.shapes.records import standing

    if args.version is not None and args.as_of is not None:
        raise ChooseOne
    record = context.archive.read(context.actor, args.record)
    as_of = context.tree_size(args.as_of)
    record, state = standing(context.events, context.ledger, record, args.version, as_of)
    folder = Path(args.output)
    gone = [entry for entry in state.files if entry.sha256 in record.destroyed]
    there = [entry for entry in state.files if entry.sha256 not in record.destroyed]
    written = list(copy_out(context.blobs, there, folder))
    context.screen.document({"record": str(record.id), "code": record.code, "version": state.number, "files": written})
    for entry in written:
        context.screen.line(f"{folder / entry['path']}  {entry['size']:,}  {entry['sha256'][:12]}…")
    for each in gone:
        by = record.destroyed[each.sha256]
        context.screen.note(f"{each.name} 已依法销毁（第 {by} 个事件）", f"{each.name} was erased under event {by}")
    if not written:
        context.screen.say("这条记录没有附件", "The record has no files")
    return EXIT_DONE


def _beside(folder: Path, record: RecordFile, there: set[str]) -> Iterator[tuple[str, Path, str]]:
    """Files named in a correction that lie beside it; one that does not must be in the record already."""
    from adapters.intake.folders import file_roles
    from adapters.intake.record_folder import filed_name
    from domain.records.content import Checked
    from domain.records.filing import refused

    named = record.raw.get("files")
    wanted = {filed_name(str(name)) for name in named} if isinstance(named, dict) else set()
    beside = {name for name in wanted if "/" not in name and "\\" not in name and (folder / name).is_file()}
    roles, problems = file_roles(named, sorted(beside | there))
    if problems:
        raise refused(Checked({}, tuple(problems)))
    for name in sorted(beside):
        yield name, folder / name, roles[name]


def _report(screen: Screen, outcome: Filed | NotFiled) -> None:
    from adapters.intake.folders import Filed
    from api.cli.failures import describe, where

    if screen.json:
        return
    screen.progress_done()
    if isinstance(outcome, Filed):
        record = outcome.outcome.record
        gaps = len(record.current.gaps)
        zh = f"，{gaps} 处待补" if gaps else ""
        en = f", {gaps} gaps" if gaps else ""
        sign = "✓" if outcome.outcome.changed else "="
        count = len(record.files)
        screen.say(
            f"{sign} {record.code}  {outcome.path}（附件 {count} 个{zh}）",
            f"{sign} {record.code}  {outcome.path} ({count} files{en})",
        )
        return
    error = outcome.error
    lines = [f"✗ {outcome.path}"]
    if outcome.problems:
        for line, problem in outcome.problems:
            said = problem.zh if screen.lang == "zh" else problem.en
            lines.append(f"  [{error.code}] {where(error.file, line, problem.field, screen.lang)}{said}")
    else:
        lines += [f"  {line}" for line in describe(error, screen.lang).splitlines()]
    screen.note("\n".join(lines), "\n".join(lines))


COMMANDS: tuple[Command, ...] = (
    Command(
        ("ingest",),
        "把文件夹里的记录存入档案库",
        "File every record found",
        ingest,
        "ingest 2023年材料 --org school-01 --json",
        (
            positional("PATH", "文件夹或文件", "folder or file", nargs="+"),
            option(
                "--org",
                "CODE",
                "单个文件（以及没有写单位的记录）存到这个单位",
                "organisation of single files, and of records that name none",
            ),
        ),
        "含有 record.yaml 的文件夹是一条记录，其中别的文件都是附件；单个文件存为一份材料。重复运行不会存两遍。"
        "有问题的文件夹逐个报告，不影响别的（最后退出码为 2）。隐藏文件、Thumbs.db、desktop.ini 和 ~$ 开头的文件不存。",
        "A folder with record.yaml is one record and every other file in it an attachment; a single file becomes a "
        "paper. Running it again files nothing twice. Bad folders are reported one by one and do not stop the good "
        "ones (exit code 2 at the end). Hidden files, Thumbs.db, desktop.ini and ~$… are left out.",
    ),
    Command(
        ("attach",),
        "给记录附上文件",
        "Attach files to a record",
        attach,
        "attach school-01-2023-0042 照片1.jpg 照片2.jpg --role photo",
        (
            RECORD,
            positional("FILE", "要附的文件", "the files", nargs="+"),
            option(
                "--role",
                "ROLE",
                "文件的角色，如 photo 或 照片；默认 other",
                "what they are, such as photo (default: other)",
                default="other",
            ),
        ),
    ),
    Command(
        ("correct",),
        "更正一条记录：旧版仍可查阅",
        "Correct a record; the earlier version stays readable",
        correct,
        "correct school-01-2023-0042 更正.yaml --reason 应到人数写错",
        (
            RECORD,
            positional(
                "FILE", "更正后的完整内容，格式同 record.yaml", "the whole corrected content, as in record.yaml"
            ),
            REASON,
        ),
        "原有附件都保留；files 里写到、并且放在旁边的文件一并附上。",
        "All files stay; those named under `files` that lie beside it are attached.",
    ),
    Command(
        ("files",),
        "取出记录的附件",
        "Copy a record's files out",
        files,
        "files school-01-2023-0042 -o 附件",
        (
            RECORD,
            option("-o --output", "DIR", "放到这个目录", "folder to copy them to", required=True),
            option("--version", "N", "第 N 版的附件", "those of version N", type=int),
            AS_OF,
        ),
        "复制时逐个核对指纹；已有的别的文件不会被覆盖。",
        "Every digest is checked while copying; other files are never overwritten.",
    ),
)
