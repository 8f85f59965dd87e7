"""Canonical JSON (RFC 8785): one value, one sequence of bytes, in whatever program writes it.

Numbers are whole and within ±(2^53 - 1), which every JSON reader keeps exact; fractions are refused because what
Jianzheng commits to never needs one.
"""

from __future__ import annotations

import json
from typing import Any

from domain.ledger.errors import NotCanonical

MAX_INTEGER = 2**53 - 1

_string = json.JSONEncoder(ensure_ascii=False).encode
"""Escapes exactly what RFC 8785 section 3.2.2.2 asks for, as `json` does without ``ensure_ascii``."""


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a value of str, int, bool, None, list, tuple and dict. Raises `NotCanonical`."""
    parts: list[str] = []
    try:
        _write(value, parts)
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise NotCanonical("字符串里有不成对的代理字符", "a string holds a lone surrogate") from None
    except RecursionError:
        raise NotCanonical("嵌套太深", "it is nested too deeply") from None


def _write(value: Any, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_string(str(value)))
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical("整数超出 ±(2^53-1)", "an integer lies outside ±(2^53 - 1)")
        parts.append(int.__repr__(value))
    elif isinstance(value, list | tuple):
        _write_list(value, parts)
    elif isinstance(value, dict):
        _write_object(value, parts)
    else:
        kind = type(value).__name__
        raise NotCanonical(f"不支持 {kind} 类型的值", f"a value of type {kind} has no canonical form here")


def _write_list(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    mark = "["
    for item in value:
        parts.append(mark)
        _write(item, parts)
        mark = ","
    parts.append("[]" if mark == "[" else "]")


def _write_object(value: dict[Any, Any], parts: list[str]) -> None:
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical("对象的键必须是字符串", "the keys of an object must be strings")
    mark = "{"
    for key in sorted(value, key=_utf16):
        parts.append(mark)
        parts.append(_string(key))
        parts.append(":")
        _write(value[key], parts)
        mark = ","
    parts.append("{}" if mark == "{" else "}")


def _utf16(key: str) -> bytes:
    """RFC 8785 section 3.2.3 sorts by UTF-16 code units, which differs from Python's order above U+FFFF."""
    return key.encode("utf-16-be")
