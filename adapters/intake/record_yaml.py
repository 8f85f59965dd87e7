"""Read ``record.yaml``: plain values, and the line on which each of them stands.

A record is untrusted text. It is read from the parser's events, so nesting, size and repetition are bounded while it is
read; anchors, aliases and tags, which a record has no use for, are refused. Scalars are those of the YAML 1.2 core
schema, and only where nothing is lost: ``24`` is a number, but ``007`` and ``14:30`` stay the text that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from domain.errors import InvalidRecord, JianzhengError, NotFound
from domain.records.fields import Problem

RECORD_FILE = "record.yaml"
MAX_BYTES = 5_000_000
MAX_DEPTH = 20
MAX_NODES = 200_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"~|null|Null|NULL|")
_INT = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{0,8}[1-9]")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_SAID: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", "冒号的位置不对：上一行的缩进可能错了，或者文字里的冒号没有用引号括起来"),
    ("tab character", "缩进要用空格，不能用制表符"),
    ("cannot start any token", "这里的字符不能用来开头：缩进要用空格而不是制表符，特殊符号要用引号括起来"),
    ("could not find expected ':'", "这一项缺少冒号"),
    ("expected <block end>", "缩进和上面的各项没有对齐"),
    ("did not find expected key", "缩进和上面的各项没有对齐，或者括号、引号没有配对"),
    ("did not find expected '-'", "列表的缩进没有对齐"),
    ("did not find expected ',' or", "方括号或花括号里缺逗号，或者没有配对"),
    ("while scanning a quoted scalar", "引号没有配对"),
    ("unexpected end of stream", "引号或括号没有配对"),
    ("control characters are not allowed", "有不可见的控制字符"),
    ("special characters are not allowed", "有不可见的控制字符"),
)
"""What the parser says, and how a clerk is told."""


class RecordSyntax(InvalidRecord):
    """The text is no YAML that a record may consist of."""

    code = "record_syntax"
    zh = "{file} 第 {line} 行看不懂：{problem_zh}。"
    en = "{file}, line {line}, cannot be read: {problem_en}."
    next_zh = "请改正这一行后再试；这条记录没有存入。"
    next_en = "Correct the line and try again; nothing of this record was stored."


class RecordUnreadable(InvalidRecord):
    """The file itself cannot be taken as text."""

    code = "record_unreadable"
    zh = "{file} 读不了：{problem_zh}。"
    en = "{file} cannot be read: {problem_en}."
    next_zh = "请改正后再试；这条记录没有存入。"
    next_en = "Mend it and try again; nothing of this record was stored."


@dataclass(frozen=True)
class RecordFile:
    """``raw`` are the keys as written; ``lines`` maps dotted paths such as ``attendance.on_leave.1`` to lines."""

    raw: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    file: str = RECORD_FILE

    def line_of(self, path: str | None) -> int | None:
        """The line of a path, or of the nearest thing around it that was written."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return self.lines.get("")

    def locate(self, error: JianzhengError) -> JianzhengError:
        """Tell the error in which file and on which line it is, where it does not know yet."""
        if error.file is None:
            error.file = self.file
        if error.line is None and error.field is not None:
            error.line = self.line_of(error.field)
        return error

    def problems(self, error: JianzhengError) -> Iterator[tuple[int | None, Problem]]:
        """All problems that an error of `Archive.file` brings, with their lines."""
        for problem in error.params.get("problems", ()):
            yield self.line_of(problem.field), problem


def read_record(path: Path, shown: str | None = None) -> RecordFile:
    """The record of a file, called ``shown`` in errors. Raises `NotFound`, `RecordUnreadable`, `RecordSyntax`."""
    name = shown or str(path)
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFound("文件", "file", name, file=name) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RecordUnreadable(f"打不开（{reason}）", reason, file=name) from None
    if len(data) > MAX_BYTES:
        mb = MAX_BYTES // 1_000_000
        raise RecordUnreadable(f"超过 {mb} MB", f"it is larger than {mb} MB", file=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RecordUnreadable(
            f"第 {line} 行不是 UTF-8 编码的文字，请另存为 UTF-8",
            f"line {line} is not UTF-8; save it as UTF-8",
            file=name,
            line=line,
        ) from None
    return parse(text, name)


def parse(text: str, file: str = RECORD_FILE) -> RecordFile:
    """Raises `RecordSyntax`; for whatever ``text`` is, never anything else."""
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise _wrong(file, mark.line + 1 if mark else 1, _in_chinese(said), said) from None
    except yaml.reader.ReaderError as error:
        # `position` counts characters or UTF-8 bytes, as the loader was built; the character is the same in both.
        line = text.count("\n", 0, max(0, text.find(chr(error.character)))) + 1
        raise _wrong(file, line, _in_chinese(str(error.reason)), str(error.reason)) from None
    except yaml.YAMLError as error:
        raise _wrong(file, 1, _in_chinese(str(error)), str(error).splitlines()[0]) from None
    return RecordFile(builder.finish(), builder.lines, file)


@dataclass
class _Open:
    """A mapping or list whose end has not come yet. ``key`` is the mapping's key that waits for its value."""

    path: str
    value: dict[str, Any] | list[Any]
    key: str | None = None


class _Builder:
    """Takes the parser's events one by one and grows the value; owns the stack of what is still open."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {}
        self.root: Any = None
        self.documents = 0
        self.nodes = 0
        self.stack: list[_Open] = []

    def take(self, event: Any) -> None:
        line: int = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _wrong(self.file, line, "不能用锚点和引用（& 和 *），请把内容写全", "anchors and aliases are refused")
        if getattr(event, "tag", None):
            raise _wrong(self.file, line, f"不能用标签 {event.tag}", f"the tag {event.tag} is refused")
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _wrong(self.file, line, "一个文件只能写一条记录", "one file holds one record")
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._begin({}, line)
            case yaml.SequenceStartEvent():
                self._begin([], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()

    def finish(self) -> dict[str, Any]:
        if not isinstance(self.root, dict):
            raise _wrong(
                self.file, self.lines.get("", 1), "记录应由“名称: 值”组成", "a record is a mapping of names to values"
            )
        return self.root

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, top.value, event.value, line)
        else:
            self._put(plain(event.value) if event.implicit[0] else event.value, line)

    def _key(self, top: _Open, mapping: dict[str, Any], key: str, line: int) -> None:
        if key in mapping:
            raise _wrong(self.file, line, f"“{key[:40]}”写了两次", f"“{key[:40]}” is there twice")
        top.key = key
        self.lines[_join(top.path, key)] = line

    def _begin(self, value: dict[str, Any] | list[Any], line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise _wrong(self.file, line, "名称应是文字", "a name must be text")
        if len(self.stack) >= MAX_DEPTH:
            raise _wrong(self.file, line, f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")
        self.stack.append(_Open(self._put(value, line), value))

    def _put(self, value: Any, line: int) -> str:
        """Give the value its place; returns the path of the place."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _wrong(self.file, line, f"超过 {MAX_NODES} 项", f"more than {MAX_NODES} values")
        if not self.stack:
            self.root, self.lines[""] = value, line
            return ""
        top = self.stack[-1]
        if isinstance(top.value, list):
            path = _join(top.path, str(len(top.value)))
            top.value.append(value)
            self.lines[path] = line
            return path
        assert top.key is not None, "a value in a mapping follows its key"
        path, top.value[top.key] = _join(top.path, top.key), value
        top.key = None
        return path


def plain(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar: anything but text only where writing it again gives the same text."""
    if _NULL.fullmatch(text):
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _wrong(file: str, line: int, zh: str, en: str) -> RecordSyntax:
    return RecordSyntax(zh, en, file=file, line=line)


def _in_chinese(said: str) -> str:
    return next((zh for part, zh in _SAID if part in said), "YAML 语法不对")
