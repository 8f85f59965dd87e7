"""The log lines of the server: JSON, one a line, and only what was meant to be in them."""

from __future__ import annotations

import json
import logging
import sys

from api.http.shield import HEADERS, JsonLines


def line(message: str, **fields: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "jianzheng.http", "levelname": "INFO", "msg": message, **fields})
    text = JsonLines().format(record)
    assert "\n" not in text
    found: dict[str, object] = json.loads(text)
    return found


def test_a_request_is_one_line_with_named_fields() -> None:
    """What is not a known field is left out, a line end in a path does not make a second line."""
    found = line("request", path="/a\nb", status=200, password="secret", csrf="secret")
    assert (found["event"], found["path"], found["status"], found["level"]) == ("request", "/a\nb", 200, "info")
    assert "secret" not in json.dumps(found)


def test_an_error_brings_its_traceback_into_the_same_line() -> None:
    """For the administrator, under the reference that the reader was given."""
    try:
        raise RuntimeError("cause")
    except RuntimeError:
        found = line("unexpected", exc_info=sys.exc_info(), reference="1f2e3d4c")
    assert "RuntimeError: cause" in str(found["traceback"])
    assert found["reference"] == "1f2e3d4c"


def test_the_policy_allows_no_inline_code() -> None:
    """Pages carry no inline script or style, so none is allowed."""
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
