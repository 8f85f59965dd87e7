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


CODES = st.one_of(
    st.builds(codes.code, st.sampled_from(["school-1", "a", "a-2023"]), st.integers(0, 9999), st.integers(0, 10**9)),
    st.from_regex(r"[a-zA２-]{0,6}-[0-9２]{3,5}-[0-9０２]{3,10}", fullmatch=True),
    st.text(max_size=12),
)


@given(CODES, st.sampled_from(["school-1", "a", "a-2023", "A", ""]), st.integers(0, 9999))
def test_whose_code_it_is_without_reading_it(text, organisation, year):
    """The quick question is answered as reading the code would answer it."""
    found = codes.parse(text)
    assert codes.is_code_of(text, organisation, year) is (found is not None and found[:2] == (organisation, year))
    if found is not None:
        assert codes.is_code_of(text, *found[:2])
    head, _, _ = text.rpartition("-")
    start, _, digits = head.rpartition("-")
    if digits.isdecimal() and int(digits) < 10_000:
        assert codes.is_code_of(text, start, int(digits)) is (found is not None and found[:2] == (start, int(digits)))


@pytest.mark.parametrize(
    "text",
    ["a-2023-0000", "a-2023-00042", "a-2023-42", "a-2023-1234567890", "a-2023-００４２", "-2023-0042", "a-23-0042"],
)
def test_what_is_no_code_is_nobodys(text):
    """Numbers out of form, and organisations that cannot be."""
    assert codes.parse(text) is None
    assert not codes.is_code_of(text, "a", 2023)
    assert not codes.is_code_of(text, "", 2023)
    assert not codes.is_code_of(text, "a", 23)
