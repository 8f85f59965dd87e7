"""What the documents promise a developer: one line gives the addresses of servers, and the program works with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.home.settings import read
from tests.cli_world import PASSWORD, RECORD
from tests.servers import own
from tests.servers.addresses import place
from tests.servers.find import GIVEN

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def surroundings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A name for the places on the run's servers, and the environment of a shell that knows those servers."""
    urls = {kind: str(request.getfixturevalue(f"{kind}_url")) for kind in GIVEN}
    shims = tmp_path / "bin"
    shims.mkdir()
    for name, words in (("python", ""), ("jianzheng", "-m api.cli")):
        (shims / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (shims / name).chmod(0o755)
    name = own.new_name()
    yield (
        name,
        {
            "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "JIANZHENG_TEST_CACHE": str(tmp_path / "cache"),
            "JIANZHENG_ADMIN_PASSWORD": PASSWORD,
            **{GIVEN[kind]: url for kind, url in urls.items()},
        },
    )
    own.drop_database(urls["postgres"], name)
    own.drop_bucket(urls["s3"], name)
    own.drop_prefix(place(urls["elasticsearch"], name))


def test_one_line_gives_the_servers_and_the_program_uses_them(
    surroundings: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    """`eval` of what `env` prints, then an archive is made, filed in, searched and verified, all of it on servers."""
    name, environment = surroundings
    (tmp_path / "党课").mkdir()
    (tmp_path / "党课" / "record.yaml").write_text(RECORD, "utf-8")
    (tmp_path / "党课" / "签到表.txt").write_text("张敏 王芳 签到", "utf-8")
    script = f"""
        set -eu
        eval "$(cd {ROOT} && python -m tests.servers env --name {name} 2>/dev/null)"
        printenv JIANZHENG_DATABASE JIANZHENG_BLOBS JIANZHENG_SEARCH > addresses
        jianzheng init --name 某区教育局 --origin archive.example/2023 >&2
        jianzheng org add school-01 第一小学 >&2
        jianzheng ingest 党课 >&2
        jianzheng search 立行立改 --json > found.json
        jianzheng verify --json > verified.json
        jianzheng check --json > checked.json
        cd {ROOT} && python -m tests.servers down
    """
    ran = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    addresses = (tmp_path / "addresses").read_text("utf-8").split()
    chosen = read(dict(zip(("JIANZHENG_DATABASE", "JIANZHENG_BLOBS", "JIANZHENG_SEARCH"), addresses, strict=True)))
    assert chosen.database is not None and chosen.search is not None
    assert chosen.bucket is not None and (chosen.bucket.bucket, chosen.bucket.lock) == (name, "governance")
    answers = {each: json.loads((tmp_path / f"{each}.json").read_bytes()) for each in ("found", "verified", "checked")}
    assert answers["found"]["total"] == 1
    assert (answers["verified"]["ok"], answers["verified"]["findings"]) == (True, [])
    assert answers["checked"]["ok"] and {"locks", "database", "files", "search"} <= {
        check["name"] for check in answers["checked"]["checks"]
    }
    assert not (tmp_path / "jianzheng-data" / "events.sqlite").exists()
    assert not (tmp_path / "jianzheng-data" / "files").exists()
