"""An office's archive, driven by real processes of the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.home.settings import Settings, read
from tests import forking
from tests.servers import own

PASSWORD = "correct horse battery staple"
RECORD = """\
organisation: school-01
family: study_session
form: 党课
title: 专题党课：从历史中汲取力量
occurred: {from: 2023-04-21T14:30+08:00, to: 2023-04-21T16:30+08:00}
chair: 张敏
attendance: {expected: 24, present: 22, on_leave: [{person: 王芳, reason: 病假}, {person: 赵军}]}
hours: 2
body: |
  大家围绕立行立改谈了认识。
files: {签到表.txt: {role: attendance_sheet}}
"""
ITEM = """\
organisation: school-01
family: 整改
form: 问题整改
title: 教学楼线路老化
occurred: {from: 2023-05-06}
problem: 三楼教室的线路已经老化。
deadline: 2023-09-30
term: 立行立改
"""


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs commands on one archive."""

    folder: Path
    servers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Answer:
        ran = forking.run(
            [sys.executable, "-m", "api.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in ran.stderr + ran.stdout
        return Answer(ran.returncode, ran.stdout, ran.stderr)

    def environment(self, **variables: str) -> dict[str, str]:
        root = str(Path(__file__).resolve().parents[1])
        found = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")}
        return {**found, "PYTHONPATH": root, "JIANZHENG_ADMIN_PASSWORD": PASSWORD, **self.servers, **variables}

    def settings(self) -> Settings:
        """Of its archive, for what a test does behind the program's back."""
        return read({"JIANZHENG_HOME": str(self.folder / "jianzheng-data"), **self.servers})


BACK_ENDS = ("embedded", "servers")


@contextmanager
def servers(kind: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of an archive of its own on real servers; none for an embedded one."""
    with ExitStack() as stack:
        if kind == "embedded":
            yield {}
            return
        yield {
            "JIANZHENG_DATABASE": stack.enter_context(own.own_database(request.getfixturevalue("postgres_url"))),
            "JIANZHENG_BLOBS": stack.enter_context(
                own.own_bucket(request.getfixturevalue("s3_url"), lock="governance", days=1)
            ),
            "JIANZHENG_SEARCH": stack.enter_context(own.own_prefix(request.getfixturevalue("elasticsearch_url"))),
        }


LECTURE, REPAIR = "school-01-2023-0001", "school-01-2023-0002"


def make_office(folder: Path, servers: Mapping[str, str] | None = None) -> Shell:
    """An archive with a school, two people and two records, made by commands."""
    run = Shell(folder, servers or {})
    for line in (
        ("init", "--name", "某区教育局", "--origin", "archive.example/2023"),
        ("org", "add", "school-01", "第一小学", "--kind", "school"),
        ("person", "add", "zhang-min", "张敏", "--org", "school-01", "--post", "书记"),
        ("person", "add", "wang-fang", "王芳", "--org", "school-01"),
    ):
        assert run(*line).code == 0
    for name, text in (("党课", RECORD), ("整改", ITEM)):
        (run.folder / "材料" / name).mkdir(parents=True)
        (run.folder / "材料" / name / "record.yaml").write_text(text, "utf-8")
    (run.folder / "材料" / "党课" / "签到表.txt").write_text("张敏 王芳 签到", "utf-8")
    answer = run("ingest", "材料", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert [f["path"] for f in answer.json["filed"]] == ["材料/党课", "材料/整改"]
    return run
