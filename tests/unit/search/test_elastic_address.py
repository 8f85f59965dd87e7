"""Addresses of a search server: every part has its place, nothing is guessed, no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.search.elastic.address import BadSearchAddress, SearchAddress


def test_everything_in_an_address() -> None:
    """Login, port, prefix, CA file and shards, with what must be escaped in a URL escaped."""
    found = SearchAddress.parse("https://us%40er:p%2Fw@es.example.org:9243/school-1?ca=ca.pem&shards=3")
    assert (found.url, found.prefix) == ("https://es.example.org:9243", "school-1")
    assert (found.user, found.password, found.ca, found.shards) == ("us@er", "p/w", Path("ca.pem"), 3)


def test_what_is_left_out() -> None:
    """The usual port, one shard, and an API key instead of a login."""
    found = SearchAddress.parse("http://[::1]/a?api_key=k%3D%3D")
    assert found == SearchAddress(url="http://[::1]:9200", prefix="a", api_key="k==")


def test_secrets_do_not_show() -> None:
    """Neither where it is printed nor in a traceback."""
    for url in ("https://elastic:hidden@es.example.org/a", "https://es.example.org/a?api_key=hidden"):
        found = SearchAddress.parse(url)
        assert "hidden" not in f"{found} {found!r}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "es.example.org:9200/a",
        "ftp://es.example.org/a",
        "http://es.example.org",
        "http://es.example.org/A",
        "http://es.example.org/-a",
        "http://es.example.org/a/b",
        "http://es.example.org/a*",
        "http://es.example.org:port/a",
        "http://es.example.org:99999/a",
        "http:///a",
        "http://es.example.org/a?apikey=x",
        "http://es.example.org/a?shards=0",
        "http://es.example.org/a?shards=many",
        "http://es.example.org/a?ca=ca.pem",
        "http://es.example.org/a?x",
        "https://user:pw@es.example.org/a?api_key=x",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """A sentence of ours with an example, and nothing of what was typed."""
    with pytest.raises(BadSearchAddress) as refused:
        SearchAddress.parse(url)
    assert url == "" or url not in str(refused.value)
