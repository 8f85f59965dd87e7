"""Whatever is sent, the answer is a typed one: never a 5xx, never a traceback."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_world import World, record

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
fields = st.sampled_from(
    ["title", "occurred", "attendance", "hours", "body", "decisions", "chair", "plan", "phase", "retention", "files",
     "organisation", "family", "form", "author", "place", "no_such_field"]
)  # fmt: skip
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@settings(max_examples=80)
@given(changed=st.dictionaries(fields, values, min_size=1, max_size=4))
def test_any_json_is_filed_or_refused(world: World, changed: dict[str, Any]) -> None:
    """Fields of wrong kinds, huge numbers, nested nonsense: refused with a code, or filed."""
    client = world.program("clerk-here")
    for path in ("/api/v1/records/check", "/api/v1/records"):
        answer = client.post(path, json={**record(), **changed})
        assert answer.status_code < 500, answer.text
        if not answer.is_success:
            assert answer.json()["code"]


@settings(max_examples=80)
@given(
    params=st.dictionaries(
        st.sampled_from(["q", "organisation", "family", "form", "person", "year", "from", "to", "as_of", "sort",
                         "limit", "cursor", "late", "status", "file_type"]),
        texts, max_size=4,
    )
)  # fmt: skip
def test_any_question_is_answered(world: World, params: dict[str, str]) -> None:
    """Search, list and report take any text in any parameter."""
    client = world.program("clerk-here")
    for path in ("/api/v1/search", "/api/v1/records", "/api/v1/reports/annual", "/api/v1/people"):
        answer = client.get(path, params=params)
        assert answer.status_code < 500 or answer.json()["code"] == "figures_behind", answer.text


@settings(max_examples=60)
@given(reference=texts, name=texts)
def test_any_address_is_answered(world: World, reference: str, name: str) -> None:
    """Records and files of any name at all."""
    client = world.program("clerk-here")
    for path in ("/api/v1/records", "/ledger/tile", "/static", "/api/v1/users"):
        answer = client.get(f"{path}/{quote(reference, safe='')}/files/{quote(name, safe='')}")
        assert answer.status_code < 500, answer.text


@settings(max_examples=40)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/plain", "multipart/form-data",
       "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]))  # fmt: skip
def test_any_bytes_are_refused_as_json(world: World, body: bytes, kind: str) -> None:
    """Also as forms, through the guard that looks for the token in them."""
    client = world.signed_in("clerk-here") if kind.startswith("multipart") else world.program("clerk-here")
    client.headers.pop("x-csrf-token", None)
    for path in ("/api/v1/records", "/api/v1/session", "/api/v1/reports/verify"):
        answer = client.post(path, content=body, headers={"content-type": kind})
        assert answer.status_code < 500 or answer.json()["code"] == "figures_behind", answer.text
