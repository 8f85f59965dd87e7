"""Records over HTTP against the real application and a real archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from fastapi.testclient import TestClient

from api.http.auth import CSRF_HEADER
from tests.cli_world import BACK_ENDS
from tests.http_world import HERE, World, record, world_on


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


def test_a_record_with_a_file_comes_back_whole(world: World) -> None:
    """What was uploaded and filed is read again with the same fields and the same bytes."""
    clerk = world.signed_in("clerk-here")
    content = "签到表：张敏、李强\n".encode()
    uploaded = clerk.post("/api/v1/uploads?name=签到表.txt", content=content)
    digest = hashlib.sha256(content).hexdigest()
    assert uploaded.json() == {"sha256": digest, "size": len(content), "media_type": "text/plain"}
    files = [{"name": "签到表.txt", "sha256": digest, "role": "attendance_sheet"}]
    filed = clerk.post("/api/v1/records", json=record(files=files))
    assert filed.status_code == 201, filed.text
    code = filed.json()["code"]
    assert filed.headers["location"] == f"/api/v1/records/{code}"
    shown = clerk.get(f"/api/v1/records/{code}").json()
    assert shown["title"] == record()["title"]
    assert [f["sha256"] for f in shown["files"]] == [digest]
    fetched = clerk.get(f"/api/v1/records/{code}/files/签到表.txt")
    assert fetched.content == content
    assert "filename*=UTF-8''%E7%AD%BE%E5%88%B0%E8%A1%A8.txt" in fetched.headers["content-disposition"]


def test_many_who_file_at_once_are_all_filed(world: World) -> None:
    """8 clients, 20 new records each, one register: every answer is 201, and no code is missing or given twice."""
    answers: list[httpx.Response] = []

    def work(client: TestClient, number: int) -> None:
        for n in range(20):
            body = record(title=f"第 {number}-{n} 次", occurred={"from": "2021-04-21"})
            answers.append(client.post("/api/v1/records", json=body))

    threads = [Thread(target=work, args=(world.program("clerk-here"), number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}, {answer.text for answer in answers if answer.is_error}
    assert sorted(answer.json()["code"] for answer in answers) == [f"{HERE}-2021-{n:04d}" for n in range(1, 161)]


def test_a_stranger_is_asked_to_sign_in(world: World) -> None:
    """Without a session nothing is read, and the answer is a problem document in the reader's language."""
    answer = world.client().get("/api/v1/records/school-01-2023-0001", headers={"accept-language": "en-GB,en;q=0.9"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"
    assert answer.json()["detail"] == "This is not allowed: please sign in first."


def test_a_form_may_have_a_field_for_every_cell_of_a_long_table(world: World) -> None:
    """A year's scores of five hundred people, posted by the page's own form."""
    client = world.signed_in("clerk-here")
    fields = {"csrf": client.headers.pop(CSRF_HEADER), "organisation": HERE, "family": "evaluation"}
    fields |= {"form": "quarterly_points", "title": "积分", "occurred.from": "2023-04-01"}
    for n in range(500):
        fields |= {f"scores.{n}.person": f"甲{n}", f"scores.{n}.department": "教务处", f"scores.{n}.points": "9"}
    answer = client.post("/file/check", data=fields)
    assert (answer.status_code, answer.json()["problems"]) == (200, [])


def test_the_checks_of_a_correction_know_its_reason_and_the_files_that_are_there(world: World) -> None:
    """A reason that is missing is told while one types; a sign-in sheet that the record has is not asked for again."""
    client = world.signed_in("clerk-here")
    content = "签到".encode()
    digest = client.post("/api/v1/uploads?name=签到表.txt", content=content).json()["sha256"]
    named = [{"name": "签到表.txt", "sha256": digest, "role": "attendance_sheet"}]
    code = client.post("/api/v1/records", json=record(form="培训", title="更正前的检查", files=named)).json()["code"]
    page = client.get(f"/records/{code}/correct").text
    assert f'<input type="hidden" name="_record" value="{code}">' in page
    csrf = client.headers.pop(CSRF_HEADER)
    said = {"csrf": csrf, "organisation": HERE, "family": "study_session", "form": "training"}
    said |= {"title": "更正", "occurred.from": "2023-04-01"}
    new = client.post("/file/check", data=said).json()
    assert "签到" in str([gap["message"] for gap in new["gaps"] if gap["field"].startswith("file:")])
    correcting = client.post("/file/check", data=said | {"_record": code, "_reason": " "}).json()
    assert [(p["id"], p["message"]) for p in correcting["problems"]] == [("f-reason", "请写明原因。")]
    assert "签到" not in str([gap["message"] for gap in correcting["gaps"] if gap["field"].startswith("file:")])
    assert client.post("/file/check", data=said | {"_record": code, "_reason": "日期"}).json()["problems"] == []
