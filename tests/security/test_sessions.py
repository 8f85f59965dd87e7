"""Sessions and cross-site requests: fixation, CSRF, brute force, cookies, tokens, and what may leak."""

from __future__ import annotations

import logging
import re

import pytest
from fastapi.testclient import TestClient

from api.http.auth import COOKIE, CSRF_FIELD, CSRF_HEADER
from tests.http_world import PASSWORD, World, record

SIGN_IN = "/api/v1/session"


def credentials(username: str = "clerk-here", password: str = PASSWORD) -> dict[str, str]:
    return {"username": username, "password": password}


def filed(client: TestClient, **headers: str) -> int:
    return client.post("/api/v1/records", json=record(), headers=headers).status_code


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    """HttpOnly, SameSite, for the whole site, and only over TLS where there is TLS."""
    plain = world.client().post(SIGN_IN, json=credentials()).headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    assert "Path=/" in plain
    assert "Secure" not in plain
    safe = TestClient(world.app, base_url="https://localhost").post(SIGN_IN, json=credentials())
    assert "Secure" in safe.headers["set-cookie"]
    assert "max-age" in safe.headers["strict-transport-security"]


def test_signing_in_gives_a_session_of_its_own(world: World) -> None:
    """An id that somebody planted in the browser before is worth nothing afterwards, and neither is the last one."""
    client = world.client()
    client.cookies.set(COOKIE, "planted-by-somebody-else")
    first = client.post(SIGN_IN, json=credentials())
    session = first.cookies[COOKIE]
    assert session != "planted-by-somebody-else"
    client.headers[CSRF_HEADER] = first.json()["csrf"]
    second = client.post(SIGN_IN, json=credentials("reader-here"))
    assert second.cookies[COOKIE] not in (session, "planted-by-somebody-else")
    for old in (session, "planted-by-somebody-else"):
        thief = world.client()
        thief.cookies.set(COOKIE, old)
        assert thief.get(SIGN_IN).status_code == 401


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    """A copied cookie is dead too."""
    client = world.signed_in("clerk-here")
    session = client.cookies[COOKIE]
    assert client.delete(SIGN_IN).status_code == 204
    thief = world.client()
    thief.cookies.set(COOKIE, session)
    assert thief.get(SIGN_IN).status_code == 401


def test_a_request_with_a_cookie_needs_the_token_of_its_session(world: World) -> None:
    """No token, a made-up one, or the one of another session: refused, and nothing is filed."""
    client = world.signed_in("clerk-here")
    right = client.headers.pop(CSRF_HEADER)
    other = world.signed_in("reader-here").headers[CSRF_HEADER]
    for wrong in ("", "0" * 64, other, right[:-1], right.upper() + "é"):
        answer = client.post("/api/v1/records", json=record(), headers={CSRF_HEADER: wrong.encode()})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert client.post("/api/v1/records", json=record()).json()["code"] == "csrf_failed"
    assert filed(client, **{CSRF_HEADER: right}) == 201


def test_a_form_carries_the_token_in_a_field(world: World) -> None:
    """The guard reads the field `csrf` of both kinds of form; what the form asks for is looked at afterwards."""
    client = world.signed_in("clerk-here")
    token = client.headers.pop(CSRF_HEADER)
    path = "/api/v1/records/school-01-2023-9999/sign-off"
    assert client.post(path, data={CSRF_FIELD: "wrong"}).json()["code"] == "csrf_failed"
    assert client.post(path, data={CSRF_FIELD: token}).json()["code"] == "request_invalid"
    assert client.post(path, data={CSRF_FIELD: token}, files={"a": b"b"}).json()["code"] == "request_invalid"
    assert client.post(path, data={}, files={CSRF_FIELD: token.encode()}).json()["code"] == "csrf_failed"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
    ],
)
def test_what_another_site_sends_is_refused_even_with_a_token(world: World, headers: dict[str, str]) -> None:
    """Also the sign-in form: nobody is signed in to an account of somebody else's choosing."""
    assert filed(world.signed_in("clerk-here"), **headers) == 403
    answer = world.client().post(SIGN_IN, json=credentials(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}])
def test_what_our_own_pages_send_is_accepted(world: World, headers: dict[str, str]) -> None:
    """A browser says where a request comes from; from here it is welcome."""
    assert filed(world.signed_in("clerk-here"), **headers) == 201


def test_a_program_needs_no_csrf_token(world: World) -> None:
    """A bearer token is never sent by a browser on its own."""
    assert filed(world.program("clerk-here")) == 201


@pytest.mark.parametrize("said", ["Bearer wrong", "Bearer", "Basic Y2xlcms6cA==", "bearer  ", "nonsense"])
def test_a_wrong_authorization_is_not_made_up_for_by_a_cookie(world: World, said: str) -> None:
    """Who presents a credential is judged by it."""
    answer = world.signed_in("clerk-here").get(SIGN_IN, headers={"authorization": said})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_guessing_passwords_is_slowed_down(world: World) -> None:
    """429 with Retry-After, the same for an account that does not exist."""
    for username in ("inspector-there", "no-such-account"):
        client = world.client()
        codes = [client.post(SIGN_IN, json=credentials(username, "wrong")).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]
        answer = client.post(SIGN_IN, json=credentials(username))
        assert answer.json()["code"] == "too_many_attempts"
        assert int(answer.headers["retry-after"]) >= 1
    world.clock.forward(days=2)


def test_an_unknown_account_is_answered_like_a_wrong_password(world: World) -> None:
    """Word for word."""
    wrong = world.client().post(SIGN_IN, json=credentials("clerk-there", "wrong"))
    unknown = world.client().post(SIGN_IN, json=credentials("no-such-one", "wrong"))
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content) == (401, wrong.content)


def test_a_closed_account_is_out_at_once(world: World) -> None:
    """Its sessions, its tokens and its password."""
    admin = world.signed_in("admin")
    said = {"username": "leaving", "password": PASSWORD, "role": "clerk", "organisation": "school-01"}
    assert admin.post("/api/v1/users", json=said).status_code == 201
    page, program = world.signed_in("leaving"), world.program("leaving")
    assert admin.post("/api/v1/users/leaving/close").status_code == 200
    assert page.get(SIGN_IN).status_code == 401
    assert program.get(SIGN_IN).status_code == 401
    assert world.client().post(SIGN_IN, json=credentials("leaving")).json()["code"] == "wrong_password"


def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    """The one who changed it stays signed in with a new id; the current password is asked for."""
    mine, elsewhere = world.signed_in("secretary-there"), world.signed_in("secretary-there")
    path = "/api/v1/users/secretary-there/password"
    new = "another four quiet words"
    assert mine.put(path, json={"password": new}).json()["code"] == "wrong_password"
    assert mine.put(path, json={"password": "short", "current": PASSWORD}).json()["code"] == "password_too_weak"
    assert mine.put(path, json={"password": new, "current": PASSWORD}).status_code == 204
    assert mine.get(SIGN_IN).status_code == 200
    assert elsewhere.get(SIGN_IN).status_code == 401
    assert world.signed_in("secretary-there", new).get(SIGN_IN).status_code == 200


def test_only_who_manages_accounts_sets_anothers_password(world: World) -> None:
    """A clerk cannot take over the secretary's account; an administrator of one school not one of the archive."""
    for who in ("clerk-here", "administrator-here"):
        answer = world.signed_in(who).put("/api/v1/users/admin/password", json={"password": "four other quiet words"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_token_cannot_make_tokens_or_passwords(world: World) -> None:
    """A leaked token stays one token."""
    program = world.program("clerk-here")
    assert program.post("/api/v1/tokens", json={"name": "more"}).json()["code"] == "not_allowed"
    assert program.get("/api/v1/tokens").json()["code"] == "not_allowed"
    body = {"password": "four other quiet words", "current": PASSWORD}
    assert program.put("/api/v1/users/clerk-here/password", json=body).json()["code"] == "not_allowed"


def test_a_token_is_made_shown_once_and_revoked(world: World) -> None:
    """Its secret is in no later answer, and other people's tokens cannot be revoked."""
    client = world.signed_in("clerk-here")
    made = client.post("/api/v1/tokens", json={"name": "夜间归档", "expires": "2024-01-01"}).json()
    program = world.client()
    program.headers["authorization"] = f"Bearer {made['token']}"
    assert program.get(SIGN_IN).json()["username"] == "clerk-here"
    listed = client.get("/api/v1/tokens")
    assert made["token"] not in listed.text
    assert made["id"] in listed.text
    other = world.signed_in("reader-here")
    assert other.delete(f"/api/v1/tokens/{made['id']}").status_code == 404
    assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert program.get(SIGN_IN).status_code == 401


@pytest.mark.parametrize("expires", ["2001-01-01", "not a date", "9999-12-31T23:59:59-23:59"])
def test_a_token_does_not_expire_in_the_past_or_never(world: World, expires: str) -> None:
    """Dates that make no sense are refused with the field's name."""
    answer = world.signed_in("clerk-here").post("/api/v1/tokens", json={"name": "x", "expires": expires})
    assert (answer.status_code, answer.json()["field"]) == (422, "expires")


def test_no_secret_reaches_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither passwords, cookies, tokens nor queries; one line a request."""
    caplog.set_level(logging.DEBUG)
    client = world.signed_in("clerk-here")
    made = client.post("/api/v1/tokens", json={"name": "x"}).json()
    client.get("/api/v1/search", params={"q": "保密的查询词", "token": made["token"]})
    client.get("/api/v1/search", headers={"authorization": f"Bearer {made['token']}"})
    ours = [r for r in caplog.records if r.name.startswith("jianzheng")]
    assert {getattr(r, "path", "") for r in ours} >= {"/api/v1/session", "/api/v1/search"}
    written = "\n".join(str(vars(r)) for r in ours)
    for secret in (PASSWORD, client.cookies[COOKIE], made["token"], "保密的查询词", client.headers[CSRF_HEADER]):
        assert secret not in written


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example", "", "evil.example."])
def test_a_host_name_of_a_stranger_is_not_served(world: World, host: str) -> None:
    """A page that points its own name at this machine (DNS rebinding) gets nothing out of it."""
    answer = world.client().get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_not_served")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.20", "archive-server:8000",
             "archive.example", "nas.local"],
)  # fmt: skip
def test_names_of_the_local_network_and_of_the_archive_are_served(world: World, host: str) -> None:
    """Addresses, single words, and the name that the archive's origin has."""
    assert world.client().get("/healthz", headers={"host": host}).status_code == 200


def test_every_answer_carries_the_headers_that_browsers_obey(world: World) -> None:
    """Pages, errors and JSON alike: no scripts from elsewhere, no frames, no sniffing, nothing kept in caches."""
    client = world.signed_in("clerk-here")
    for path in ("/healthz", "/api/v1/session", "/api/v1/records/x", "/no-such-page", "/api/docs"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)
        assert "frame-ancestors 'none'" in policy
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
