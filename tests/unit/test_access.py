"""The policy: one function, and its filter says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import MAY, ROLES, SYSTEM, Actor, Grant, Target, decide, scope, visible
from domain.errors import NotAllowed

DAY = "2023-05-04"
TREE = [("bureau",), ("bureau", "s1"), ("bureau", "s1", "b1"), ("bureau", "s2")]


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("action", sorted({a for actions in MAY.values() for a in actions}))
def test_a_role_may_what_its_table_says(role, action):
    """In its organisation and below, not beside and not above."""
    actor = Actor("u", None, (Grant("s1", role, "2023-01-01", None),))
    for path in TREE:
        assert decide(actor, action, Target(path), DAY).allowed == (action in MAY[role] and "s1" in path)


def test_a_role_holds_from_its_first_day_until_before_its_last():
    """Since inclusive, until exclusive."""
    actor = Actor("u", None, (Grant("s1", "clerk", "2023-01-01", "2023-05-04"),))
    assert decide(actor, "record.file", Target(("s1",)), "2023-05-03").allowed
    assert not decide(actor, "record.file", Target(("s1",)), "2023-05-04").allowed
    assert not decide(actor, "record.file", Target(("s1",)), "2022-12-31").allowed


def test_a_refusal_says_why_in_both_languages():
    """And raises as NotAllowed."""
    decision = decide(Actor("u"), "record.sign_off", Target(("s1",)), DAY)
    with pytest.raises(NotAllowed, match="sign this record off"):
        decision.require()
    assert "审签" in decision.reason_zh


def test_the_archive_itself_is_asked_nothing():
    """Indexers work for everyone."""
    assert decide(SYSTEM, "account.manage", Target(()), DAY).allowed
    assert visible(scope(SYSTEM, DAY), Target(("s1",), confidential=True))


GRANTS = st.lists(
    st.builds(
        Grant,
        st.sampled_from(["bureau", "s1", "b1", "s2"]),
        st.sampled_from(sorted(ROLES)),
        st.sampled_from(["2023-01-01", "2023-06-01"]),
        st.sampled_from([None, "2023-03-01"]),
    ),
    max_size=4,
)


@given(
    GRANTS,
    st.sampled_from(TREE),
    st.booleans(),
    st.sampled_from([(), ("p-1",), ("p-2",)]),
    st.sampled_from([None, "p-1"]),
    st.sampled_from(["u", "v"]),
)
def test_the_filter_of_a_search_says_what_the_policy_says(grants, path, confidential, readers, person, filed_by):
    """What may be found is exactly what may be read."""
    actor = Actor("u", person, tuple(grants))
    target = Target(path, confidential, readers, filed_by)
    assert visible(scope(actor, DAY), target) == decide(actor, "record.read", target, DAY).allowed
