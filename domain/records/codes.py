"""Archival codes 档号, such as ``school-01-2023-0042``: organisation, year, number in that year's register.

A register is a stream of its own, one for each organisation and year. The nth entry of the stream has the number
n, so the store's rule that a stream has each version once gives codes without gaps and without clashes, also
between processes; entry and record are stored in one transaction.
"""

from __future__ import annotations

import re
from functools import lru_cache
from uuid import UUID

from domain.errors import InputError
from domain.event import Event, Stamp, event, stream_id
from domain.organisations.codes import ORGANISATION_CODE

_CODE = re.compile(rf"({ORGANISATION_CODE.pattern})-(\d{{4}})-(\d{{4,9}})")


@event("jianzheng:register.entered")
class Entered(Event):
    """Entry ``originator_version`` of the register of ``organisation`` for ``year`` is this record."""

    organisation: str
    year: int
    record: str


class RegisterFull(InputError):
    code = "register_full"
    zh = "{organisation} {year} 年的登记簿已经满了。"
    en = "The register of {organisation} for {year} is full."


def register_id(organisation: str, year: int) -> UUID:
    """The id of the register's stream; the same in every archive."""
    return stream_id("register", f"{organisation}/{year}")


def enter(organisation: str, year: int, record: UUID, last: int, stamp: Stamp) -> tuple[str, Entered]:
    """The next code of the register and the event that takes it, where ``last`` numbers are given out."""
    number = last + 1
    if number > 999_999_999:
        raise RegisterFull(organisation=organisation, year=year)
    header = stamp.header(register_id(organisation, year), number)
    return code(organisation, year, number), Entered(organisation=organisation, year=year, record=str(record), **header)


def code(organisation: str, year: int, number: int) -> str:
    """The archival code; year and number have at least four digits."""
    return f"{organisation}-{year:04d}-{number:04d}"


def parse(text: str) -> tuple[str, int, int] | None:
    """``(organisation, year, number)`` of an archival code, None where it is none; ``code`` is its inverse."""
    match = _CODE.fullmatch(text)
    if match is None or code(match[1], int(match[2]), int(match[3])) != text or int(match[3]) == 0:
        return None
    return match[1], int(match[2]), int(match[3])


def is_code_of(text: str, organisation: str, year: int) -> bool:
    """Whether `parse` finds this organisation and year in the code, in less time: `verify` asks for each record."""
    head, _, number = text.rpartition("-")
    return (
        head == f"{organisation}-{year:04d}"
        and year in _YEARS
        and len(number) in _DIGITS
        and number.isascii()
        and number.isdecimal()
        and (number[0] != "0" or len(number) == _DIGITS.start)
        and int(number) > 0
        and _is_organisation(organisation)
    )


_YEARS, _DIGITS = range(10_000), range(4, 10)


@lru_cache(maxsize=4096)
def _is_organisation(code: str) -> bool:
    return ORGANISATION_CODE.fullmatch(code) is not None
