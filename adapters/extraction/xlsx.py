"""XLSX by openpyxl, reading only: each sheet is a page, a row a line, cells parted by tabs, values as last computed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.extraction.outcome import MAX_PAGES, Budget, Refused, extracted
from adapters.extraction.package import Package
from domain.ports.texts import ExtractedText

MAX_ROWS = 2_000_000
"""Rows over all sheets, empty ones too: a file of one cell can claim that it lies in row 1,048,576 of each sheet."""


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    package = Package(stream)
    if not package.matching(r"xl/workbook\d*\.xml"):
        raise Refused("damaged", "there is no workbook in the package")
    stream.seek(0)
    try:
        workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise Refused("damaged", "the workbook cannot be read") from error
    if len(workbook.sheetnames) > MAX_PAGES:
        raise Refused("too_large", "more sheets than one file may hold")
    budget, rows = Budget(), Budget(MAX_ROWS)
    pages = []
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # what the file claims of its own size is not to be believed
        lines = [line for line in _lines(sheet.iter_rows(values_only=True), budget, rows) if line]
        pages.append("\n".join([sheet.title, *lines]) if lines else "")
    return extracted(pages, paged=True)


def _lines(rows: Iterator[tuple[object, ...]], budget: Budget, row_budget: Budget) -> Iterator[str]:
    for row in rows:
        row_budget.spend(1)
        line = "\t".join(_shown(value) for value in row).rstrip("\t")
        budget.spend(len(line))
        yield line


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "minutes")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
