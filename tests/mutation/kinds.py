"""What can be changed in a source, one thing at a time: comparisons, logic, arithmetic, constants, statements …

Only inside functions: what runs at import is run by every test. Left alone is what is no behaviour, or of which no test
should hold a copy: docstrings, annotations, assertions, log lines, the words of errors, how long something is waited
for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.FloorDiv: ("//", "*"), ast.Div: ("/", "*"),
    ast.Mod: ("%", "*"), ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip
LOGIC: dict[type[ast.boolop], tuple[str, str]] = {ast.And: ("and", "or"), ast.Or: ("or", "and")}

WAITING = re.compile(r"timeout|seconds|wait|patience|delay|interval|retry|backoff|deadline|pause|poll", re.IGNORECASE)
SILENT = re.compile(r"^(await )?(_?log|_?logger|logging|warnings|time\.sleep|asyncio\.sleep|_?sleep)\b")
UNTYPED = ("cast", "isinstance", "issubclass", "TypeVar")
CACHES = re.compile(r"\b(lru_)?cache\b")
TEXTS = (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp)


@dataclass(frozen=True)
class Change:
    """One change of a module's source. Offsets count bytes of UTF-8; lines, from 1, are those whose run reaches it."""

    function: str  # qualified name, as `Class.method`
    kind: str
    statement: str  # the statement, or the head of a compound one, as `ast.unparse` writes it
    start: int
    end: int
    old: str
    new: str
    lines: tuple[int, int]
    remembered: bool  # the function's answers are cached: other tests may use what one of them made it compute

    def apply(self, source: bytes) -> bytes:
        """The changed source. Raises `ValueError` where it is no other program: that would be an error of ours."""
        changed = source[: self.start] + self.new.encode() + source[self.end :]
        if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source)):
            raise ValueError(f"nothing changes in {self.function}: {self.old} → {self.new}")
        return changed

    def shown(self, source: bytes) -> str:
        """The change in its line, as ``git diff --word-diff`` shows it."""
        begin, finish = source.rfind(b"\n", 0, self.start) + 1, source.find(b"\n", self.end)
        before, after = source[begin : self.start].decode(), source[self.end : finish].decode()
        return f"{before.lstrip()}[-{_short(self.old)}-]{{+{_short(self.new)}+}}{after.rstrip()}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:40]} … {text[-35:]}"


def changes(source: bytes) -> list[Change]:
    """All that can be changed in a module, in the order of the source."""
    return sorted(_Reader(source).module(), key=lambda each: (each.start, each.end, each.kind))


@dataclass(frozen=True)
class _Here:
    function: str = ""
    remembered: bool = False
    statement: str = ""
    lines: tuple[int, int] = (0, 0)


class _Reader:
    """Walks through one module's tree."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def module(self) -> Iterator[Change]:
        for node in ast.parse(self._source).body:
            yield from self._definition(node, "", False)

    def _definition(self, node: ast.stmt, outer: str, remembered: bool) -> Iterator[Change]:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                yield from self._definition(inner, f"{outer}{node.name}.", remembered)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__repr__":
            cached = remembered or any(CACHES.search(ast.unparse(each)) for each in node.decorator_list)
            yield from self._block(node.body, _Here(f"{outer}{node.name}", cached))

    def _block(self, body: list[ast.stmt], here: _Here) -> Iterator[Change]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from self._definition(node, f"{here.function}.", here.remembered)
            elif not isinstance(node, ast.Assert | ast.Import | ast.ImportFrom) and not _for_types(node):
                yield from self._statement(node, here)

    def _statement(self, node: ast.stmt, here: _Here) -> Iterator[Change]:
        heads, bodies = _parts(node)
        last = max((_end(each)[0] for each in (heads if bodies else [node])), default=node.lineno)
        text = " ".join(ast.unparse(head) for head in heads) if bodies else ast.unparse(node)
        now = replace(here, statement=f"{type(node).__name__}: {text}" if bodies else text, lines=(node.lineno, last))
        yield from self._dropped(node, now)
        if isinstance(node, ast.If):
            yield from self._swapped(node.test, now)
        if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC and not _is_text(node.value):
            old, new = ARITHMETIC[type(node.op)]
            yield self._between(node.target, node.value, "arithmetic", f"{old}=", f"{new}=", now)
        if not isinstance(node, ast.Raise) and not _is_silent(node):
            for head in heads:
                yield from self._expression(head, now)
        for body in bodies:
            yield from self._block(body, here)

    def _dropped(self, node: ast.stmt, here: _Here) -> Iterator[Change]:
        match node:
            case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())) if not _is_silent(node):
                yield self._at(node, "call dropped", "pass", here)
            case ast.Raise():
                yield self._at(node, "raise dropped", "pass", here)
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield self._at(value, "return None", "None", here)

    def _swapped(self, test: ast.expr, here: _Here) -> Iterator[Change]:
        """Where the condition is a comparison or a negation, another kind turns it round."""
        if not isinstance(test, ast.UnaryOp | ast.Compare):
            yield self._at(test, "branches", f"not {self._whole(test)}", here)

    def _expression(self, node: ast.AST, here: _Here) -> Iterator[Change]:
        match node:
            case ast.JoinedStr():
                return  # sentences; and Python before 3.12 does not say where in them something stands
            case ast.Call(func=ast.Name(id=name)) if name in UNTYPED:
                return
            case ast.keyword(arg=str(name)) if WAITING.search(name):
                return
            case ast.Compare():
                for operator, (left, right) in zip(node.ops, pairwise([node.left, *node.comparators]), strict=True):
                    yield self._between(left, right, "comparison", *COMPARISONS[type(operator)], here)
            case ast.BoolOp():
                for left, right in pairwise(node.values):
                    yield self._between(left, right, "logic", *LOGIC[type(node.op)], here)
            case ast.UnaryOp(op=ast.Not()):
                yield self._at(node, "negation", self._whole(node.operand), here)
            case ast.BinOp() if type(node.op) in ARITHMETIC and not (_is_text(node) or _is_path(node)):
                yield self._between(node.left, node.right, "arithmetic", *ARITHMETIC[type(node.op)], here)
            case ast.IfExp():
                yield from self._swapped(node.test, here)
            case ast.Constant(value=bool() | int() as value):
                yield self._at(node, "constant", _other(value), here)
            case ast.Slice():
                for bound in (node.lower, node.upper):
                    if bound is not None:
                        yield self._at(bound, "slice", _more(bound, self._whole(bound)), here)
                return
        for child in ast.iter_child_nodes(node):
            if not (isinstance(node, ast.Lambda) and isinstance(child, ast.arguments)):
                yield from self._expression(child, here)

    def _between(self, left: ast.expr, right: ast.expr, kind: str, old: str, new: str, here: _Here) -> Change:
        """Another operator between two operands: nothing else stands there but brackets, spaces and comments."""
        begin, end = self._span(left)[1], self._span(right)[0]
        gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), self._source[begin:end])
        found = re.search(re.escape(old.encode()).replace(rb"\ ", rb"\s+"), gap)
        assert found is not None, (old, gap)
        return self._made(begin + found.start(), begin + found.end(), kind, new, here)

    def _at(self, node: ast.stmt | ast.expr, kind: str, new: str, here: _Here) -> Change:
        return self._made(*self._span(node), kind, new, here)

    def _made(self, start: int, end: int, kind: str, new: str, here: _Here) -> Change:
        old = self._source[start:end].decode()
        return Change(here.function, kind, here.statement, start, end, old, new, here.lines, here.remembered)

    def _span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        line, column = _end(node)
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[line - 1] + column

    def _whole(self, node: ast.expr) -> str:
        """The text of an expression, in brackets where it would fall apart among others."""
        start, end = self._span(node)
        text = self._source[start:end].decode()
        return text if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) else f"({text})"


def _parts(node: ast.stmt) -> tuple[list[ast.expr], list[list[ast.stmt]]]:
    """The expressions of a statement that may be changed, and the blocks below it."""
    match node:
        case ast.If() | ast.While():
            return [node.test], [node.body, node.orelse]
        case ast.For() | ast.AsyncFor():
            return [node.iter], [node.body, node.orelse]
        case ast.With() | ast.AsyncWith():
            return [item.context_expr for item in node.items], [node.body]
        case ast.Try() | ast.TryStar():
            return [], [node.body, *(each.body for each in node.handlers), node.orelse, node.finalbody]
        case ast.Match():
            guards = [case.guard for case in node.cases if case.guard]
            return [node.subject, *guards], [case.body for case in node.cases]
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return [] if node.value is None or WAITING.search(ast.unparse(target)) else [node.value], []
        case ast.Return() | ast.Expr() if node.value is not None:
            return [node.value], []
    return [], []


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Line and column; a tree that was read from a source always has them."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    return node.end_lineno, node.end_col_offset


def _other(value: bool | int) -> str:
    return str(not value) if isinstance(value, bool) else str(0 if value == 1 else value + 1)


def _more(bound: ast.expr, text: str) -> str:
    known = bound.value if isinstance(bound, ast.Constant) else None
    return str(known + 1) if isinstance(known, int) else f"{text} + 1"


def _for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _is_silent(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and bool(SILENT.match(ast.unparse(node.value)))


def _is_text(node: ast.expr) -> bool:
    """Whether texts or lists are joined: anything but ``+`` there is an error that no test needs to look for."""
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, TEXTS) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_path(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Div) and not isinstance(node.left, ast.Constant) | isinstance(
        node.right, ast.Constant
    )
