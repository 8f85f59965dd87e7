"""What is called unsafe: lines that leave the machine unprotected, and passwords that anybody would try."""

from __future__ import annotations

import pytest

from adapters.servers.safety import is_local, of_line, of_secret, of_signed_line

GOOD = "9f2c7a01d4e8b365"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST", "/run/postgresql"]
)
def test_what_never_leaves_the_machine_needs_no_tls(host: str) -> None:
    """Loopback, and sockets in folders."""
    assert is_local(host)
    assert of_line(host, encrypted=False, checked=False) == []


@pytest.mark.parametrize("host", ["10.0.0.8", "postgres", "db.example.edu.cn", "2001:db8::1", "0.0.0.0"])
def test_what_leaves_the_machine_is_encrypted_and_checked(host: str) -> None:
    """Without TLS is worse than with a certificate that nobody looks at; with both all is well."""
    assert [remark.code for remark in of_line(host, encrypted=False, checked=True)] == ["no_tls"]
    assert [remark.code for remark in of_line(host, encrypted=True, checked=False)] == ["certificate_not_checked"]
    assert of_line(host, encrypted=True, checked=True) == []


@pytest.mark.parametrize(
    ("secret", "user", "code"),
    [("", "", "no_password"), ("minioadmin", "", "known_password"), ("Changeme123!", "", "known_password"),
     ("jianzheng_application", "jianzheng_application", "known_password"), ("9f2c7a0", "", "short_password")],
)  # fmt: skip
def test_passwords_that_are_tried_first(secret: str, user: str, code: str) -> None:
    """None, a default of the servers, the user's own name, or one that is soon found; it is never repeated."""
    [remark] = of_secret(secret, user)
    assert remark.code == code
    for lang in ("zh", "en"):
        assert not secret or secret not in remark.said(lang)  # type: ignore[arg-type]  # one of the two languages


def test_a_good_password_is_no_remark() -> None:
    """Long, and nobody's default."""
    assert of_secret(GOOD, "jianzheng_app") == []


@pytest.mark.parametrize(
    ("url", "codes"),
    [("https://w.example/w1", []), ("http://127.0.0.1:8100/w1", []), ("http://[::1]:8100", []),
     ("http://localhost/tsa", []), ("http://w.example/w1", ["no_tls"]), ("HTTP://10.0.0.8:8100", ["no_tls"]),
     ("http://user:hush@tsa.example/", ["no_tls"])],
)  # fmt: skip
def test_whoever_signs_is_asked_over_tls_too(url: str, codes: list[str]) -> None:
    """Unless the way never leaves the machine. It is said who is meant; an address may hold a password and is not."""
    found = of_signed_line("见证方 w1", "the witness w1", url)
    assert [remark.code for remark in found] == codes
    for remark in found:
        assert "见证方 w1" in remark.zh and "the witness w1" in remark.en and "hush" not in f"{remark}"
