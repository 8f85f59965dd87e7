"""Pages and commands take the parts of the archive that they use, by name: a signature says what a function touches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.unit.test_house import python_files, shown, text_of

WHOLE = {"House", "HouseDep"}
COMPOSES = "api/cli/context.py"
"""Where commands get parts from; pages get them from `api.http.context`."""


def takers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions with a parameter, and classes with a field, that is the whole archive."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [(node.name, arg.annotation) for arg in given]
        elif isinstance(node, ast.ClassDef):
            annotations = [(node.name, each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
        else:
            continue
        for name, annotation in annotations:
            if annotation is not None and WHOLE & {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)}:
                yield name, node.lineno


def test_pages_and_commands_take_parts_and_not_the_whole() -> None:
    """No function and no class below `api/web` and `api/cli` is given a house, but for the context of commands."""
    files = {shown(path): path for path in python_files("api")}
    found = [
        f"{name}:{line} {function}"
        for name, path in files.items()
        if name.startswith(("api/web/", "api/cli/")) and name != COMPOSES
        for function, line in takers(ast.parse(text_of(path)))
    ]
    assert found == []


def test_a_taker_is_seen() -> None:
    """As a parameter, behind `None` or in a field."""
    source = (
        "def a(x: House | None): ...\nasync def b(*, y: HouseDep): ...\nclass C:\n    z: House\ndef d(x: Archive): ..."
    )
    assert [name for name, _ in takers(ast.parse(source))] == ["a", "b", "C"]
