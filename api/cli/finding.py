"""``search`` and ``show``: find records, and look at one as it is or as it stood."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from api.cli.command import AS_OF, RECORD, Command, flag, option, positional
from api.cli.context import Context, Screen
from api.cli.usage import ChooseOne
from domain.errors import EXIT_DONE

_OWN_TEXT = ("title", "body", "details")
"""Sources of snippets that are the record itself and not one of its files."""


def search(context: Context, args: Namespace) -> int:
    from api.common.question import read
    from api.common.shapes.search import search_json

    context.refresh()
    begun = time.perf_counter()
    request = read(_said(args)).request(context.house.moments)
    answer = context.searching.search(context.actor, request)
    page = search_json(answer, (time.perf_counter() - begun) * 1000)
    context.screen.document(page)
    _print_hits(context, page)
    return EXIT_DONE


def show(context: Context, args: Namespace) -> int:
    from api.cli.sheet import sheet

    if args.version is not None and args.as_of is not None:
        raise ChooseOne
    record = context.archive.read(context.actor, args.record)
    shape = context.shapes.record(record, args.version, context.tree_size(args.as_of))
    context.screen.document(shape)
    if not context.screen.json:
        organisation = context.directory().name(record.organisation)
        for line in sheet(context.screen, shape, organisation, context.settings.zone):
            context.screen.line(line)
    return EXIT_DONE


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _said(args: Namespace) -> Iterator[tuple[str, str]]:
    """The options as names and texts of a question; a flag that was given says true."""
    for name, value in {**vars(args), "query": " ".join(args.query)}.items():
        if value is True:
            yield name, "true"
        elif isinstance(value, str | list):
            yield from ((name, text) for text in (value if isinstance(value, list) else [value]))


def _print_hits(context: Context, page: Mapping[str, Any]) -> None:
    from domain.records.families import family

    screen, directory = context.screen, context.directory()
    zh = screen.lang == "zh"
    screen.say(f"共 {page['total']} 条（{page['took_ms']} 毫秒）", f"{page['total']} found ({page['took_ms']} ms)")
    for hit in page["hits"]:
        kind = family(hit["family"])
        form = kind.form(hit["form"]) if kind else None
        names = ((kind.zh, form.zh) if zh else (kind.en, form.en)) if kind and form else ()
        screen.line()
        screen.line(f"{screen.bold(hit['title'])}  {hit['code']}")
        screen.line(
            screen.dim("  " + " · ".join((directory.name(hit["organisation"]), *names, str(hit["occurred_on"]))))
        )
        for snippet in hit["snippets"]:
            place = "" if snippet["source"] in _OWN_TEXT else f"  [{_place(snippet, zh)}]"
            screen.line(
                "  " + " ".join(highlighted(screen, snippet["text"], snippet["marks"]).split()) + screen.dim(place)
            )
    if page["behind"]:
        behind = page["behind"]
        screen.note(f"还有 {behind} 个事件没有编入索引", f"{behind} events are not in the index yet")
    if page["next"]:
        screen.line()
        screen.say(f"下一页：--cursor {page['next']}", f"Next page: --cursor {page['next']}")


def _place(snippet: dict[str, Any], zh: bool) -> str:
    if snippet["page"] is None:
        return str(snippet["source"])
    return f"{snippet['source']} 第 {snippet['page']} 页" if zh else f"{snippet['source']}, page {snippet['page']}"


def highlighted(screen: Screen, text: str, marks: list[list[int]]) -> str:
    """The snippet with what was searched in colour, where there is colour."""
    parts, end = [], 0
    for start, stop in marks:
        parts += [text[end:start], screen.mark(text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def _many(names: str, metavar: str, zh: str, en: str) -> Any:
    return option(names, metavar, zh, en, action="append")


COMMANDS: tuple[Command, ...] = (
    Command(
        ("search",),
        "检索记录和附件的文字",
        "Search the text of records and their files",
        search,
        "search 立行立改 整改措施 --org school-01 --from 2023-01-01 --to 2023-12-31",
        (
            positional(
                "QUERY",
                "要找的词；“引号”里的词连在一起，-词 表示不要",
                'words; "a phrase" in quotes; -word to leave out',
                nargs="*",
            ),
            _many("--org", "CODE", "只查这个单位和它的下级", "only this organisation and those below it"),
            _many("--family", "F", "类别，如 整改", "family, such as rectification"),
            _many("--form", "F", "形式，如 党课", "form, such as party_lecture"),
            _many("--plan", "P", "方案", "plan"),
            _many("--phase", "P", "阶段", "phase"),
            _many("--person", "P", "参加的人：姓名或编号", "somebody taking part: name or code"),
            _many("--year", "Y", "年份", "year"),
            _many("--status", "S", "状态：filed signed returned withdrawn", "status: filed signed returned withdrawn"),
            _many("--file-type", "T", "附件类型，如 pdf", "type of a file, such as pdf"),
            flag("--late", "只看补录", "only what was filed late"),
            flag("--gaps", "只看有待补的", "only what has gaps"),
            option("--from", "DATE", "发生日期不早于", "happened on or after", dest="occurred_from"),
            option("--to", "DATE", "发生日期不晚于", "happened on or before", dest="occurred_to"),
            option("--recorded-from", "DATE", "存入日期不早于", "filed on or after"),
            option("--recorded-to", "DATE", "存入日期不晚于", "filed on or before"),
            option(
                "--due-before",
                "DATE",
                "整改期限早于这一天、还没有销号",
                "rectification not closed, due before",
            ),
            AS_OF,
            option(
                "--sort",
                "S",
                "排序：relevance 按相关、newest 从新到旧、oldest 从旧到新",
                "relevance, newest or oldest",
            ),
            option("--limit", "N", "一次最多多少条，1 到 1000", "hits in one answer, 1 to 1000"),
            option("--cursor", "C", "从上一次结果的 next 往后", "go on behind the `next` of an earlier answer"),
        ),
    ),
    Command(
        ("show",),
        "看一条记录：内容、附件、经过",
        "Show a record, its files and its history",
        show,
        "show school-01-2023-0042 --version 1",
        (RECORD, option("--version", "N", "第 N 版", "its version N", type=int), AS_OF),
    ),
)
