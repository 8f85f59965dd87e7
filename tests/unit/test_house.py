"""The house rules that no other tool checks: what a module may be like, and what must not stand in any file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "adapters", "indexers", "operations", "api")  # from the bottom to the top
DEVELOPED = ("tests", "examples", "benchmarks", "docs")
LONGEST_MODULE = 400  # lines in all

DOMAIN_MAY_IMPORT = {  # beside itself: everything here computes, nothing reads, writes, waits or asks the clock
    "__future__", "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "collections", "contextlib",
    "copy", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq",
    "hmac", "html", "itertools", "json", "keyword", "math", "operator", "re", "statistics", "string", "struct",
    "textwrap", "types", "typing", "unicodedata", "uuid", "zoneinfo",
    "cryptography", "opencc", "orjson", "pypinyin", "yaml",
    "eventsourcing.domain", "eventsourcing.utils",
}  # fmt: skip

# Written in pieces, so that this file does not contain what it forbids.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(?:work|root|farm|tmp/bash_jobs|home/[a-z]+)/",
    "an address of a package registry": "|".join(
        ("index-" + "url", "find-" + "links", "GOPROXY" + "=", r"https?://reg" + r"istry\.", "pypi" + r"\.org/simple")
    ),
    "a word that is not the project's": "|".join(
        ("shared/" + "(?:design|style)", "sub" + "agent", "coding " + "session")
    ),
    "a private key": "-----BEGIN " + "[A-Z ]*PRIVATE KEY-----",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!-)",
}


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is in the repository or about to be."""
    # A clone may belong to another user than the one who runs the tests, as in many CI systems.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    files = [path for path in project_files() if path.suffix == ".py"]
    return [path for path in files if not folders or path.relative_to(ROOT).parts[0] in folders]


def text_of(path: Path) -> str:
    """The text of a file, empty for one that is not text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def shown(path: Path, line: int | None = None) -> str:
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")


def imports_of(tree: ast.AST) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(name.name, node.lineno) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node.lineno))
    return found


@dataclass(frozen=True)
class Module:
    """What the rules ask of a module. Each is read once, for this: the syntax trees of all would fill the memory."""

    described: bool
    imports: tuple[tuple[str, int], ...]
    silent_tests: tuple[int, ...]
    """Lines of tests without a docstring."""
    silent: tuple[tuple[int, str], ...]
    """Line and name of what does not say what it gives: see `silent_in`."""


Function = ast.FunctionDef | ast.AsyncFunctionDef


def silent_in(tree: ast.Module, layer: str) -> tuple[tuple[int, str], ...]:
    """Line and name of what is public in a layer and has no docstring: functions of modules, methods of ports, and in
    the domain those of every class. Routes and commands are described where they are declared.
    """
    asked: list[tuple[str, ast.stmt]] = []
    if layer in LAYERS:
        asked += [("", node) for node in tree.body if not (layer == "api" and is_declared(node))]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and (layer == "domain" or is_port(node)):
                asked += [(f"{node.name}.", method) for method in node.body]
    return tuple(
        (node.lineno, name + node.name)
        for name, node in asked
        if isinstance(node, Function) and not node.name.startswith("_") and not ast.get_docstring(node)
    )


def is_port(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).split("[")[0] in ("Protocol", "typing.Protocol") for base in node.bases)


def is_declared(node: ast.stmt) -> bool:
    """Whether it is a route, or a command: those take the context and the words of the command line."""
    if not isinstance(node, Function):
        return False
    routes = [ast.unparse(each) for each in node.decorator_list if ast.unparse(each).startswith("router.")]
    taken = [ast.unparse(each.annotation) for each in node.args.args if each.annotation is not None]
    return bool(routes) or taken == ["Context", "Namespace"]


@cache
def module(path: Path) -> Module:
    layer = path.relative_to(ROOT).parts[0]
    tree = ast.parse(text_of(path))
    silent = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    return Module(
        not tree.body or bool(ast.get_docstring(tree)), tuple(imports_of(tree)), tuple(silent), silent_in(tree, layer)
    )


def domain_may_import(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == "domain" or any(".".join(parts[:n]) in DOMAIN_MAY_IMPORT for n in range(1, len(parts) + 1))


def test_no_module_is_too_long() -> None:
    """A module that outgrows the limit is split: one file is enough to read to understand one subject."""
    sizes = {shown(path): len(text_of(path).splitlines()) for path in python_files()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}


def test_every_module_says_what_it_is_for() -> None:
    """Each module has a docstring; only an empty `__init__.py` that merely makes a folder a package has none."""
    assert [shown(path) for path in python_files() if not module(path).described] == []


def test_every_test_says_what_it_shows() -> None:
    """Each test has a docstring, so that a red one tells a reader which promise broke."""
    silent = [shown(path, line) for path in python_files("tests") for line in module(path).silent_tests]
    assert silent == []


def test_whatever_others_call_says_what_it_gives() -> None:
    """Functions of modules, methods of ports and methods of the domain have a docstring."""
    found = {shown(path): module(path).silent for path in python_files(*LAYERS)}
    lines = [f"{name}:{line} {what}" for name, some in found.items() for line, what in some]
    assert lines == [], "\n".join(("without a docstring:", *lines))


SAMPLE = '''
def loud():
    """It says so."""

def quiet(): ...
def _inside(): ...

class Port(Protocol):
    def asked(self): ...
    def told(self):
        """It says so."""
    def __len__(self): ...

class Thing:
    @property
    def size(self): ...

@router.get("/")
async def page(): ...
def command(context: Context, _: Namespace) -> int: ...
'''


@pytest.mark.parametrize(
    ("layer", "silent"),
    [
        ("domain", ["quiet", "page", "command", "Port.asked", "Thing.size"]),
        ("adapters", ["quiet", "page", "command", "Port.asked"]),
        ("api", ["quiet", "Port.asked"]),
        ("tests", []),
    ],
)
def test_what_is_silent_is_found(layer: str, silent: list[str]) -> None:
    """The rule finds what is silent, where each layer has to speak, and nothing that speaks or is private."""
    assert [name for _, name in silent_in(ast.parse(SAMPLE), layer)] == silent


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    """Nothing of one developer's machine, of a registry, of unfinished work, and no secret is in the repository."""
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in project_files():
        if pattern.search(text := text_of(path)):
            found += [shown(path, n) for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    assert found == []


def test_imports_run_downwards_only() -> None:
    """A layer imports itself and the layers below it, lazy imports inside functions included."""
    wrong = []
    for height, layer in enumerate(LAYERS):
        above = set(LAYERS[height + 1 :]) | {"tests", "examples", "benchmarks"}
        for path in python_files(layer):
            for name, line in module(path).imports:
                if name.split(".")[0] in above:
                    wrong.append(f"{shown(path, line)} imports {name}")
    assert wrong == []


def test_the_domain_is_pure() -> None:
    """The domain imports only what computes: no files, no network, no clock, no randomness."""
    wrong = [
        f"{shown(path, line)} imports {name}"
        for path in python_files("domain")
        for name, line in module(path).imports
        if not domain_may_import(name)
    ]
    assert wrong == []


USED_BY_NAME = {
    "httptools": "uvicorn parses requests with it where it is there",
    "uvloop": "uvicorn runs on it where it is there",
    "python-multipart": "FastAPI reads forms with it",
    "import-linter": "a program",
    "lxml-stubs": "types",
    "mypy": "a program",
    "pytest-cov": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "a program",
    "setuptools": "builds the program's own package",
    "types-openpyxl": "types",
    "types-pyyaml": "types",
    "uv": "a program: make lock",
}
"""What is declared and never imported, and why."""

BROUGHT_ALONG = {"starlette", "pydantic", "pydantic-core", "typing-extensions", "elastic-transport"}
"""What FastAPI and the client of Elasticsearch require and hand to their users."""


def declared(*groups: str) -> set[str]:
    """Distributions that the program requires, or those of these optional groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [line for group in groups for line in project["optional-dependencies"][group]]
    return {canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines or project["dependencies"]}


def distributions_imported(*folders: str) -> dict[str, str]:
    """Each module from elsewhere that is imported below these folders, with a place where it is."""
    ours = {*LAYERS, "tests", "examples", "benchmarks", "docs", "_typeshed"}  # the last one is for types alone
    return {
        name.split(".")[0]: shown(path, line)
        for path in python_files(*folders)
        for name, line in module(path).imports
        if name.split(".")[0] not in ours | sys.stdlib_module_names
    }


def test_the_product_imports_only_what_it_declares() -> None:
    """What a user installs is enough: no module of the product needs a package that only developers have."""
    there, homes = declared() | declared("servers") | BROUGHT_ALONG, packages_distributions()
    wrong = [
        f"{place} imports {top}"
        for top, place in distributions_imported(*LAYERS).items()
        if not there & {canonical(name) for name in homes.get(top, [])}
    ]
    assert wrong == []


def test_the_demonstration_needs_nothing_but_what_running_needs() -> None:
    """`make demo` installs the lock of those who run the program, and that alone."""
    locked = {canonical(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)}
    homes = packages_distributions()
    wrong = [
        f"{place} imports {top}"
        for top, place in distributions_imported("examples").items()
        if not locked & {canonical(name) for name in homes.get(top, [])}
    ]
    assert wrong == []


def test_what_is_declared_is_imported() -> None:
    """Nobody installs what nothing uses: neither users nor developers; and a reason why something is not imported is
    given for that alone.
    """
    homes = packages_distributions()
    for groups, folders in ((declared() | declared("servers"), LAYERS), (declared("dev"), DEVELOPED)):
        used = {canonical(name) for top in distributions_imported(*folders) for name in homes.get(top, [])}
        assert groups - used - USED_BY_NAME.keys() == set()
        assert groups & used & USED_BY_NAME.keys() == set()


def canonical(name: str) -> str:
    """A distribution's name as package tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4", "token_hex", "urandom"}


def test_the_domain_calls_neither_clock_nor_chance() -> None:
    """Time and randomness reach the domain as arguments: the modules it may import offer both, too."""
    wrong = []
    for path in python_files("domain"):
        for node in ast.walk(ast.parse(text_of(path))):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) if name in IMPURE_CALLS:
                    wrong.append(f"{shown(path, node.lineno)} calls {name}")
                case ast.Attribute(value=ast.Name(id="datetime" | "date" | "uuid"), attr=name) if name in IMPURE_CALLS:
                    wrong.append(f"{shown(path, node.lineno)} calls {name}")
    assert wrong == []


def test_what_is_found_is_called_by_what_it_is() -> None:
    """No variable, parameter or attribute of the product is called `found`."""
    wrong = []
    for path in python_files(*LAYERS, "examples"):
        for node in ast.walk(ast.parse(text_of(path))):
            match node:
                case ast.arg(arg="found") | ast.MatchAs(name="found"):
                    wrong.append(shown(path, node.lineno))
                case ast.Name(id="found", ctx=ast.Store()) | ast.Attribute(attr="found", ctx=ast.Store()):
                    wrong.append(shown(path, node.lineno))
    assert wrong == []


def test_locks_pin_every_package_by_hash() -> None:
    """Each entry of a lock is a package with one version and its SHA-256; developers have what users have, and more."""
    pins = {}
    for name in ("requirements.lock", "requirements-build.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        blocks = re.split(r"\n(?=\w)", text.strip())
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
        pins[name] = {block.split(" ")[0] for block in blocks}
        assert "//" not in text  # no address of any kind
    assert pins["requirements.lock"] | pins["requirements-build.lock"] <= pins["requirements-dev.lock"]
    assert {pin.split("==")[0] for pin in pins["requirements-build.lock"]} == {"setuptools"}


def test_the_oldest_python_is_the_same_everywhere() -> None:
    """`pyproject.toml`, the lock and the type checker speak of one oldest Python, and this one is not older; README and
    what looks for one also of the newest that the locks have packages for.
    """
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert 'requires-python = ">=3.11"' in project
    assert 'python_version = "3.11"' in project
    assert "--python-version 3.11" in makefile
    assert "with Python 3.11 to 3.14:" in (ROOT / "README.md").read_text("utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 14)" in (ROOT / ".ci" / "system").read_text("utf-8")
    assert sys.version_info >= (3, 11)


OPENS_THE_HOUSE = (
    "api/app.py", "api/cli/context.py", "api/common/composing.py", "indexers/pipeline.py", "operations/keys.py",
    "operations/migration/ends.py", "operations/migration/run.py", "operations/migration/target.py",
    "operations/verification.py",
)  # fmt: skip
"""Where parts are taken out of it and handed on by name: a door, or one operation put together."""


def test_functions_take_the_parts_that_they_use() -> None:
    """No function takes the whole archive where a part of it would do: a signature says what is touched."""
    found = {
        shown(path)
        for path in python_files(*LAYERS)
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if argument.annotation is not None and ast.unparse(argument.annotation).strip("\"'") in ("House", "HouseDep")
    }
    assert found == {*OPENS_THE_HOUSE}
