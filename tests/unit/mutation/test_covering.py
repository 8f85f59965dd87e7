"""In which order the tests of a line are run."""

from __future__ import annotations

from tests.mutation.covering import TimedTest, in_order


def test_the_fastest_come_first_and_of_those_the_nearest() -> None:
    """By classes of seconds, with what a test shares; within a class by file, the one called like the module first."""
    far = [TimedTest("tests/test_pages.py::a", 0.02, 0.03), TimedTest("tests/test_pages.py::b", 0.01, 0.02)]
    near = TimedTest("tests/test_verify_reports.py::c", 0.05, 0.09)
    shares = TimedTest("tests/test_verify_reports.py::d", 0.01, 3.0)
    slow = TimedTest("tests/test_verify_reports.py::e", 40.0, 40.0)
    found = in_order([slow, *far, shares, near], "operations/verify/reports.py")
    assert [test.name[-1] for test in found] == ["c", "b", "a", "d", "e"]
