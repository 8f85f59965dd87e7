"""The commands of witnesses, and an archive that is watched by one: on both back ends, with a real witness."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from adapters.home.house import House, open_archive
from adapters.home.settings import read
from adapters.keys.signing import verifier_of
from api.app import create_app
from api.cli.main import main
from domain.ledger.note import VerifierKey
from domain.ledger.policy import parse_policy
from domain.ledger.trust import open_trusted
from indexers.pipeline import Pipeline
from tests import forking
from tests.cli_world import BACK_ENDS, Shell, make_office, servers
from tests.servers.processes import free_port

WITNESS = "witness.example/bureau"


@pytest.fixture(scope="module", params=BACK_ENDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with servers(request.param, request) as addresses:
        yield make_office(tmp_path_factory.mktemp("office"), addresses)


@contextmanager
def witness_served(run: Shell, folder: str) -> Iterator[str]:
    port = free_port()
    words = ("witness", "serve", "--folder", folder, "--port", str(port), "--prefix", "/w")
    process = forking.Popen(
        [sys.executable, "-m", "api.cli", *words],
        cwd=run.folder, env=run.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert str(port) in process.stdout.readline()
        yield f"http://127.0.0.1:{port}/w"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def witness(run: Shell) -> str:
    """The folder of a witness that knows the archive's ledger; what its keys are."""
    made = run("witness", "init", "--name", WITNESS, "--folder", "w", "--json")
    assert made.code == 0
    assert [path.stat().st_mode & 0o777 for path in sorted((run.folder / "w").glob("*.key"))] == [0o600, 0o600]
    vkey = run("checkpoint", "--json").json["vkey"]
    assert run("witness", "add-log", vkey, "--folder", "w").code == 0
    assert run("witness", "remove-log", vkey, "--folder", "w").code == 0
    assert run("witness", "add-log", vkey, "--folder", "w").code == 0
    ed, ml = made.json["vkeys"]
    return f"log {vkey}\nwitness ed {ed} <url>\nwitness ml {ml} <url>\ngroup both all ed ml\nquorum both\n"


def test_making_a_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is made once; a folder that holds something is not touched; a log is added and removed; what is wrong is told.
    None of it needs an archive."""
    one, nowhere = str(tmp_path / "one"), str(tmp_path / "nowhere")
    key = VerifierKey("log.example", 1, bytes(32)).encode()

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(["witness", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    assert call("init", "--name", "w.example", "--folder", one)[0] == 0
    code, said = call("init", "--name", "w.example", "--folder", one)
    assert (code, said["error"]["code"]) == (2, "witness_exists")
    assert call("init", "--name", "with blank", "--folder", nowhere)[0] == 2
    for words in (("status",), ("add-log", key), ("remove-log", key)):
        code, said = call(*words, "--folder", nowhere)
        assert (code, said["error"]["code"]) == (2, "witness_missing")
    assert not (tmp_path / "nowhere").exists()
    assert call("add-log", "no key", "--folder", one)[0] == 2
    assert call("remove-log", key, "--folder", one)[0] == 2
    assert [call("add-log", key, "--folder", one)[1]["changed"] for _ in range(2)] == [True, False]
    code, said = call("status", "--folder", one)
    assert (code, [each["origin"] for each in said["logs"]]) == (0, ["log.example"])
    assert call("remove-log", key, "--folder", one)[1]["changed"] is True
    assert call("status", "--folder", one)[1]["logs"] == []
    assert main(["witness", "serve", "--folder", one, "--rate", "0"]) == 2
    (tmp_path / "one" / "ed25519.key").chmod(0o644)
    assert call("status", "--folder", one)[1]["error"]["code"] == "key_file_exposed"


def test_an_archive_has_its_checkpoint_cosigned(run: Shell, witness: str) -> None:
    """Nothing is asked without a policy; with one, `witness ask` brings both cosignatures; everything says so."""
    assert run("witness", "ask", "--json").json["state"] == "off"
    policy = run.folder / "policy"
    away = {"JIANZHENG_POLICY": str(policy)}
    policy.write_text(witness.replace("<url>", "http://127.0.0.1:9/"), "utf-8")
    failed = run("witness", "ask", "--json", **away)
    assert (failed.code, failed.json["state"]) == (1, "unwitnessed")
    assert failed.json["witnesses"][0]["fault"]["code"] == "witness_unreachable"
    told = run("checkpoint", **away)
    assert told.code == 0 and "见证" in told.err
    assert run("index", "status", "--json", **away).json["witnesses"]["since"]
    with witness_served(run, "w") as url:
        policy.write_text(witness.replace("<url>", url), "utf-8")
        asked = run("witness", "ask", "--json", **away)
        assert (asked.code, asked.json["state"], asked.json["since"]) == (0, "witnessed", None), asked.out
    note = run("checkpoint", "--json", **away).json
    trusted = open_trusted(note["checkpoint"], parse_policy(policy.read_bytes()), verifier_of)
    assert set(trusted.cosigned) == {"ed", "ml"}
    assert note["witnessed"] == trusted.checkpoint.size and note["unwitnessed_since"] is None
    seen = run("witness", "status", "--folder", "w", "--json")
    assert (seen.code, seen.json["logs"][0]["tree_size"]) == (0, trusted.checkpoint.size)
    checks = {each["name"]: each for each in run("check", "--json", **away).json["checks"]}
    assert (checks["witnesses"]["state"], checks["witnesses"]["facts"]["state"]) == ("ok", "witnessed")
    verified = run("verify", "--json", **away)
    assert (verified.code, verified.json["findings"]) == (0, [])


def test_a_policy_that_cannot_be_used(run: Shell, tmp_path: Path) -> None:
    """It stops nothing but the asking: checkpoints go on, `check` and `witness ask` say what is wrong."""
    bad, missing = tmp_path / "bad", tmp_path / "missing"
    bad.write_text("quorum none\n", "utf-8")
    for path, code in ((bad, "policy_invalid"), (missing, "not_found")):
        said = run("witness", "ask", "--json", JIANZHENG_POLICY=str(path))
        assert (said.code, said.json["error"]["code"]) == (2, code)
    assert run("checkpoint", JIANZHENG_POLICY=str(bad)).code == 0
    checks = run("check", "--json", JIANZHENG_POLICY=str(bad)).json["checks"]
    assert next(each for each in checks if each["name"] == "witnesses")["state"] == "warning"


def test_a_server_has_everything_cosigned_by_itself(run: Shell, witness: str, tmp_path: Path) -> None:
    """Whatever is filed while it runs; policy and witnessed checkpoint are public; readiness tells."""
    with witness_served(run, "w") as url:
        policy = tmp_path / "policy"
        policy.write_text(witness.replace("<url>", url), "utf-8")
        home = {"JIANZHENG_HOME": str(run.folder / "jianzheng-data"), "JIANZHENG_POLICY": str(policy)}
        house = open_archive(read({**home, **run.servers}))
        pipeline = Pipeline(house)
        pipeline.start()
        try:
            house.administration.add_organisation(house.operator(), f"s-{time.time_ns()}", "第二小学", parent="top")
            _wait(lambda: house.ledger.tracking() == house.events.head() and _witnessed(house) == house.ledger.size())
        finally:
            pipeline.stop()
        client = TestClient(create_app(house), base_url="http://localhost")
        assert client.get("/ledger/policy").content == policy.read_bytes()
        assert client.get("/ledger/policy").headers["content-type"] == "text/plain; charset=utf-8"
        note = client.get("/ledger/witnessed").text
        assert client.get("/ledger/checkpoint").text == note
        assert open_trusted(note, house.policy.policy, verifier_of).checkpoint.size == house.ledger.size()
        assert client.get("/readyz").json()["parts"]["witnesses"] == "witnessed"
        house.close()


def test_a_policy_file_may_change_while_a_server_runs(run: Shell, tmp_path: Path) -> None:
    """The new one counts at once. One that cannot be used is the operator's trouble: whoever asks is told to come
    again, not that they have done something wrong."""
    policy = tmp_path / "policy"
    house = open_archive(
        read({**run.servers, "JIANZHENG_HOME": str(run.folder / "jianzheng-data"), "JIANZHENG_POLICY": str(policy)})
    )
    client = TestClient(create_app(house), base_url="http://localhost")
    first = f"log {house.signer.vkey()}\nquorum none\n"
    for text in (first, f"# since this year\n{first}", None, "quorum none\n", first):
        policy.unlink(missing_ok=True)
        if text is not None:
            policy.write_text(text, "utf-8")
        said = client.get("/ledger/policy")
        if text is not None and house.signer.vkey() in text:
            assert (said.status_code, said.text) == (200, text)
            continue
        assert (said.status_code, said.json()["code"]) == (503, "policy_unusable")
        assert str(policy) not in said.text
        assert client.post("/api/v1/receipts/verify", json={"receipt": "eA=="}).json()["code"] == "policy_unusable"
        assert client.get("/receipt").status_code == 503
    house.close()


def test_without_a_policy_there_is_one_all_the_same(run: Shell) -> None:
    """It names the ledger's key and asks for no witness; nothing is witnessed, and readiness does not speak of it."""
    house = open_archive(run.settings())
    client = TestClient(create_app(house), base_url="http://localhost")
    assert client.get("/ledger/policy").text == f"log {house.signer.vkey()}\nquorum none\n"
    assert client.get("/ledger/witnessed").status_code == 404
    assert "witnesses" not in client.get("/readyz").json()["parts"]
    house.close()


def _witnessed(house: House) -> int:
    last = house.cosignatures.witnessed()
    return last.size if last is not None else 0


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        threading.Event().wait(0.05)
