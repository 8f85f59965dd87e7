"""Accounts are opened, given another password and closed by one use case, which looks at everything first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.accounts.store import PasswordTooWeak
from domain.errors import NotAllowed, NotFound, Unavailable
from domain.organisations.administering import AlreadyThere, BadCode, BadValue
from domain.organisations.events import AccountOpened, RoleGranted
from tests.fakes import School

GOOD = "good enough"


@pytest.fixture
def school() -> School:
    return School()


def opened(school: School) -> list[object]:
    return [e for e in school.events.events if isinstance(e, AccountOpened | RoleGranted) and e.username == "new"]


def test_an_account_comes_with_password_and_role_at_once(school: School) -> None:
    """Both events in one append, and the password kept."""
    school.office.open_account(
        school.actor("admin"), "new", "p-1", password=GOOD, role="录入员", organisation="school-01"
    )
    account, role = opened(school)
    assert isinstance(account, AccountOpened) and isinstance(role, RoleGranted)
    assert (account.person, role.role, role.organisation) == ("p-1", "clerk", "school-01")
    assert (account.originator_version, role.originator_version) == (1, 2)
    assert school.credentials.kept == {"new": f"hash of {GOOD}"}


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (PasswordTooWeak, {"password": "x"}),
        (NotFound, {"person": "ghost"}),
        (NotFound, {"role": "clerk", "organisation": "school-99"}),
        (BadValue, {"role": "king"}),
    ],
)
def test_what_is_refused_leaves_nothing_behind(school: School, error: type[Exception], facts: dict[str, str]) -> None:
    """Neither account nor password; and the same call, put right, opens the account."""
    with pytest.raises(error):
        school.office.open_account(school.actor("admin"), "new", **({"password": GOOD} | facts))  # type: ignore[arg-type]
    assert (opened(school), school.credentials.kept) == ([], {})
    school.office.open_account(school.actor("admin"), "new", password=GOOD)
    assert len(opened(school)) == 1


def test_a_fault_after_the_event_is_made_good_by_the_same_call(school: School) -> None:
    """The password was not kept: whoever calls is told, and calling again completes the account."""
    school.credentials.fault = Unavailable()
    admin = school.actor("admin")
    with pytest.raises(Unavailable):
        school.office.open_account(admin, "new", password=GOOD, role="clerk", organisation="school-01")
    assert (len(opened(school)), school.credentials.kept) == (2, {})
    school.office.open_account(admin, "new", password=GOOD, role="clerk", organisation="school-01")
    assert (len(opened(school)), school.credentials.kept) == (2, {"new": f"hash of {GOOD}"})
    for again in ({"password": GOOD}, {"person": "p-1", "password": GOOD}, {}):
        with pytest.raises(AlreadyThere):
            school.office.open_account(admin, "new", **again)  # type: ignore[arg-type]


def test_somebody_elses_password_is_not_taken_for_a_new_accounts(school: School) -> None:
    """An account that is there, or was closed, keeps its password whatever is asked."""
    admin = school.actor("admin")
    school.office.open_account(admin, "new", password=GOOD)
    school.office.close_account(admin, "new")
    school.credentials.kept.clear()
    with pytest.raises(AlreadyThere):
        school.office.open_account(admin, "new", password="another one")
    assert school.credentials.kept == {}


def test_a_closed_account_is_signed_out(school: School) -> None:
    """Its sessions end with it."""
    school.office.close_account(school.actor("admin"), "clerk")
    assert school.credentials.ended == ["clerk"]


def test_a_password_is_ones_own_or_the_administrators_matter(school: School) -> None:
    """Whoever can set a password can act as that account."""
    school.office.set_password(school.actor("clerk"), "clerk", GOOD)
    school.office.set_password(school.actor("admin"), "secretary", GOOD)
    assert school.credentials.kept == {"clerk": f"hash of {GOOD}", "secretary": f"hash of {GOOD}"}
    tried: list[tuple[type[Exception], Callable[[], None]]] = [
        (NotAllowed, lambda: school.office.set_password(school.actor("secretary"), "clerk", GOOD)),
        (NotFound, lambda: school.office.set_password(school.actor("admin"), "ghost", GOOD)),
        (PasswordTooWeak, lambda: school.office.set_password(school.actor("admin"), "reader", "x")),
        (BadCode, lambda: school.office.open_account(school.actor("admin"), "system", password=GOOD)),
    ]
    for error, act in tried:
        with pytest.raises(error):
            act()
    assert "reader" not in school.credentials.kept
