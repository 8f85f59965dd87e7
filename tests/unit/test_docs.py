"""The documents: links lead somewhere, commands exist, and the reference says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.home.variables import NAMES, VARIABLES
from api.http.description import operations
from docs.generate import FOLDER, pages
from docs.reference_pages.errors import all_errors
from docs.reference_pages.events import all_events, meaning
from docs.reference_pages.http import document
from domain.access import MAY
from tests.unit.test_house import LAYERS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`((?:domain|adapters|indexers|api|tests|docs|benchmarks|examples|\.ci)/[\w./-]*)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link of a document names a file that exists, and an anchor that is in it."""
    dead = []
    for match in LINK.finditer(CODE.sub("", document.read_text("utf-8"))):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_the_make_targets_of_the_documents_exist(document: Path) -> None:
    """Whoever types what a document says after `make` finds such a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = "\n".join(CODE.findall(document.read_text("utf-8")))
    assert set(re.findall(r"(?:`|\$ |^)make ([a-z][a-z-]*)", code, re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_the_files_of_the_documents_exist(document: Path) -> None:
    """A file or folder of the project that a document names in code marks exists."""
    named_files = FILE.findall(document.read_text("utf-8"))
    assert [name for name in named_files if not (ROOT / name).exists()] == []


def test_the_reference_is_what_the_code_says() -> None:
    """The generated pages are up to date; `make docs` writes them again."""
    stale = [name for name, text in pages().items() if _written(name) != text.rstrip("\n") + "\n"]
    assert stale == []


def _written(name: str) -> str:
    page = FOLDER / name
    return page.read_text("utf-8") if page.exists() else ""


def test_every_event_says_what_it_means() -> None:
    """No event is listed without a word on what happened."""
    assert [event.TOPIC for event in all_events() if not meaning(event)] == []


def test_every_error_is_listed() -> None:
    """The page has every code, also of the errors that stand beside the code that raises them."""
    page = _written("errors.md")
    assert [error.code for error in all_errors()[1:] if f"| `{error.code}` |" not in page] == []


def test_every_operation_is_described() -> None:
    """The page tells of each operation of the interface what it does, and who may; and of nothing else."""
    described = dict(operations(document()))
    assert [name for name in described if f"### `{name}`" not in _written("http.md")] == []
    assert [name for name, operation in described.items() if not operation.get("description")] == []


def test_every_variable_that_is_read_is_documented() -> None:
    """What the program reads from the environment is listed, and what is listed is read."""
    modules = [path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")]
    read = set()
    for path in modules:
        text = path.read_text("utf-8")
        if path.name == "settings.py":
            text = text.partition("def read(")[2]
        read |= set(re.findall(r"\"(JIANZHENG_[A-Z_]+)\"", text))
    assert read == {variable.name for variable in VARIABLES}
    page = _written("settings.md")
    assert [variable.name for variable in VARIABLES if f"| `{variable.name}` |" not in page] == []


def test_every_variable_that_a_document_names_exists() -> None:
    """Nobody sets a variable that the program never reads."""
    named_ = {
        name for path in DOCUMENTS for name in re.findall(r"JIANZHENG_[A-Z]+(?:_[A-Z]+)*", path.read_text("utf-8"))
    }
    assert named_ - NAMES == set()


def test_the_table_of_roles_is_the_policy() -> None:
    """Who may do what stands in the how-to as `domain.access` has it, every action and every role."""
    page = (ROOT / "docs" / "how-to" / "people-and-roles.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    roles = [cell.split()[-1] for cell in rows[0][1:]]
    shown: dict[str, set[str]] = {role: set() for role in roles}
    for first, *marks in rows[2:]:
        for role, mark in zip(roles, marks, strict=True):
            if mark:
                shown[role].add(first.split("`")[1])
    assert shown == {role: set(actions) for role, actions in MAY.items()}


def test_the_picture_of_the_house_shows_every_room() -> None:
    """Each folder of the five packages is in the picture of `architecture.md`, and no module that is not there."""
    picture = (ROOT / "docs" / "design" / "architecture.md").read_text("utf-8").split("```")[3]
    floors = re.split(r"^(?=[a-z]+/)", picture, flags=re.MULTILINE)[1:]
    shown = {name: rest for name, _, rest in (floor.partition("/") for floor in floors)}
    for floor, said in shown.items():
        assert [name for name in re.findall(r"\w+\.py\b", said) if not any((ROOT / floor).rglob(name))] == []
    for layer in LAYERS:
        rooms = {path.name: path for path in (ROOT / layer).iterdir() if path.is_dir() and path.name != "__pycache__"}
        seen = set(re.findall(r"(?<![\w/])(\w+)/", shown[layer]))
        assert seen <= rooms.keys()
        # A subject is shown with all its events by a page of the reference that is written from the code.
        assert [name for name in rooms.keys() - seen if not (rooms[name] / "subject.py").exists()] == []
