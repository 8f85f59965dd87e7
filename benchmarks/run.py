"""Measure: ``python -m benchmarks.run ROW… [--records N…] [--json] [--table]``.

A ROW is a number or a name of the rows below, or ``all``. Each compares two ways of doing the same work that take
turns in one run, so only the ratios mean something on another machine. ``--table`` writes ``docs/PERFORMANCE.md``.
Several rows are measured in a process each, as a command would be: threads that one row left behind slow no other.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks import machine, table
from benchmarks.measure import Result
from benchmarks.world import World

RECORDS = (10_000, 100_000)
MODULES = (
    "append",
    "batch",
    "checking",
    "fixity",
    "uploading",
    "indexing",
    "searching",
    "reporting",
    "starting",
)


class Row(Protocol):
    ROW: int
    NAME: str

    def run(self, world: World, records: int) -> Result: ...


def rows() -> list[Row]:
    return [cast("Row", importlib.import_module(f"benchmarks.{name}")) for name in MODULES]


def chosen(words: Iterable[str]) -> list[Row]:
    """The rows of these numbers or names, in the order of the table. Raises `SystemExit` for another word."""
    known = rows()
    asked = set(words)
    unknown = asked - {"all"} - {str(row.ROW) for row in known} - {row.NAME for row in known}
    if unknown:
        accepted = ", ".join(f"{row.ROW} ({row.NAME})" for row in known)
        raise SystemExit(f"There is no row {', '.join(sorted(unknown))}. There are: {accepted}, all.")
    return [row for row in known if asked & {"all", str(row.ROW), row.NAME}]


def measure(
    wanted: Iterable[Row], records: Iterable[int], parent: Path | None = None, rounds: int | None = None
) -> dict[str, Any]:
    """Everything as one JSON document. ``parent`` is the folder, on the disk to measure, that archives are made in."""
    results: list[dict[str, Any]] = []
    counts, wanted = list(records), list(wanted)
    with World(parent, rounds) as world:
        facts = machine.describe(world.folder)
        for count in counts:
            for row in wanted:
                say(f"row {row.ROW} {row.NAME}, {count} records …")
                result = row.run(world, count).as_json()
                results.append(result)
                for line in table.lines(result):
                    say(f"  {line}")
            world.forget()
    results.sort(key=lambda result: (result["row"], result["records"]))
    return {"machine": facts, "rows": results}


def apart(wanted: Iterable[Row], records: Iterable[int], args: argparse.Namespace) -> dict[str, Any]:
    """The same document, from a process for each row and number of records."""
    options = [f"--rounds={args.rounds}"] if args.rounds else []
    options += [f"--folder={args.folder}"] if args.folder else []
    found: list[dict[str, Any]] = []
    counts = list(records)
    for row in wanted:
        for count in counts:
            line = [sys.executable, "-m", "benchmarks.run", str(row.ROW), f"--records={count}", "--json", *options]
            found.append(json.loads(subprocess.run(line, stdout=subprocess.PIPE, check=True).stdout))
    return {"machine": found[0]["machine"], "rows": [row for each in found for row in each["rows"]]}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.partition("\n")[0])
    parser.add_argument("row", nargs="*", default=["all"], help="number or name of a row, or all")
    parser.add_argument("--records", type=int, action="append", help="10000 and 100000 where not given")
    parser.add_argument("--rounds", type=int, help="paired rounds, where not the usual number")
    parser.add_argument(
        "--folder", type=Path, help="where to make the archives (default: the system's temporary folder)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--table", action="store_true", help=f"write the figures into {table.PAGE}")
    args = parser.parse_args(arguments)
    rows, counts = chosen(args.row), args.records or RECORDS
    alone = len(rows) == 1 and len(counts) == 1
    measured = measure(rows, counts, args.folder, args.rounds) if alone else apart(rows, counts, args)
    if args.json:
        json.dump(measured, sys.stdout, ensure_ascii=False, indent=1)
        print()
    if args.table:
        table.write(measured)
    elif not args.json:
        print(table.render(measured))


if __name__ == "__main__":
    main()
