"""The keys of the ledger on the command line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_world import BACK_ENDS, Shell, servers


@pytest.fixture(params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    with servers(request.param, request) as settings:
        run = Shell(tmp_path, settings)
        assert run("init", "--name", "某区教育局", "--origin", "archive.example/2023").code == 0
        yield run


def test_keys_are_listed_rotated_retired_and_recovered(shell: Shell) -> None:
    """Each command says what is so now; the last one goes on with nothing but the public key that somebody kept."""
    keys_folder = shell.folder / "jianzheng-data" / "keys"
    [first] = shell("key", "list", "--json").json["keys"]
    assert (first["state"], first["how"], first["place"]) == ("in_force", "anchor", "ledger.key")

    rotated = shell("key", "rotate", "--json").json["keys"]
    assert [key["state"] for key in rotated] == ["in_force", "in_force"]
    assert shell("checkpoint").out.count("— archive.example/2023 ") == 2
    retired = shell("key", "retire", "oldest", "--reason", "到期更换", "--json").json["keys"]
    assert [key["state"] for key in retired] == ["retired", "in_force"]
    refused = shell("key", "retire", "oldest", "--reason", "x", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "key_act_refused")

    (keys_folder / "known").unlink()
    (keys_folder / "ledger.key").unlink()
    needed = shell("key", "recover", "--reason", "磁盘损坏", "--json")
    assert (needed.code, needed.json["error"]["code"]) == (2, "lost_key_needed")


def test_a_lost_folder_is_recovered(tmp_path: Path) -> None:
    """With the public key that somebody kept; `verify` says from where on nobody endorsed the key."""
    shell = Shell(tmp_path)
    assert shell("init", "--name", "某区教育局", "--origin", "archive.example/2023").code == 0
    [first] = shell("key", "list", "--json").json["keys"]
    shutil.rmtree(tmp_path / "jianzheng-data" / "keys")
    done = shell("key", "recover", "--reason", "磁盘损坏", "--lost", first["vkey"])
    assert done.code == 0
    assert "没有为它担保" in done.out
    states = [(key["state"], key["how"], key["place"] is None) for key in shell("key", "list", "--json").json["keys"]]
    assert states == [("retired", "anchor", True), ("in_force", "succeeded", False)]
    checked = shell("verify", "--json").json
    assert checked["ok"]
    assert any("另立的密钥" in remark for remark in checked["not_checked"])
