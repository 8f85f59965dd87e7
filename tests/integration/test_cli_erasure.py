"""The commands of erasure, as an office types them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import EXIT_DENIED, EXIT_DONE, EXIT_INPUT
from tests.cli_world import BACK_ENDS, LECTURE, REPAIR, Shell, make_office, servers

pytestmark = pytest.mark.slow


@pytest.fixture(params=BACK_ENDS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    """In a folder; and on servers, where the bucket locks what it keeps."""
    with servers(request.param, request) as settings:
        yield make_office(tmp_path, settings)


def test_one_proposes_and_another_approves(run: Shell) -> None:
    """Rejected once, then approved: each command says what it did, and what may not be is told by its code."""
    assert (
        run("user", "add", "sec", "--role", "secretary", "--org", "school-01", JIANZHENG_PASSWORD="long enough 1").code
        == 0
    )
    ask = ("--ground", "privacy", "--basis", "教党〔2024〕7号", "--json")
    said = run("erasure", "propose", REPAIR, *ask, JIANZHENG_USER="sec")
    assert (said.code, said.json["erasure"]["state"]) == (EXIT_DONE, "open")
    assert run("erasure", "reject", REPAIR, "--reason", "尚在诉讼期间").code == EXIT_DONE
    assert run("erasure", "propose", LECTURE, *ask, "--file", "签到表.txt").code == EXIT_DONE
    own = run("erasure", "approve", LECTURE, "--json")
    assert (own.code, own.json["error"]["code"]) == (EXIT_DENIED, "erasure_needs_another")
    assert run("erasure", "reject", LECTURE, "--reason", "另行提请").code == EXIT_DONE
    assert run("erasure", "propose", LECTURE, *ask, "--file", "签到表.txt", JIANZHENG_USER="sec").code == EXIT_DONE
    done = run("erasure", "approve", LECTURE, "--json")
    assert (done.code, done.json["status"], len(done.json["destroyed"])) == (EXIT_DONE, "filed", 1)
    [sheet] = run("show", LECTURE, "--json").json["files"]
    assert (sheet["name"], sheet["text_status"], sheet["erased"]) == ("签到表.txt", "erased", done.json["revision"])
    shown = run("show", LECTURE).out
    assert "已销毁" in shown
    listed = run("erasure", "list", "--json").json["erasures"]
    assert [(each["code"], each["state"]) for each in listed] == [
        (LECTURE, "erased"), (LECTURE, "rejected"), (REPAIR, "rejected"),
    ]  # fmt: skip
    assert "教党〔2024〕7号" in run("erasure", "list").out
    assert run("package", LECTURE, "-o", "p.zip", "--json").code == EXIT_INPUT
    checked = run("verify", "--json")
    assert (checked.code, checked.json["findings"]) == (EXIT_DONE, [])
