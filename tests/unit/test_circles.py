"""No circle of imports: whoever reads one file has to read only what is below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules(*layers: str) -> dict[str, Path]:
    """Files by the names of their modules."""
    paths = [path for layer in layers for path in (ROOT / layer).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Those of the ``known`` modules that a file imports: inside functions and for types alone included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("layer", ["domain", "adapters", "indexers"])
def test_no_files_import_each_other(layer: str) -> None:
    """The files of a layer stand in an order in which each imports only those before it."""
    there = modules(layer)
    graph = {name: {each for each in imported(path, there) if each in there} - {name} for name, path in there.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
