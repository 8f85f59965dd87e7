"""Attendance: 应到 = 实到 + 请假. What contradicts itself is a problem, what is merely not said is a gap."""

from __future__ import annotations

from typing import Any

from domain.records.fields import Problem


def problems(attendance: dict[str, Any]) -> list[Problem]:
    """Contradictions: more people than were expected, or one person in two places."""
    contradictions: list[Problem] = []
    expected, present = attendance.get("expected"), attendance.get("present")
    on_leave = [row["person"]["name"] for row in attendance.get("on_leave", [])]
    attendees = [person["name"] for person in attendance.get("attendees", [])]
    if expected is not None and present is not None and present > expected:
        contradictions.append(
            Problem(
                "attendance.present",
                f"实到 {present} 人多于应到 {expected} 人",
                f"{present} present is more than the {expected} expected",
            )
        )
    elif expected is not None and present is not None and present + len(on_leave) > expected:
        contradictions.append(
            Problem(
                "attendance.on_leave",
                f"实到 {present} 人加请假 {len(on_leave)} 人多于应到 {expected} 人",
                f"{present} present and {len(on_leave)} on leave are more than the {expected} expected",
            )
        )
    if present is not None and len(attendees) > present:
        contradictions.append(
            Problem(
                "attendance.attendees",
                f"到会人员列了 {len(attendees)} 人，多于实到 {present} 人",
                f"{len(attendees)} attendees are named but only {present} were present",
            )
        )
    for name in sorted(set(on_leave) & set(attendees)):
        contradictions.append(
            Problem(
                "attendance.on_leave",
                f"{name}既在到会人员里，又在请假人员里",
                f"{name} is named both as an attendee and as on leave",
            )
        )
    for key, names in (("attendees", attendees), ("on_leave", on_leave)):
        for name in sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else ():
            contradictions.append(
                Problem(f"attendance.{key}", f"{name}写了不止一次", f"{name} is named more than once"),
            )
    return contradictions


def gaps(attendance: dict[str, Any]) -> list[tuple[str, str]]:
    """``(code, field)`` of what is not said: the numbers, absentees without a name, absences without a reason."""
    missing: list[tuple[str, str]] = []
    expected, present = attendance.get("expected"), attendance.get("present")
    rows = attendance.get("on_leave", [])
    for key, value in (("expected", expected), ("present", present)):
        if value is None:
            missing.append(("missing", f"attendance.{key}"))
    if expected is not None and present is not None and present + len(rows) < expected:
        missing.append(("absentees_not_named", "attendance.on_leave"))
    for i, row in enumerate(rows):
        if not row.get("reason"):
            missing.append(("no_reason", f"attendance.on_leave.{i}.reason"))
    return missing


def rate(attendance: dict[str, Any]) -> float | None:
    """Present over expected, None where either number is not known or nobody was expected."""
    expected, present = attendance.get("expected"), attendance.get("present")
    return present / expected if expected and present is not None else None
