"""Archival codes: readable, parseable, given out by the register's stream."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import codes
from tests.fakes import stamp

ORGANISATIONS = st.from_regex(codes.ORGANISATION_CODE, fullmatch=True)


@given(ORGANISATIONS, st.integers(1900, 2999), st.integers(1, 999_999_999))
def test_a_code_can_be_read_back(organisation, year, number):
    """`parse` is the inverse of `code`."""
    assert codes.parse(codes.code(organisation, year, number)) == (organisation, year, number)


@pytest.mark.parametrize(
    "text", ["", "x", "a-2023-001", "a-2023-0000", "a-2023-00001", "A-2023-0001", "a-23-0001", "-a-2023-0001"]
)
def test_what_is_no_code_is_none(text):
    """Each code has one spelling."""
    assert codes.parse(text) is None


def test_the_next_number_follows_the_last_version_of_the_register():
    """Entry n of the stream has the number n."""
    code, entered = codes.enter("school-01", 2023, UUID(int=1), 41, stamp())
    assert code == "school-01-2023-0042"
    assert entered.originator_version == 42
    assert entered.originator_id == codes.register_id("school-01", 2023)


def test_a_full_register_says_so():
    """A thousand million records of one organisation in one year."""
    with pytest.raises(codes.RegisterFull):
        codes.enter("a", 2023, UUID(int=1), 999_999_999, stamp())


@given(st.text(max_size=30))
def test_parse_never_raises(text):
    """Whatever is typed."""
    found = codes.parse(text)
    assert found is None or codes.code(*found) == text
