"""The rest of the JSON interface: errors, languages, search, directory, reports, ledger files, health, description."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.cli_world import BACK_ENDS
from tests.http_world import HERE, PASSWORD, World, record, world_on


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        clerk = made.signed_in("clerk-here")
        for said in (
            record(title="立行立改食堂台账"),
            record("school-01", family="rectification", form="problem_item", title="台账缺失"),
            record("school-01", family="self_analysis", form="party_spirit_analysis", title="台账问题的自我剖析"),
        ):
            assert clerk.post("/api/v1/records", json=said).status_code == 201
        other = made.signed_in("clerk-there").post("/api/v1/records", json=record("school-02", title="外校的台账"))
        assert other.status_code == 201
        made.catch_up()
        yield made


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/nothing-here", None, 404, "page_not_found"),
        ("DELETE", "/api/v1/records", None, 405, "method_not_allowed"),
        ("GET", "/api/v1/records/school-01-2023-9999", None, 404, "not_found"),
        ("GET", "/api/v1/records/no-such-record", None, 404, "not_found"),
        ("GET", "/api/v1/records/school-01-2023-0001?version=0", None, 422, "request_invalid"),
        ("GET", "/api/v1/records/school-01-2023-0001?version=7", None, 404, "not_found"),
        ("GET", "/api/v1/records/school-01-2023-0001?as_of=yesterday", None, 422, "bad_instant"),
        ("GET", "/api/v1/records/school-01-2023-0001?as_of=9999999", None, 422, "tree_size_not_reached"),
        ("GET", "/api/v1/search?limit=0", None, 422, "bad_filter"),
        ("GET", "/api/v1/search?family=nothing", None, 422, "bad_filter"),
        ("GET", "/api/v1/search?from=2023-13-01", None, 422, "bad_date"),
        ("GET", "/api/v1/search?cursor=%00%ff", None, 422, "cursor_invalid"),
        ("POST", "/api/v1/records", b"{not json", 422, "request_invalid"),
        ("POST", "/api/v1/records", b'"text"', 422, "request_invalid"),
        ("POST", "/api/v1/records", b"[" * 200_000, 422, "request_invalid"),
        ("POST", "/api/v1/records", b'{"organisation":"school-01","title":"\\ud800"}', 422, "request_invalid"),
        ("POST", "/api/v1/records", b'{"organisation":"school-01","hours":NaN}', 422, "request_invalid"),
        ("POST", "/api/v1/records", b'{"organisation":"school-01"}', 422, "record_invalid"),
        ("POST", "/api/v1/records", b"{}", 422, "record_invalid"),
        ("POST", "/api/v1/records/school-01-2023-0001/return", b'{"reason":" "}', 422, "reason_missing"),
        ("POST", "/api/v1/records/school-01-2023-0001/progress", b'{"note":"x"}', 409, "not_an_item"),
        ("GET", "/api/v1/reports/annual?organisation=none&year=2023", None, 404, "not_found"),
        ("GET", "/api/v1/reports/annual?organisation=school-01&year=1", None, 422, "year_invalid"),
        ("GET", "/api/v1/reports/annual?organisation=school-01&year=2023&format=exe", None, 422, "request_invalid"),
    ],
)
def test_every_fault_is_a_problem_document(
    world: World, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    """RFC 9457 with the stable code, in both languages; a framework's own sentence never reaches anyone bare."""
    client = world.program("secretary-here")
    for lang in ("zh", "en"):
        headers = {"accept-language": lang, "content-type": "application/json"}
        answer = client.request(method, path, content=body, headers=headers)
        said = answer.json()
        assert (answer.status_code, said["code"]) == (status, code), said
        assert answer.headers["content-type"] == "application/problem+json"
        assert said["type"] == f"urn:jianzheng:problem:{code}"
        assert said["status"] == status
        assert said["detail"] == said["message"] != ""
        assert {"title", "field", "line", "next"} <= set(said)
        assert any("\u4e00" <= c <= "\u9fff" for c in said["detail"]) is (lang == "zh") or "“" in said["detail"]


def test_a_record_with_several_faults_hears_of_all_of_them(world: World) -> None:
    """The first speaks; `problems` lists each with its field."""
    said = {**record(), "form": "舞会", "family": "study_session"}
    answer = world.program("clerk-here").post("/api/v1/records", json=said).json()
    assert answer["field"] == "form"
    assert answer["problems"][0]["field"] == "form"
    assert world.program("clerk-here").post("/api/v1/records/check", json=said).json()["problems"]


def test_an_error_nobody_foresaw_shows_a_reference_and_no_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the cause under the same reference."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail of the inside")

    monkeypatch.setattr(world.house.archive, "read", broken)
    answer = world.program("clerk-here").get("/api/v1/records/school-01-2023-0001")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    found = next(r for r in caplog.records if r.levelname == "ERROR")
    assert getattr(found, "reference", "?") in answer.json()["detail"]


def test_the_language_is_the_readers(world: World) -> None:
    """A cookie before the browser's wish, the best wish before others, the archive's own language at last."""
    client = world.client()
    for header, expected in (("fr, en;q=0.3, zh;q=0.8", "zh"), ("en-US,en;q=0.9,zh;q=0.8", "en"), ("fr", "zh")):
        answer = client.get("/api/v1/session", headers={"accept-language": header})
        assert answer.headers["content-language"] == expected
    client.cookies.set("lang", "en")
    assert client.get("/api/v1/session", headers={"accept-language": "zh"}).headers["content-language"] == "en"


# ── search and lists ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_counts_only_what_one_may_read(world: World) -> None:
    """Totals and facets too: other schools and confidential records are as if they were not there."""
    totals = {}
    for who in ("reader-here", "secretary-here", "clerk-there", "nobody"):
        found = world.program(who).get("/api/v1/search", params={"q": "台账"}).json()
        totals[who] = found["total"]
        assert len(found["hits"]) == found["total"]
        assert sum(row["count"] for row in found["facets"].get("family", [])) == found["total"]
    assert totals == {"reader-here": 2, "secretary-here": 3, "clerk-there": 1, "nobody": 0}


def test_records_are_listed_and_filtered(world: World) -> None:
    """Newest first, page by page, in words of either language."""
    client = world.program("secretary-here")
    everything = client.get("/api/v1/records").json()
    assert everything["total"] == 3
    page = client.get("/api/v1/records?limit=2").json()
    rest = client.get("/api/v1/records", params={"limit": 2, "cursor": page["next"]}).json()
    codes = [hit["code"] for hit in (*page["hits"], *rest["hits"])]
    assert codes == [hit["code"] for hit in everything["hits"]]
    for family in ("rectification", "整改"):
        found = client.get("/api/v1/records", params={"family": family}).json()
        assert [hit["family"] for hit in found["hits"]] == ["rectification"], family
    assert client.get("/api/v1/records?from=2024-01-01").json()["total"] == 0
    assert client.get("/api/v1/records?as_of=0").json()["total"] == 0


def test_a_record_is_read_as_it_stood(world: World) -> None:
    """Before it was filed it was not there; its history names the leaf of each act."""
    client = world.program("secretary-here")
    code = "school-01-2023-0001"
    shown = client.get(f"/api/v1/records/{code}").json()
    leaf = shown["history"][0]["leaf_index"]
    assert client.get(f"/api/v1/records/{code}?as_of={leaf}").json()["code"] == "not_found"
    assert client.get(f"/api/v1/records/{code}?as_of={leaf + 1}").json()["title"] == shown["title"]


# ── directory ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_directory_is_kept_over_http(world: World) -> None:
    """Organisations, people, posts, accounts and roles, with the JSON of the command line."""
    admin = world.signed_in("admin")
    made = admin.post("/api/v1/organisations", json={"code": "branch-1", "name": "第一支部", "parent": HERE})
    assert made.json() == {"code": "branch-1", "name": "第一支部", "kind": "", "parent": HERE,
                           "path": ["top", HERE, "branch-1"]}  # fmt: skip
    assert admin.patch("/api/v1/organisations/branch-1", json={"name": "一支部"}).json()["name"] == "一支部"
    person = {"code": "zhang-min", "name": "张敏", "organisation": "branch-1", "post": "书记"}
    assert admin.post("/api/v1/people", json=person).json()["posts"][0]["post"] == "书记"
    assert admin.post("/api/v1/people", json=person).json()["code"] == "already_there"
    taken = admin.post("/api/v1/people/zhang-min/posts", json={"organisation": HERE, "since": "2023-01-01"})
    assert len(taken.json()["posts"]) == 2
    ended = {"organisation": HERE, "post": "党员", "on": "2023-03-01"}
    assert admin.post("/api/v1/people/zhang-min/posts/end", json=ended).json()["posts"][1]["until"] == "2023-03-01"
    assert [p["code"] for p in admin.get("/api/v1/people?organisation=branch-1").json()["people"]] == ["zhang-min"]
    user = {"username": "zhang", "password": PASSWORD, "person": "zhang-min", "role": "录入员", "organisation": HERE}
    assert admin.post("/api/v1/users", json=user).json()["roles"][0]["role"] == "clerk"
    granted = admin.post("/api/v1/users/zhang/roles", json={"role": "reader", "organisation": "school-02"})
    assert len(granted.json()["roles"]) == 2
    revoked = admin.post("/api/v1/users/zhang/roles/end", json={"role": "reader", "organisation": "school-02"})
    assert revoked.json()["roles"][1]["until"] == "2023-05-04"
    weak = {**user, "username": "weak", "password": "short"}
    assert admin.post("/api/v1/users", json=weak).json()["code"] == "password_too_weak"
    assert "weak" not in [a["username"] for a in admin.get("/api/v1/users").json()["accounts"]]


def test_one_sees_the_directory_of_ones_own_house(world: World) -> None:
    """Neither the other school, nor its people, nor accounts where one does not manage them."""
    here = world.program("clerk-here")
    codes = [o["code"] for o in here.get("/api/v1/organisations").json()["organisations"]]
    assert HERE in codes
    assert "school-02" not in codes
    assert here.get("/api/v1/people?organisation=school-02").json()["code"] == "not_found"
    assert here.get("/api/v1/users").json()["code"] == "not_allowed"
    own = world.program("administrator-here").get("/api/v1/users").json()["accounts"]
    assert {a["username"] for a in own} >= {"clerk-here", "reader-here"}
    assert not {"clerk-there", "admin", "nobody"} & {a["username"] for a in own if a["username"] != "nobody"}


# ── reports ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_made_issued_and_recognised(world: World) -> None:
    """As JSON and as a page; issuing twice issues once; a changed byte is not the issued file."""
    client = world.program("secretary-here")
    question = {"organisation": HERE, "year": 2023}
    size = world.house.ledger.size()
    made = client.get("/api/v1/reports/annual", params={**question, "as_of": size})
    assert made.json()["as_of"]["tree_size"] == size
    page = client.get("/api/v1/reports/annual", params={**question, "format": "html", "as_of": size})
    assert page.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in page.headers["content-security-policy"]
    said = {**question, "as_of": str(size), "endings": ["json"]}
    first, second = (client.post("/api/v1/reports/issue", json=said) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200), first.text
    world.catch_up()
    right = client.post("/api/v1/reports/verify", content=made.content, headers={"content-type": "application/json"})
    assert (right.json()["ok"], right.json()["report"]["organisation"]) == (True, HERE)
    wrong = client.post("/api/v1/reports/verify", content=made.content + b" ")
    assert (wrong.json()["ok"], wrong.json()["remarks"][0]["code"]) == (False, "not_issued")


# ── the ledger's public files ───────────────────────────────────────────────────────────────────────────────────


def test_the_ledger_is_public(world: World) -> None:
    """Checkpoint, key and tiles need no account, and say how long they may be kept."""
    client = world.client()
    note = client.get("/ledger/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert note.text.startswith("archive.example/test\n")
    assert client.get("/ledger/vkey").text.strip() == world.house.signer.vkey()
    size = int(note.text.splitlines()[1])
    for path in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        tile = client.get(f"/ledger/{path}")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "application/octet-stream"), path
        assert "immutable" in tile.headers["cache-control"]
    assert len(client.get(f"/ledger/tile/0/000.p/{size}").content) == 32 * size
    signed_in = world.program("reader-here").get("/api/v1/checkpoint").json()
    assert (signed_in["checkpoint"], signed_in["tree_size"]) == (note.text, size)


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/0/000.p/999", "tile/0/000.p/0", "tile/64/000", "tile/0/../../keys/ledger.key", "tile/",
     "tile/0/%2e%2e/%2e%2e/keys/ledger.key", "tile//etc/passwd", "tile/0/000%00", "tile/entries/x000/000", "",
     "tile/0/٠٠٠", "last-signed"],
)  # fmt: skip
def test_nothing_else_is(world: World, path: str) -> None:
    """What is no address of a tile, or of one that is not there, is a 404."""
    answer = world.client().get(f"/ledger/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "page_not_found")


# ── health and documentation ────────────────────────────────────────────────────────────────────────────────────


def test_health_needs_no_account_and_tells_no_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process answers; what it needs is reachable; 503 when the files are gone."""
    client = world.client()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["parts"] == dict.fromkeys(("events", "ledger", "files", "search"), "ok")
    bucket, folder = world.house.servers.bucket, world.house.settings.blobs_folder
    away = None
    if bucket is None:
        away = folder.rename(folder.with_name("away"))
    else:
        monkeypatch.setattr(bucket, "bucket", f"{bucket.bucket}-gone")
    try:
        answer = client.get("/readyz")
        expected = "missing" if bucket is None else "bucket_missing"
        assert (answer.status_code, answer.json()["parts"]["files"]) == (503, expected)
    finally:
        if away is not None:
            away.rename(folder)


def test_the_state_of_the_indexers_is_for_who_manages_them(world: World) -> None:
    """An administrator of the archive sees it, one of a school does not."""
    assert "search" in world.program("admin").get("/api/v1/index/status").json()
    assert world.program("administrator-here").get("/api/v1/index/status").json()["code"] == "not_allowed"


def test_the_interface_is_described_and_its_page_is_ours(world: World) -> None:
    """Every route is in the description; the page that shows it loads nothing from anywhere else."""
    client = world.client()
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert {"/api/v1/uploads", "/api/v1/records", "/api/v1/records/{reference}/sign-off", "/healthz"} <= set(
        described["paths"]
    )
    assert not [path for path, item in described["paths"].items() for op in item.values() if not op.get("description")]
    page = client.get("/api/docs")
    assert page.status_code == 200
    for part in page.text.split('"'):
        if part.startswith("/static/"):
            answer = client.get(part)
            assert answer.status_code == 200, part
            assert "immutable" in answer.headers["cache-control"]
    assert "https://" not in page.text
    assert json.dumps(described).count("Traceback") == 0


@pytest.mark.parametrize("path", ["../api/http/app.py", "%2e%2e/http/app.py", "swagger/nothing.js", "", "swagger",
                                  "swagger/%00.js", "swagger/swagger-ui.css.gz"])  # fmt: skip
def test_static_files_are_those_of_their_folder(world: World, path: str) -> None:
    """No path leads out of it, no folder is listed."""
    assert world.client().get(f"/static/{path}").status_code == 404


def test_a_static_file_is_not_sent_twice(world: World) -> None:
    """The same ETag: 304. Without the hash in its address it is asked for again each time."""
    client = TestClient(world.app, base_url="http://localhost")
    first = client.get("/static/swagger/start.js")
    assert first.headers["cache-control"] == "no-cache"
    assert client.get("/static/swagger/start.js", headers={"if-none-match": first.headers["etag"]}).status_code == 304
