"""The entry format: bytes that must never change."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.canonical import canonical
from domain.ledger.entry import entries_of, entry, entry_of_hex, read_entry
from domain.ledger.errors import InvalidEntry, NotCanonical
from domain.ledger.tree import leaf_hash

ID = UUID("0b39a1d2-7f6e-4c55-9d2a-3f1e5c7b8a90")

# Any valid string: the topic of an edited row may be anything.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def test_golden_bytes() -> None:
    """The entry and leaf hash of one fixed event are these bytes, for ever."""
    made = entry(ID, 3, "record.filed", b'{"title":"x"}')
    assert made == (
        b'{"id":"0b39a1d2-7f6e-4c55-9d2a-3f1e5c7b8a90",'
        b'"state":"27503c8b55d6cdd9256053d7f84ead30d502467a1ed11f64071aa34c3a1d0e25",'
        b'"topic":"record.filed","v":1,"version":3}'
    )
    assert leaf_hash(made).hex() == "0d56aea2f996adbc8b83c554058d67fc9f0db014470165da601ff36c978c4ac2"


@given(st.uuids(), st.integers(1, 2**53 - 1), TEXT, st.binary(max_size=100))
def test_the_fast_path_is_canonical_json(event_id: UUID, version: int, topic: str, state: bytes) -> None:
    """What is written out by hand equals RFC 8785, whatever the topic."""
    expected = canonical(
        {"id": str(event_id), "version": version, "topic": topic, "v": 1, "state": sha256(state).hexdigest()}
    )
    assert entry(event_id, version, topic, state) == expected
    assert entry_of_hex(event_id.hex, version, topic, state) == expected
    assert read_entry(expected) == (event_id, version, topic, sha256(state).hexdigest())


ROWS = st.lists(
    st.tuples(st.integers(), st.uuids().map(lambda u: u.hex), st.integers(1), TEXT, st.binary(max_size=100)),
    min_size=1,
    max_size=5,
)


@given(ROWS)
def test_many_at_once_are_the_same_entries(rows: list[tuple[int, str, int, str, bytes]]) -> None:
    """What is fast for many rows gives the bytes that each row has by itself."""
    assert entries_of(rows) == [entry_of_hex(*row[1:]) for row in rows]


@pytest.mark.parametrize(
    "column",
    [
        {1: ID.hex[1:]},
        {1: ID.hex[1:] + "é"},
        {1: None},
        {2: "3"},
        {2: 3.0},
        {2: True},
        {3: None},
        {3: "\ud800"},
        {4: ""},
    ],
)
def test_many_at_once_take_no_other_types(column: dict[int, object]) -> None:
    """An edited row can hold anything; it is never made into the entry of something else."""
    sound: tuple[object, ...] = (1, ID.hex, 1, "t", b"")
    edited = tuple(column.get(n, value) for n, value in enumerate(sound))
    with pytest.raises((ValueError, TypeError, NotCanonical)):
        entries_of([sound, edited])  # type: ignore[list-item]  # that is the point


@given(st.binary(max_size=80))
def test_foreign_bytes_are_no_entry(data: bytes) -> None:
    """Whatever is not an entry to the byte is refused with our own error."""
    with pytest.raises(InvalidEntry):
        read_entry(data)


@pytest.mark.parametrize(
    "text",
    ["[]", "1", '{"id":1}', '{"id":"x","state":"","topic":"","v":1,"version":1}', "[" * 100_000],
)
def test_other_json_is_no_entry(text: str) -> None:
    """JSON of another shape is refused as well."""
    with pytest.raises(InvalidEntry):
        read_entry(text.encode())


@pytest.mark.parametrize(("place", "byte"), [(7, b"A"), (-2, b" ")])
def test_one_changed_byte_is_no_entry(place: int, byte: bytes) -> None:
    """An entry in another spelling is not the entry."""
    data = bytearray(entry(ID, 3, "t", b""))
    data[place:place] = byte
    with pytest.raises(InvalidEntry):
        read_entry(bytes(data))


def test_an_endless_topic_is_refused() -> None:
    """An entry has to fit into a bundle."""
    with pytest.raises(InvalidEntry):
        entry(ID, 1, "t" * 1001, b"")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, False, None, -5, "é"]}, '{"a":[true,false,null,-5,"é"],"b":1}'),
        (
            {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7},
            '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
        ),
        ('\x08\t\n\x0c\r"\\\x00\x1f/\x7f', '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f/\x7f"'),
        ([], "[]"),
        ({}, "{}"),
        ((1,), "[1]"),
        (2**53 - 1, "9007199254740991"),
    ],
)  # fmt: skip
def test_canonical_json(value: object, expected: str) -> None:
    """RFC 8785's order (its own example of section 3.2.3), escapes and numbers."""
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [1.0, 2**53, {1: 2}, b"", "\ud800", object()])
def test_what_has_no_canonical_form(value: object) -> None:
    """Fractions, large numbers, foreign types and broken strings are refused with our own error."""
    with pytest.raises(NotCanonical):
        canonical(value)


def test_too_deep_is_refused() -> None:
    """Nesting without end is an error of ours, not the interpreter's."""
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonical):
        canonical(value)
