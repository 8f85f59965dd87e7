"""Archives that earlier versions made (`tests.golden.archives`) are opened, asked, checked and carried on by it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.home.house import open_archive
from api.app import create_app
from indexers.pipeline import Pipeline
from tests.cli_world import PASSWORD, RECORD, Shell
from tests.golden import archives
from tests.golden.archives import asking
from tests.http_world import BASE, CSRF_HEADER, TestClient

KEPT = sorted(Path(archives.__file__).parent.glob("*.tar.xz"))
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kept:
    """An archive of an earlier version in a folder of its own, and what was known of it."""

    run: Shell
    codes: dict[str, str]
    """Archival code by the key of a form."""
    answers: list[dict[str, Any]]

    @property
    def home(self) -> Path:
        return self.run.folder / "jianzheng-data"

    @property
    def taken(self) -> Path:
        return self.run.folder / "taken"

    def differences(self, *without: str) -> dict[str, list[str]]:
        """By question, where it is not answered as it was; questions with these first words are left out."""
        asked = [each for each in self.answers if each["asked"][0] not in without]
        now = asking.answers(self.run, [each["asked"] for each in asked])
        found = {
            " ".join(then["asked"]): list(asking.differences(then, said)) for then, said in zip(asked, now, strict=True)
        }
        return {question: lines for question, lines in found.items() if lines}


MENDED = {
    "search 立行立改 --as-of 40 --sort oldest": [
        "answer.hits[0].status: 'signed' → 'filed'",
        "answer.hits[2].status: 'returned' → 'filed'",
        "answer.hits[3].status: 'withdrawn' → 'filed'",
    ]
}
"""What was not so: a search as of a time showed records in the state that they came to later."""


@pytest.fixture(params=KEPT, ids=lambda path: path.name.removesuffix(".tar.xz"))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    with tarfile.open(request.param) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, which Debian 12 has, has none
        packed.extractall(tmp_path)
    (tmp_path / "home").rename(tmp_path / "jianzheng-data")
    for key in (tmp_path / "jianzheng-data" / "keys").iterdir():
        key.chmod(0o600)
    codes, answers = (json.loads((tmp_path / name).read_text("utf-8")) for name in ("records.json", "answers.json"))
    return Kept(Shell(tmp_path), codes, answers)


def test_it_answers_as_it_did(kept: Kept) -> None:
    """Every record, search, report and list says what it said on its day, and nothing is found wrong."""
    assert kept.differences() == MENDED


def test_what_can_be_rebuilt_says_the_same(kept: Kept) -> None:
    """Index, lists and texts are thrown away and made again by this version: searches and reports stay."""
    for name in ("index", "text"):
        shutil.rmtree(kept.home / name)
    for path in kept.home.glob("views.sqlite*"):
        path.unlink()
    assert kept.run("index", "rebuild").code == 0
    assert kept.differences("show", "org", "person", "user", "key", "checkpoint") == MENDED


def test_what_was_taken_from_it_still_proves(kept: Kept) -> None:
    """Receipts, package, checkpoint and issued reports of its day hold, with and without the archive."""
    for receipt in ("存入.tlog-proof", "完整.json", "回执.pdf"):
        assert kept.run("receipt", "verify", f"taken/{receipt}", "--policy", "taken/策略.txt").code == 0, receipt
    assert kept.run("package", "verify", "taken/证据包.zip", "--policy", "taken/策略.txt").code == 0
    assert kept.run("verify", "--since", "taken/检查点.txt").code == 0
    for report in sorted((kept.taken / "年报").iterdir()):
        said = kept.run("report", "verify", str(report), "--json")
        assert said.code == 0, (report.name, said.out)


def test_its_package_proves_itself(kept: Kept) -> None:
    """By the verifier that travels inside, which needs nothing of ours."""
    with zipfile.ZipFile(kept.taken / "证据包.zip") as package:
        package.extractall(kept.run.folder / "package")
    [verifier] = (kept.run.folder / "package").rglob("verify.py")
    done = subprocess.run([sys.executable, verifier], cwd=verifier.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_goes_on(kept: Kept) -> None:
    """It is filed into, signed off, corrected and checked; its ledger continues the one of its day."""
    before = kept.run("checkpoint", "--json").json["tree_size"]
    folder = kept.run.folder / "新记录"
    folder.mkdir()
    (folder / "record.yaml").write_text(RECORD, "utf-8")
    (folder / "签到表.txt").write_text("新的签到表", "utf-8")
    filed = kept.run("ingest", "新记录", "--json")
    assert filed.code == 0, filed
    [new] = filed.json["filed"]
    for code in (new["code"], kept.codes["visit"]):
        assert kept.run("sign-off", code).code == 0
    assert kept.run("search", "新的签到表", "--json").json["total"] == 1
    checked = kept.run("verify", "--since", "taken/检查点.txt", "--json")
    assert (checked.code, checked.json["findings"]) == (0, [])
    assert checked.json["tree_size"] == before + 4


def test_its_pages_open(kept: Kept) -> None:
    """Signed in with the password of its day: the desk, every record, the search and the report."""
    house = open_archive(kept.run.settings())
    try:
        Pipeline(house).catch_up()
        with TestClient(create_app(house), base_url=BASE) as browser:
            session = browser.post("/api/v1/session", json={"username": "admin", "password": PASSWORD})
            assert session.status_code == 201
            browser.headers[CSRF_HEADER] = session.json()["csrf"]
            pages = ["/", "/search?q=立行立改", "/reports?org=school-01&year=2023", "/verify", "/admin/erasures"]
            for page in (*pages, *(f"/records/{code}" for code in kept.codes.values())):
                assert browser.get(page).status_code == 200, page
    finally:
        house.close()
