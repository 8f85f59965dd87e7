"""Answers of time-stamping authorities (RFC 3161, ``TimeStampResp``): read, and verified up to a root certificate.

The signature is checked as of the time that it names: a stamp outlives the certificates under which it was made. What a
stranger's bytes make the parsers raise is one of ours.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

import rfc3161_client
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder

from domain.errors import InputError
from domain.ledger.timestamps import InvalidTimestamp, Stamped, TimestampRefused

SHA256 = "2.16.840.1.101.3.4.2.1"
GRANTED = 0

REFUSALS = ("granted", "granted with modifications", "rejection", "waiting", "revocation warning", "revocation")
"""``PKIStatus``. A stamp with modifications is not what was asked for, and none is taken for it."""

UNREADABLE = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, UnsupportedAlgorithm,
    x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What the parsers raise for bytes that are no answer, or none of sound parts."""


class RootsUnusable(InputError):
    code = "timestamp_roots_unusable"
    zh = "没有时间戳机构 {authority} 的根证书：{file} 不存在，或者不是 PEM 证书。"
    en = "There are no root certificates of the time-stamping authority {authority}: {file} is missing, or is no PEM."
    next_zh = "请向该机构索取根证书，存成这个文件；没有它，时间戳无从核对。"
    next_en = "Get its root certificate and keep it in that file; without it no time stamp can be checked."


class Checker:
    """Checks what one authority signed. ``roots``: a PEM file with the certificates that it is trusted by."""

    def __init__(self, name: str, roots: Path) -> None:
        self.name, self.roots = name, roots

    @cached_property
    def certificates(self) -> list[x509.Certificate]:
        """Raises `RootsUnusable`."""
        try:
            return x509.load_pem_x509_certificates(self.roots.read_bytes())
        except (OSError, ValueError):
            raise RootsUnusable(authority=self.name, file=str(self.roots)) from None

    def check(self, answer: bytes, nonce: int | None = None) -> Stamped:
        """What a sound answer says; ``nonce`` as it must repeat it. Raises `InvalidTimestamp`, `RootsUnusable`."""
        trusted = self.certificates
        try:
            response = rfc3161_client.decode_timestamp_response(answer)
            said = read(response)
            # Its own imprint: whether that is the one that was wanted is the caller's question.
            VerifierBuilder(roots=trusted, nonce=nonce).build().verify(response, said.imprint)
        except VerificationError as error:
            if str(error) == "Nonce mismatch":
                problem = "没有回答这一次的请求（随机数不符）", "it answers another request (the nonce differs)"
            else:
                problem = f"签名或证书链不成立（{error}）", f"its signature or certificates do not verify ({error})"
            raise InvalidTimestamp(*problem) from None
        except UNREADABLE as error:
            raise _unreadable(error) from None
        return said


def read(response: TimeStampResponse) -> Stamped:
    """What it says, nothing verified. Raises `InvalidTimestamp` and, for what is malformed, `UNREADABLE`."""
    info = response.tst_info
    imprint = info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256:
        raise InvalidTimestamp("用的不是 SHA-256", "it is not over a SHA-256")
    return Stamped(info.gen_time, bytes(imprint.message), int(info.serial_number), info.policy.dotted_string)


def granted(authority: str, answer: bytes) -> None:
    """Raises `TimestampRefused` for an answer that is a refusal, `InvalidTimestamp` for what is no answer."""
    try:
        response = rfc3161_client.decode_timestamp_response(answer)
        status, words = response.status, "; ".join(response.status_string)
    except UNREADABLE as error:
        raise _unreadable(error) from None
    if status != GRANTED:
        named = REFUSALS[status] if 0 < status < len(REFUSALS) else str(status)
        raise TimestampRefused(authority, f"{named}: {words[:200]}" if words else named)


def require_imprint(said: Stamped, message: bytes) -> None:
    """Raises `InvalidTimestamp` where something else was stamped."""
    if said.imprint != sha256(message).digest():
        raise InvalidTimestamp("盖在别的内容上", "it is over something else")


def _unreadable(error: BaseException) -> InvalidTimestamp:
    return InvalidTimestamp("内容读不出", f"it cannot be read ({type(error).__name__})")
