"""The five real plans, where they are at hand: filed by the command line, found by any phrase copied from them."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from pathlib import Path

import pytest
from opencc import OpenCC

from adapters.home import settings
from adapters.home.house import open_archive
from domain.ports.search import SearchRequest
from tests import forking

SEEDS = sorted((Path(__file__).parents[3] / "shared" / "seeds").glob("0*.txt"))
PHRASES = 60
NOISE = re.compile(r"(?<=[\u4e00-\u9fff])[(（][a-zü]*[à-ǿ][a-zà-ǿ]*[)）]")

pytestmark = pytest.mark.skipif(not SEEDS, reason="the real plans are not part of the project")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    home = tmp_path_factory.mktemp("plans") / "archive"
    environment = {**os.environ, "JIANZHENG_HOME": str(home), "JIANZHENG_ADMIN_PASSWORD": "correct horse 1"}

    def run(*words: str) -> dict:
        done = forking.run(
            [Path(sys.executable).with_name("jianzheng"), *words, "--json"],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    run("init", "--name", "青禾区教育局", "--origin", "archive.example/plans")
    run("org", "add", "school-01", "第一中学")
    filed = run("ingest", *map(str, SEEDS), "--org", "school-01")
    assert len(filed["filed"]) == len(SEEDS) and not filed["failed"]
    again = run("ingest", *map(str, SEEDS), "--org", "school-01")
    assert len(again["unchanged"]) == len(SEEDS) and not again["filed"]
    verified = run("verify")
    assert verified["ok"] and verified["checked"]["files"] == len(SEEDS)
    house = open_archive(settings.read({"JIANZHENG_HOME": str(home)}))
    yield house, {Path(one["path"]).name: one["record"] for one in filed["filed"]}
    house.close()


@pytest.mark.parametrize("plan", SEEDS, ids=lambda path: path.stem[:3])
def test_any_phrase_copied_from_a_plan_finds_it(archive, plan):
    """As it stands, in the other script, without the noise; runs of Chinese text of 4 to 30 characters."""
    house, records = archive
    me, chance = house.operator(), random.Random(plan.name)
    text = plan.read_text("utf-8")
    runs = [m[0] for m in re.finditer(r"[\u4e00-\u9fff](?:[\u4e00-\u9fff]|\([a-zà-ǿü]+\)){3,29}", text)]
    others = [OpenCC("s2t").convert, OpenCC("t2s").convert, lambda phrase: NOISE.sub("", phrase)]
    for run in chance.sample(runs, min(PHRASES, len(runs))):
        start = chance.randrange(len(run) - 3)
        phrase = run[start : start + chance.randint(4, 30)]
        if not re.search("[\u4e00-\u9fff]", phrase):
            continue  # cut out of the noise alone: nobody would look for that
        for form in (phrase, *(change(phrase) for change in others)):
            answer = house.searching.search(me, SearchRequest(query=form, limit=100))
            assert records[plan.name] in {found.hit.record for found in answer.hits}, form
