"""The directory: a tree, people over time, accounts with roles."""

from __future__ import annotations

import pytest

from domain.access import SYSTEM
from domain.days import BadDate
from domain.errors import NotAllowed, NotFound, VersionConflict
from domain.organisations.administering import AlreadyThere, BadCode, BadValue
from tests.fakes import School


@pytest.fixture
def school():
    return School()


def test_paths_lead_down_from_the_top_and_below_holds_everything_under_it(school):
    """Parents first."""
    directory = school.directory()
    assert directory.path("branch-1") == ("bureau", "school-01", "branch-1")
    assert directory.path("unknown") == ("unknown",)
    assert list(directory.below("bureau")) == ["bureau", "school-01", "branch-1", "school-02"]
    assert list(directory.below("unknown")) == ["unknown"]
    assert (directory.name("school-01"), directory.name("x")) == ("第一中学", "x")


def test_a_name_means_the_nearest_person(school):
    """The organisation's own, then those below, then those above; two on one level mean nobody."""
    directory = school.directory()
    day = "2023-05-04"
    assert directory.resolve("张敏", "branch-1", day) == "p-1"
    assert directory.resolve("张敏", "school-01", day) == "p-1"
    assert directory.resolve("王芳", "branch-1", day) == "p-3"
    assert directory.resolve("王芳", "bureau", day) is None
    assert directory.resolve("张敏", "school-02", day) is None
    assert directory.resolve("p-4", "branch-1", day) == "p-4"
    assert directory.resolve("无名", "branch-1", day) is None


def test_posts_hold_for_their_time(school):
    """Since inclusive, until exclusive; leaving ends the one that is held."""
    office = school.office
    office.take_post(SYSTEM, "p-1", "school-02", "支委", "2023-01-01", "2023-03-01")
    office.leave_post(SYSTEM, "p-1", "branch-1", "党员", "2023-04-01")
    directory = school.directory()
    assert [p.code for p in directory.members("school-02", "2023-02-28")] == ["p-1", "p-4"]
    assert [p.code for p in directory.members("school-02", "2023-03-01")] == ["p-4"]
    assert [p.code for p in directory.members("branch-1", "2023-03-31")] == ["p-1", "p-2"]
    assert [p.code for p in directory.members("branch-1", "2023-04-01")] == ["p-2"]


def test_organisations_can_be_renamed(school):
    """The code stays."""
    school.office.rename_organisation(school.actor("admin"), "school-01", "实验中学")
    assert school.directory().organisation("school-01").name == "实验中学"


def test_a_second_top_is_below_the_first(school):
    """There is one tree."""
    school.office.add_organisation(school.actor("admin"), "school-03", "第三中学", kind="school")
    assert school.directory().path("school-03") == ("bureau", "school-03")


def test_what_is_not_there_is_named(school):
    """Organisation, person, account."""
    directory = school.directory()
    for ask in (directory.organisation, directory.person, directory.account):
        with pytest.raises(NotFound, match="ghost"):
            ask("ghost")


def test_nothing_is_made_twice(school):
    """Also not by a process that did not see the first one."""
    admin = school.actor("admin")
    for make in (
        lambda: school.office.add_organisation(admin, "school-01", "第一中学"),
        lambda: school.office.add_person(admin, "p-1", "张敏", "school-01"),
        lambda: school.office.open_account(admin, "clerk"),
    ):
        with pytest.raises(AlreadyThere):
            make()

    def conflict():
        raise VersionConflict

    school.events.before_append = conflict
    with pytest.raises(AlreadyThere):
        school.office.add_organisation(admin, "school-09", "第九中学")


def test_what_two_say_of_one_at_once_holds_side_by_side(school):
    """Neither is told that the other changed a record: one administrator grants a role while another grants one."""
    admin = school.actor("admin")

    def interfere():
        school.events.before_append = lambda: None
        school.office.grant(admin, "reader", "inspector", "school-02")

    school.events.before_append = interfere
    school.office.grant(admin, "reader", "clerk", "school-01")
    roles = {(grant.role, grant.organisation) for grant in school.directory().account("reader").grants}
    assert roles == {("reader", "school-01"), ("inspector", "school-02"), ("clerk", "school-01")}


@pytest.mark.parametrize(
    "make",
    [
        lambda o, a: o.add_organisation(a, "School", "x"),
        lambda o, a: o.add_organisation(a, "s" * 41, "x"),
        lambda o, a: o.add_person(a, "P 1", "x", "school-01"),
        lambda o, a: o.open_account(a, "system"),
        lambda o, a: o.open_account(a, "张敏"),
    ],
)
def test_a_code_is_a_code(school, make):
    """Lower-case letters, digits, hyphens; nobody is called system."""
    with pytest.raises(BadCode):
        make(school.office, school.actor("admin"))


@pytest.mark.parametrize(
    "make",
    [
        lambda o, a: o.add_organisation(a, "s", " "),
        lambda o, a: o.add_organisation(a, "s", "a\x07b"),
        lambda o, a: o.add_person(a, "p", "x", "school-01", since="昨天"),
        lambda o, a: o.take_post(a, "p-1", "school-01", "党员", "2023-01-02", "2023-01-02"),
        lambda o, a: o.grant(a, "clerk", "king", "school-01"),
        lambda o, a: o.revoke(a, "clerk", "clerk", "school-01", "x"),
    ],
)
def test_a_value_is_of_its_kind(school, make):
    """Names, dates, periods, roles."""
    with pytest.raises((BadValue, BadDate)):
        make(school.office, school.actor("admin"))


def test_roles_are_granted_and_revoked_by_administrators_only(school):
    """And end on the day."""
    admin = school.actor("admin")
    with pytest.raises(NotAllowed):
        school.office.grant(school.actor("clerk"), "clerk", "secretary", "school-01")
    school.office.revoke(admin, "clerk", "clerk", "school-01", "2023-05-10")
    grant = school.actor("clerk").grants[0]
    assert grant.held_on("2023-05-09") and not grant.held_on("2023-05-10")
    school.office.revoke(admin, "reader", "查阅者", "school-01")
    assert not school.actor("reader").grants[0].held_on("2023-05-04")


def test_a_role_is_granted_where_there_is_something(school):
    """Neither to an account that nobody opened nor in an organisation that nobody added, and nothing is recorded."""
    admin, before = school.actor("admin"), len(school.events.events)
    for username, organisation in (("ghost", "school-01"), ("clerk", "school-99")):
        with pytest.raises(NotFound, match=f"ghost|{organisation}"):
            school.office.grant(admin, username, "reader", organisation)
    assert len(school.events.events) == before


def test_a_closed_account_may_nothing(school):
    """Its grants are gone with it."""
    school.office.close_account(school.actor("admin"), "clerk")
    assert school.actor("clerk").grants == ()


def test_revoking_and_leaving_touch_only_what_they_name(school):
    """Other grants and posts stay."""
    admin = school.actor("admin")
    school.office.grant(admin, "clerk", "reader", "school-02")
    school.office.revoke(admin, "clerk", "reader", "school-02", "2023-05-10")
    assert [g.until for g in school.actor("clerk").grants] == [None, "2023-05-10"]
    school.office.take_post(admin, "p-1", "branch-1", "书记")
    school.office.leave_post(admin, "p-1", "branch-1", "书记", "2023-05-10")
    assert [p.until for p in school.directory().person("p-1").posts] == [None, "2023-05-10"]


def test_an_account_belongs_to_a_person_who_exists(school):
    """Not to a ghost."""
    with pytest.raises(NotFound):
        school.office.open_account(school.actor("admin"), "ghost", "ghost")
