"""No files import each other in a circle: each can be read, tested and moved with only what lies below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from tests.unit.test_house import LAYERS, ROOT, python_files, text_of

Graph = Mapping[str, frozenset[str]]


@cache
def modules() -> Mapping[str, str]:
    """The text of every file of the product by its module's name; a folder's own file has the folder's."""
    found = {}
    for path in python_files(*LAYERS):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = text_of(path)
    return found


def named(text: str) -> Iterator[str]:
    """What a file imports, wherever it stands: in a function, and for types alone, too, because a reader has to know
    both files then, and a type that is needed below belongs below.

    A folder's own file counts for whoever imports it by name, not for whoever imports a file beside it.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inside & modules().keys() or {node.module}


def graph() -> Graph:
    return {name: frozenset(named(text)) & modules().keys() - {name} for name, text in modules().items()}


def reached(start: str, arrows: Graph) -> set[str]:
    """Everything that an import of ``start`` leads to; ``start`` itself where it lies on a circle."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        fresh = arrows[ahead.pop()] - found
        found |= fresh
        ahead += fresh
    return found


def circles(arrows: Graph) -> list[set[str]]:
    """The sets of files each of which leads to every other, by name."""
    ways = {name: reached(name, arrows) for name in arrows}
    found = {frozenset(other for other in way if name in ways[other]) for name, way in ways.items() if name in way}
    return sorted((set(circle) for circle in found), key=sorted)


def test_no_files_import_each_other_in_a_circle() -> None:
    """What two files share stands in a third one below both."""
    assert circles(graph()) == []


def room(module: str) -> str:
    """A folder of a layer, or a file that stands in none."""
    return ".".join(module.split(".")[:2])


def test_no_rooms_import_each_other_in_a_circle() -> None:
    """The rooms of a layer stand on floors: whoever is above imports, whoever is below is imported."""
    arrows: dict[str, set[str]] = {room(name): set() for name in modules()}
    for name, others in graph().items():
        arrows[room(name)] |= {room(other) for other in others} - {room(name)}
    assert circles({name: frozenset(others) for name, others in arrows.items()}) == []


def test_a_circle_is_seen() -> None:
    """A circle of two and one of three are told apart, and what only leads into one is on none."""
    arrows = {"a": "b", "b": "ac", "c": "d", "d": "e", "e": "c", "f": "a"}
    assert circles({name: frozenset(to) for name, to in arrows.items()}) == [{"a", "b"}, {"c", "d", "e"}]
