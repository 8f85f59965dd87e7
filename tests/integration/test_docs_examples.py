"""What the documents tell people to type works: each command is run, in the order of its page, on a small archive."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from api.cli.commands import COMMANDS
from api.cli.parser import HelpWanted, parse
from tests import forking
from tests.doc_pages import PAGES, ROOT, commands, named, write_files

INLINE = re.compile(r"`(jianzheng [^`\n…]+)`")
PASSWORD = "correct horse battery staple"
RECORD = """\
organisation: school-01
family: study_session
form: 党课
title: 专题党课
occurred: {from: 2023-04-21T14:30+08:00}
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder as the pages assume it: an archive, a school, a record, a checkpoint that was kept."""
    folder = tmp_path_factory.mktemp("office")
    shim = folder / "bin" / "jianzheng"
    forking.write_shim(shim)
    record = folder / "work" / "2023-04-21 党课"
    record.mkdir(parents=True)
    (record / "record.yaml").write_text(RECORD, "utf-8")
    (record / "签到表.txt").write_text("张敏 王芳", "utf-8")
    for line in (
        "jianzheng init --name 某区教育局 --origin archive.example/2023",
        "jianzheng org add school-01 第一小学",
        "jianzheng ingest .",
        "jianzheng checkpoint > kept-checkpoint.txt",
    ):
        ran = run(folder, folder / "work", line)
        assert ran.returncode == 0, (line, ran.stderr)
    return folder


def run(office: Path, where: Path, line: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")}
    environment |= {
        "PATH": f"{office / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "JIANZHENG_ADMIN_PASSWORD": PASSWORD,
        "JIANZHENG_PASSWORD": PASSWORD,
    }
    return subprocess.run(
        ["bash", "-c", line], cwd=where, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=named)
def test_the_commands_of_a_page_work(office: Path, page: Path, tmp_path: Path) -> None:
    """One after another, each exits 0; a page that begins with `init` begins in an empty folder."""
    stay = "jianzheng serve", "jianzheng witness serve"
    lines = [line for line in commands(page) if not line.startswith(stay)]
    where = tmp_path / "work"
    if any(line.startswith("jianzheng init") for line in lines):
        shutil.copytree(office / "work", where, ignore=shutil.ignore_patterns("jianzheng-data"))
    else:
        shutil.copytree(office / "work", where)
    write_files(page, where)
    for line in lines:
        ran = run(office, where, line)
        assert ran.returncode == 0, (line, ran.stdout, ran.stderr)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_named_in_a_text_exist(page: Path) -> None:
    """A call that a sentence mentions is one that the program understands, as far as it goes."""
    unknown = []
    for line in INLINE.findall(page.read_text("utf-8")):
        words = [word for word in shlex.split(line)[1:] if not word.startswith("-")]
        try:
            parse([*words[:2], "--help"], "en")
        except HelpWanted:
            continue
        unknown.append(line)
    assert unknown == []


def test_every_command_is_run_by_a_test() -> None:
    """The tests of the command line call each command there is."""
    files = [ROOT / "tests" / "cli_world.py", *Path(__file__).parent.glob("test_cli*.py")]
    text = "".join(path.read_text("utf-8") for path in files)
    called = ['"' + '", "'.join(command.path) + '"' for command in COMMANDS]
    assert [call for call in called if call not in text] == []


def test_what_the_page_about_searching_tells_to_type_finds_something(office: Path) -> None:
    """Each question of its first examples has the school's record among its answers, or leaves it out as it says."""
    page = next(page for page in PAGES if page.name == "search.md")
    first = page.read_text("utf-8").partition("```sh\n")[2].partition("```")[0]
    lines = [line for line in first.splitlines() if line.startswith("jianzheng search")]
    totals = {line: json.loads(run(office, office / "work", f"{line} --json").stdout)["total"] for line in lines}
    assert len(lines) >= 6
    assert {line: total for line, total in totals.items() if not total} == {}
