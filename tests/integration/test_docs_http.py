"""What the documents say of the HTTP interface is true: the examples run, and the reference's keys are the server's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID

import pytest
from httpx import Response

from api.http.description import operations
from api.http.operations import WHO
from tests import forking
from tests.doc_pages import ROOT, blocks, files, write_files
from tests.http_world import HERE, World, make_world, record

PAGE = ROOT / "docs" / "how-to" / "use-http.md"
PASSWORD = "correct horse battery staple"
ADDRESS = re.compile(r"http://[\d.:]+/")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str], str]]:
    """An archive with a school, behind `jianzheng serve`: its working folder, the environment, the address."""
    shim = tmp_path / "bin" / "jianzheng"
    forking.write_shim(shim)
    # The examples are shown without it: a refusal must end them.
    (tmp_path / ".curlrc").write_text("fail-with-body\nshow-error\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")} | {
        "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CURL_HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "JIANZHENG_HOME": str(tmp_path / "archive"),
        "JIANZHENG_LANG": "zh",
        "JIANZHENG_HOSTS": "archive.example.edu.cn",
        "JIANZHENG_ADMIN_PASSWORD": PASSWORD,
        "JIANZHENG_PASSWORD": PASSWORD,
    }
    for line in ("init --name 某区教育局", "org add school-01 第一小学"):
        subprocess.run([shim, *line.split()], env=environment, check=True, capture_output=True)
    server = forking.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0"], cwd=tmp_path, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    said = ADDRESS.search(server.stdout.readline())
    assert said
    try:
        yield tmp_path, environment, said[0]
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples call curl")
def test_the_examples_work_against_a_real_server(served: tuple[Path, dict[str, str], str]) -> None:
    """One after another in one shell, each call is answered without an error; the record is there with its file."""
    folder, environment, address = served
    work = folder / "work"
    work.mkdir()
    write_files(PAGE, work)
    script = "\n".join(blocks(PAGE, "sh")).replace("http://127.0.0.1:8000/", address)
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    token = (work / "token.txt").read_text().strip()
    asked = Request(f"{address}api/v1/records/school-01-2023-0001", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked) as answer:
        filed = json.load(answer)
    sent = files(PAGE)["签到表.txt"].encode()
    assert [file["sha256"] for file in filed["files"]] == [hashlib.sha256(sent).hexdigest()]


def test_a_session_behind_a_proxy_is_secure(served: tuple[Path, dict[str, str], str]) -> None:
    """As the how-to has the proxy say it: the name that `JIANZHENG_HOSTS` gives is served, the cookie marked Secure."""
    _, _, address = served
    said = json.dumps({"username": "admin", "password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json", "Host": "archive.example.edu.cn", "X-Forwarded-Proto": "https"}
    with urlopen(Request(f"{address}api/v1/session", said, headers)) as answer:
        assert "; Secure" in answer.headers["Set-Cookie"]
    with urlopen(Request(f"{address}api/v1/session", said, {"Content-Type": "application/json"})) as answer:
        assert "; Secure" not in answer.headers["Set-Cookie"]


# ── the reference ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("archive") / "home")
    made.catch_up()
    yield made
    made.house.close()


def calls(world: World) -> dict[str, tuple[str, Any]]:
    """For each operation whose answer has keys an address and a body that it accepts."""
    admin = world.signed_in("admin")

    def filed(**other: Any) -> str:
        return str(admin.post("/api/v1/records", json=record(**other)).json()["code"])

    def item() -> str:
        return filed(family="rectification", form="problem_item", title="食堂台账补齐")

    ground = {"ground": "court", "basis": "（2024）民初 7 号"}

    def proposed() -> str:
        code = filed()
        assert world.signed_in("secretary-here").post(f"/api/v1/records/{code}/erasure", json=ground).is_success
        return code

    digest = admin.post("/api/v1/uploads", content=b"evidence").json()["sha256"]
    acted = {
        "erasure": (filed(), ground),
        "erasure/approve": (proposed(), None),
        "erasure/reject": (proposed(), {"reason": "尚在诉讼期间"}),
        "attach": (filed(), {"files": [{"name": "a.txt", "sha256": digest}]}),
        "correct": (filed(), {"record": record(title="改正后的题名"), "reason": "写错了"}),
        "sign-off": (filed(), {"remark": "属实"}),
        "return": (filed(), {"reason": "缺签到表"}),
        "withdraw": (filed(), {"reason": "重复"}),
        "progress": (item(), {"note": "已购台账本"}),
        "close": (item(), {"note": "已完成"}),
    }
    world.catch_up()
    receipt = admin.get(f"/api/v1/records/{acted['attach'][0]}/receipt").text
    role = {"role": "reader", "organisation": HERE}
    post = {"organisation": HERE, "post": "委员"}
    return {
        "GET /api/v1/session": ("/api/v1/session", None),
        "POST /api/v1/session": ("/api/v1/session", {"username": "nobody", "password": "four quiet words here"}),
        "GET /api/v1/tokens": ("/api/v1/tokens", None),
        "POST /api/v1/tokens": ("/api/v1/tokens", {"name": "考勤系统"}),
        "POST /api/v1/uploads": ("/api/v1/uploads", b"evidence"),
        "GET /api/v1/search": ("/api/v1/search?q=党课", None),
        "GET /api/v1/records": ("/api/v1/records", None),
        "POST /api/v1/records": ("/api/v1/records", record()),
        "POST /api/v1/records/check": ("/api/v1/records/check", record()),
        "GET /api/v1/records/{reference}": (f"/api/v1/records/{acted['attach'][0]}", None),
        **{
            f"POST /api/v1/records/{{reference}}/{act}": (f"/api/v1/records/{code}/{act}", body)
            for act, (code, body) in acted.items()
        },
        "GET /api/v1/erasures": ("/api/v1/erasures", None),
        "GET /api/v1/organisations": ("/api/v1/organisations", None),
        "POST /api/v1/organisations": ("/api/v1/organisations", {"code": "school-03", "name": "第三小学"}),
        "PATCH /api/v1/organisations/{code}": (f"/api/v1/organisations/{HERE}", {"name": "第一小学"}),
        "GET /api/v1/people": ("/api/v1/people", None),
        "POST /api/v1/people": ("/api/v1/people", {"code": "zhang-min", "name": "张敏", "organisation": HERE}),
        "POST /api/v1/people/{code}/posts": ("/api/v1/people/zhang-min/posts", post),
        "POST /api/v1/people/{code}/posts/end": ("/api/v1/people/zhang-min/posts/end", {**post, "on": "2023-05-01"}),
        "GET /api/v1/users": ("/api/v1/users", None),
        "POST /api/v1/users": ("/api/v1/users", {"username": "robot-01", "password": PASSWORD}),
        "POST /api/v1/users/{username}/roles": ("/api/v1/users/robot-01/roles", role),
        "POST /api/v1/users/{username}/roles/end": ("/api/v1/users/robot-01/roles/end", role),
        "POST /api/v1/users/{username}/close": ("/api/v1/users/robot-01/close", None),
        "GET /api/v1/reports/annual": (f"/api/v1/reports/annual?organisation={HERE}&year=2023", None),
        "POST /api/v1/reports/issue": (
            "/api/v1/reports/issue",
            {"organisation": HERE, "year": 2023, "endings": ["json"]},
        ),
        "POST /api/v1/reports/verify": ("/api/v1/reports/verify", b"no report"),
        "GET /api/v1/checkpoint": ("/api/v1/checkpoint", None),
        "GET /api/v1/index/status": ("/api/v1/index/status", None),
        "POST /api/v1/index/retry": ("/api/v1/index/retry", {"all": True}),
        "POST /api/v1/verify": ("/api/v1/verify", {"sample": 0}),
        "POST /api/v1/receipts/verify": ("/api/v1/receipts/verify", {"receipt": receipt}),
        "GET /api/v1/receipts/event": (f"/api/v1/receipts/event?record={UUID(int=0)}&version=1&leaf={'A' * 44}", None),
        "GET /ledger/timestamps": ("/ledger/timestamps", None),
        "GET /healthz": ("/healthz", None),
        "GET /readyz": ("/readyz", None),
    }


def described(world: World) -> dict[str, dict[str, Any]]:
    """What the interface says of each of its operations."""
    return dict(operations(world.app.openapi()))


def has_keys(operation: dict[str, Any]) -> bool:
    """Whether it answers JSON, without being asked to."""
    answers = (answer for status, answer in operation["responses"].items() if status < "400")
    first = next(iter(next(answers).get("content", {})), None)
    return first == "application/json"


def test_every_operation_answers_as_it_is_described(world: World) -> None:
    """Each that answers JSON is asked for real; the client of these tests holds every answer against its shape."""
    asked = calls(world)
    assert set(asked) == {name for name, operation in described(world).items() if has_keys(operation)}
    admin = world.signed_in("admin")
    for name, (path, body) in asked.items():
        method = name.partition(" ")[0]
        client = world.client() if name == "POST /api/v1/session" else admin
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer: Response = client.request(method, path, **given)
        assert answer.is_success, (name, answer.text)
        if name == "POST /api/v1/organisations":
            world.catch_up()


def test_strangers_get_what_the_reference_says(world: World) -> None:
    """What needs no signing in answers anyone; all the rest is answered 401 to a stranger."""
    wrong = []
    for name, operation in described(world).items():
        method, _, path = name.partition(" ")
        known = path.format(reference="x", name="x", username="x", code="x", token_id="x", path="0/000")
        status = world.client().request(method, known, json={}).status_code
        if (status == 401) == (operation[WHO] == "anyone") and name != "POST /api/v1/session":
            wrong.append((name, status))
    assert wrong == []


def test_tokens_do_not_do_what_a_person_must_do(world: World) -> None:
    """Where the reference asks for a password, a program with a token is refused."""
    program = world.program("admin")
    for name, operation in described(world).items():
        method, _, path = name.partition(" ")
        if operation[WHO] == "in_person":
            body = {"name": "x", "password": PASSWORD}
            answer = program.request(method, path.format(username="admin", token_id="x"), json=body)
            assert answer.json()["code"] == "not_allowed", name


def test_a_problem_is_as_shown(world: World) -> None:
    """The example of an error is what the server answers to a record without a title."""
    untitled = {key: value for key, value in record().items() if key != "title"}
    answer = world.signed_in("admin").post("/api/v1/records", json=untitled, headers={"accept-language": "zh"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == json.loads(files(PAGE)["problem.json"])
