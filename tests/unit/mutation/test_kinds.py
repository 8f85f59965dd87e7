"""What of a source is changed, and into what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.kinds import changes

ROOT = Path(__file__).resolve().parents[3]


def changed(body: str, kind: str, head: str = "def f(a, b, c):") -> list[str]:
    """What each change of a kind makes of a function with this body."""
    lines = "\n    ".join(body.splitlines())
    source = f"{head}\n    {lines}\n".encode()
    ends = [each.apply(source).decode() for each in changes(source) if each.kind == kind]
    return [end.partition("\n")[2].removeprefix("    ").removesuffix("\n").replace("\n    ", "\n") for end in ends]


@pytest.mark.parametrize(
    ("kind", "body", "ends"),
    [
        ("comparison", "return a < b <= c", ["return a <= b <= c", "return a < b < c"]),
        ("comparison", "return (a)  not  in (b)", ["return (a)  in (b)"]),
        ("comparison", "return a is not b", ["return a is b"]),
        ("comparison", "return (a  # != is meant\n!= b)", ["return (a  # != is meant\n== b)"]),
        ("logic", "return a and b and c", ["return a or b and c", "return a and b or c"]),
        ("negation", "return not a == b", ["return (a == b)"]),
        ("arithmetic", "a += b", ["a -= b"]),
        ("arithmetic", "return '见证', a - b * c", ["return '见证', a + b * c", "return '见证', a - b // c"]),
        ("constant", "return g(0, 1, 7, True)", [
            "return g(1, 1, 7, True)", "return g(0, 0, 7, True)", "return g(0, 1, 8, True)", "return g(0, 1, 7, False)",
        ]),
        ("slice", "return a[1:b]", ["return a[2:b]", "return a[1:b + 1]"]),
        ("slice", "return a[: -1]", ["return a[: (-1) + 1]"]),
        ("call dropped", "a.save(\n  b)\nawait b()", ["pass\nawait b()", "a.save(\n  b)\npass"]),
        ("raise dropped", "if a:\n    raise b", ["if a:\n    pass"]),
        ("return None", "return a(b)", ["return None"]),
        ("branches", "if a or b:\n    c()", ["if not (a or b):\n    c()"]),
        ("branches", "return b if a.ready() else c", ["return b if not a.ready() else c"]),
    ],
)  # fmt: skip
def test_each_kind_changes_one_thing(kind: str, body: str, ends: list[str]) -> None:
    """Only the operator, the number or the statement becomes another one; brackets and comments stay."""
    assert changed(body, kind, "async def f(a, b, c):") == ends


@pytest.mark.parametrize(
    "source",
    [
        '"""There are 3 of them."""\nLIMIT = 3\n__all__ = ["f"]',
        "class A:\n    size: int = 3",
        "def f(a: int = 3) -> Literal[1]: ...",
        "def f(a):\n    assert a > 0",
        "def f(a):\n    if TYPE_CHECKING:\n        g(1)",
        "def f(a):\n    log.info('done', 3)\n    time.sleep(3)",
        "def f(a):\n    return f'{a + 1} of 3'[:]",
        "def f(a):\n    timeout = 3\n    b = g(wait=3)",
        "def f(a):\n    return 'a' + b[:]",
    ],
)
def test_what_is_no_behaviour_is_left_alone(source: str) -> None:
    """Words, annotations, assertions, log lines, waiting and what runs at import are not changed."""
    assert [each for each in changes(source.encode()) if each.kind != "return None"] == []


def test_only_the_words_of_an_error_stay() -> None:
    """An error may be left out, but what it says is not changed."""
    found = changes(b"def f(a):\n    raise Wrong(a + 1, 'more than 3')")
    assert [each.kind for each in found] == ["raise dropped"]


def test_a_change_says_where_it_stands() -> None:
    """Function, statement and lines are those that a reader sees; the diff is one line."""
    source = b"class A:\n    @cache\n    def f(self, a):\n        if (a and\n            a > 1):\n            g(a)\n"
    logic = next(each for each in changes(source) if each.kind == "logic")
    assert (logic.function, logic.statement, logic.lines) == ("A.f", "If: a and a > 1", (4, 5))
    assert logic.remembered
    assert logic.shown(source) == "if (a [-and-]{+or+}"


@pytest.mark.parametrize("path", ["domain/ledger/tree.py", "adapters/s3/client.py", "api/cli/main.py"])
def test_every_change_of_real_code_is_another_program(path: str) -> None:
    """Each one parses, and not to what stood there."""
    source = (ROOT / path).read_bytes()
    found = changes(source)
    ends = {ast.dump(ast.parse(each.apply(source))) for each in found}
    assert len(ends) == len(found) > 20
