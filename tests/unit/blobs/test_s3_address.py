"""The setting JIANZHENG_BLOBS: what it says, what is refused, and that no secret leaves it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.s3.address import MOST_DAYS, Address
from adapters.s3.client import Client
from adapters.servers.bad_setting import BadSetting

BAD = [
    "",
    "s3://",
    "http://k:s@h:9000/bucket",
    "s3://h:9000/bucket",
    "s3://k@h:9000/bucket",
    "s3://:s@h:9000/bucket",
    "s3://k:s@:9000/bucket",
    "s3://k:s@h:9000",
    "s3://k:s@h:9000/",
    "s3://k:s@h:9000/ab",
    "s3://k:s@h:9000/Bucket",
    "s3://k:s@h:9000/bucket/folder",
    "s3://k:s@h:9000/bucket#part",
    "s3://k:s@h:0/bucket",
    "s3://k:s@h:99999/bucket",
    "s3://k:s@h:port/bucket",
    "s3://k:s@[::1/bucket",
    "s3://k:s@h/bucket?secure",
    "s3://k:s@h/bucket?secure=maybe",
    "s3://k:s@h/bucket?secure=no&secure=yes",
    "s3://k:s@h/bucket?lock=none",
    "s3://k:s@h/bucket?lock=governance",
    "s3://k:s@h/bucket?lock=compliance&days=0",
    "s3://k:s@h/bucket?lock=compliance&days=-1",
    "s3://k:s@h/bucket?lock=compliance&days=１",
    f"s3://k:s@h/bucket?lock=compliance&days={MOST_DAYS + 1}",
    "s3://k:s@h/bucket?lock=compliance&days=" + "9" * 5000,
    "s3://k:s@h/bucket?days=5",
    "s3://k:s@h/bucket?region=a/b",
    "s3://k:s@h/bucket?verify=no",
]


def test_all_of_it_is_read() -> None:
    """Each part of a full address ends where it belongs; key and secret are percent-decoded."""
    url = "s3://school%40key:a%2Fb%3Ac@files.example.edu.cn:9000/archive-01?secure=no&lock=compliance&days=3650&region=cn-1"
    assert Address.parse(url) == Address(
        "files.example.edu.cn", 9000, "archive-01", "school@key", "a/b:c", False, "compliance", 3650, "cn-1"
    )


def test_what_is_not_said_is_safe() -> None:
    """Without options the connection is TLS on its usual port, and nothing is locked."""
    address = Address.parse("s3://k:s@h/bucket")
    assert (address.secure, address.port, address.lock, address.days, address.region) == (True, 443, "off", 0, None)
    assert Address.parse("s3://k:s@h/bucket?secure=no").port == 80
    assert Address.parse("s3://k:s@[::1]:9000/bucket").endpoint == "[::1]:9000"


@pytest.mark.parametrize("url", BAD)
def test_bad_addresses_are_refused(url: str) -> None:
    """Every other text is refused with a sentence that says what is wrong."""
    with pytest.raises(BadSetting) as caught:
        Address.parse(url)
    assert caught.value.params["name"] == "JIANZHENG_BLOBS" and caught.value.message("zh")


@given(st.text() | st.text().map(lambda text: f"s3://k:s@h/bucket{text}") | st.text().map(lambda text: f"s3://{text}"))
def test_any_text_is_an_address_or_refused(url: str) -> None:
    """Whatever is set, nothing but an address or our error comes out."""
    with contextlib.suppress(BadSetting):
        Address.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hush/hush@h:9000/bucket",
        "s3://key:hush?hush@h:9000/bucket",
        "s3://key:hush#hush@h:9000/bucket",
        "s3://key:a@b/hush@h:9000/bucket",
        "s3://key:a@b/hush?hush=hush@h:9000/bucket",
        "s3://key:hush@h:9000/bucket?hush=hush",
        "s3://key:hush@h:9000/bucket?secure=hush",
        "s3://key:hush@h:hush/bucket",
    ],
)
def test_an_error_never_repeats_a_secret(url: str) -> None:
    """A secret that was not percent-encoded may land in any part of the address: none is shown."""
    with pytest.raises(BadSetting) as caught:
        Address.parse(url)
    shown = f"{caught.value}{caught.value!r}{caught.value.as_dict('zh')}{caught.value.as_dict('en')}"
    assert "hush" not in shown and caught.value.__suppress_context__


def test_what_is_shown_holds_no_secret() -> None:
    """Neither text nor repr of an address, nor of what is made with it, names key or secret."""
    address = Address.parse("s3://keyhush:hush@h:9000/bucket")
    client = Client(address)
    assert "hush" not in f"{address} {address!r} {client} {client!r}"
    assert str(address) == "s3://h:9000/bucket"
