"""Names of files in headers: one header, whatever the name."""

from __future__ import annotations

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from api.http.serving import disposition


@given(st.text(max_size=80))
def test_any_name_makes_one_harmless_header(name: str) -> None:
    """ASCII without line ends or stray quotes, and the whole name comes back out of it."""
    said = disposition(name)
    assert said.isascii()
    assert said.isprintable()
    assert said.count('"') == 2
    assert unquote(said.rpartition("''")[2]) == name


def test_a_plain_name_stays_readable() -> None:
    """Programs that know nothing of RFC 8187 see the ASCII part."""
    assert disposition("minutes 2023.pdf", inline=True).startswith('inline; filename="minutes 2023.pdf"')
    assert disposition("签到表.pdf").startswith('attachment; filename="___.pdf"')
