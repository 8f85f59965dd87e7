"""What all generated pages share: a heading that says where they come from, and tables."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable

PACKAGES = ("domain", "adapters", "indexers", "operations", "api")


def heading(title: str, about: str) -> list[str]:
    return [
        f"# {title}",
        "",
        "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->",
        "",
        about,
        "",
    ]


def cell(text: str) -> str:
    """Text that can stand in a table."""
    return " ".join(text.replace("|", "\\|").split())


def table(*head: str) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]


def row(*cells: str) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def codes(words: Iterable[str]) -> str:
    """``a``, ``b``, ``c`` as they stand in a cell."""
    return ", ".join(f"`{word}`" for word in words)


def literals(text: str) -> str:
    """The marks of reStructuredText's literals become Markdown's."""
    return text.replace("``", "`")


def first_line(subject: object) -> str:
    """The first paragraph of a docstring."""
    return literals(inspect.cleandoc(subject.__doc__ or "").split("\n\n")[0])


def import_everything(*packages: str) -> None:
    """Import every module of the packages, so that their classes are known; what runs when imported is left out."""
    for package in packages or PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
