"""Evidence packages on the command line: real processes, on both back ends; the check needs no archive at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_world import BACK_ENDS, LECTURE, Shell, make_office, servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=BACK_ENDS)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with servers(request.param, request) as found:
        yield make_office(tmp_path_factory.mktemp("office"), found)


def test_a_package_is_checked_where_there_is_no_archive(office: Shell, tmp_path: Path) -> None:
    """It holds, by its own policy and by the reader's; altered it does not; what is no package is wrong input."""
    made = office("package", LECTURE, "-o", "a.zip", "--json")
    assert (made.code, made.err) == (0, "")
    assert set(made.json) == {"file", "records", "tree_size", "files", "bytes"}
    data = (office.folder / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data)
    vkey = office("checkpoint", "--json").json["vkey"]
    (tmp_path / "policy").write_text(f"log {vkey}\nquorum none\n", "utf-8")
    elsewhere = Shell(tmp_path)
    checked = elsewhere("package", "verify", "a.zip", "--policy", "policy", "--json")
    assert (checked.code, checked.json["ok"], checked.json["findings"], checked.json["not_checked"]) == (
        0,
        True,
        [],
        [],
    )
    assert "证据包成立" in elsewhere("package", "verify", "a.zip").out
    (tmp_path / "b.zip").write_bytes(data.replace("张敏 王芳 签到".encode(), "张敏 王方 签到".encode()))
    altered = elsewhere("package", "verify", "b.zip", JIANZHENG_LANG="en")
    assert altered.code == 1 and "签到表.txt" in altered.out
    (tmp_path / "c.zip").write_bytes(data[:100])
    nothing = elsewhere("package", "verify", "c.zip", "--json")
    assert (nothing.code, nothing.json["error"]["code"]) == (2, "package_invalid")
    assert elsewhere("package", "verify", "a.zip", "--policy", "missing").code == 2
