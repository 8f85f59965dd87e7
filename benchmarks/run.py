"""Measure: ``python -m benchmarks.run ROW… [--servers] [--records N…] [--json] [--table]``.

A ROW is a number or a name of the rows below, or ``all``. Each compares two ways of doing the same work that take
turns in one run, so only the ratios mean something on another machine. ``--table`` writes ``docs/PERFORMANCE.md``.
Several rows are measured in a process each, as a command would be: threads that one row left behind slow no other.

With ``--servers`` the archives lie on PostgreSQL, MinIO and Elasticsearch. The growth of an archive to a million events
and the check of as large a one are no part of ``all``: ``python -m benchmarks.run growth``, ``verify-scale``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, cast

from benchmarks import machine, table
from benchmarks.measure import Result
from benchmarks.world import World, forget_shared

RECORDS = (10_000, 100_000)
MODULES = (
    "append",
    "batch",
    "integrating",
    "receipting",
    "checking",
    "fixity",
    "uploading",
    "indexing",
    "searching",
    "reporting",
    "starting",
    "growth",
    "scale",
    "recorder",
)
ON_SERVERS = (
    "append",
    "batch",
    "integrating",
    "receipting",
    "checking",
    "fixity",
    "uploading",
    "indexing_elastic",
    "searching_elastic",
    "million",
    "reporting",
    "growth",
    "scale",
    "recorder",
)
BY_NAME = {
    "growth": (table.OF_GROWTH, table.GROWTH_ON_SERVERS),
    "verify-scale": (table.OF_SCALE, table.SCALE_ON_SERVERS),
}
"""No part of ``all``; each has a place of its own on the page, embedded and on servers."""


class Row(Protocol):
    ROW: int
    NAME: str

    def run(self, world: World, records: int) -> Result: ...


def rows(on_servers: bool = False) -> list[Row]:
    names = ON_SERVERS if on_servers else MODULES
    return [cast("Row", importlib.import_module(f"benchmarks.{name}")) for name in names]


def chosen(words: Iterable[str], on_servers: bool = False) -> list[Row]:
    """The rows of these numbers or names, in the order of the table. Raises `SystemExit` for another word."""
    known = rows(on_servers)
    asked = set(words)
    unknown = asked - {"all"} - {str(row.ROW) for row in known} - {row.NAME for row in known}
    if unknown:
        accepted = ", ".join(f"{row.ROW} ({row.NAME})" for row in known)
        raise SystemExit(f"There is no row {', '.join(sorted(unknown))}. There are: {accepted}, all.")
    everything = [row for row in known if row.NAME not in BY_NAME] if "all" in asked else []
    return [row for row in known if row in everything or asked & {str(row.ROW), row.NAME}]


def measure(wanted: Iterable[Row], records: Iterable[int], world: World) -> dict[str, Any]:
    """Everything as one JSON document."""
    results: list[dict[str, Any]] = []
    counts, wanted = list(records), list(wanted)
    facts = machine.describe(world.folder)
    if world.servers is not None:
        facts["servers"] = world.servers.versions()
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


def apart(wanted: Iterable[Row], args: argparse.Namespace, shared: Path | None) -> dict[str, Any]:
    """The same document, from a process for each row and number of records."""
    options = ["--servers", f"--shared={shared}"] if shared else []
    options += [f"--rounds={args.rounds}"] if args.rounds else []
    options += [f"--folder={args.folder}"] if args.folder else []
    documents: list[dict[str, Any]] = []
    for row in wanted:
        for count in counts(row, args):
            line = [sys.executable, "-m", "benchmarks.run", row.NAME, f"--records={count}", "--json", *options]
            documents.append(json.loads(subprocess.run(line, stdout=subprocess.PIPE, check=True).stdout))
    return {"machine": documents[0]["machine"], "rows": [row for each in documents for row in each["rows"]]}


def counts(row: Row, args: argparse.Namespace) -> tuple[int, ...]:
    """How many records to measure a row with, where nobody said."""
    return tuple(args.records or getattr(row, "RECORDS", RECORDS))


def on_servers(wanted: list[Row], args: argparse.Namespace) -> dict[str, Any]:
    """On servers that are there for all processes; archives that they fill for each other are removed in the end."""
    from benchmarks.servers import servers

    with servers() as running:
        if args.shared or _alone(wanted, args):
            return _here(wanted, args, World(args.folder, args.rounds, running, args.shared))
        with TemporaryDirectory(prefix="jianzheng-bench-", dir=args.folder) as folder:
            try:
                return apart(wanted, args, Path(folder))
            finally:
                forget_shared(Path(folder), running)


def embedded(wanted: list[Row], args: argparse.Namespace) -> dict[str, Any]:
    if _alone(wanted, args):
        return _here(wanted, args, World(args.folder, args.rounds))
    return apart(wanted, args, None)


def _here(wanted: list[Row], args: argparse.Namespace, world: World) -> dict[str, Any]:
    with world:
        return measure(wanted, counts(wanted[0], args), world)


def _alone(wanted: list[Row], args: argparse.Namespace) -> bool:
    return len(wanted) == 1 and len(counts(wanted[0], args)) == 1


def marks(wanted: list[Row], args: argparse.Namespace) -> tuple[str, str]:
    """Where on the page the figures go."""
    names = {row.NAME for row in wanted}
    if len(names) == 1 and (name := names.pop()) in BY_NAME:
        return BY_NAME[name][args.servers]
    return table.ON_SERVERS if args.servers else (table.BEGIN, table.END)


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
    parser.add_argument("--servers", action="store_true", help="on PostgreSQL, MinIO and Elasticsearch")
    parser.add_argument("--shared", type=Path, help=argparse.SUPPRESS)  # filled archives, between our own processes
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--table", action="store_true", help=f"write the figures into {table.PAGE}")
    args = parser.parse_args(arguments)
    wanted = chosen(args.row, args.servers)
    measured = on_servers(wanted, args) if args.servers else embedded(wanted, args)
    if args.json:
        json.dump(measured, sys.stdout, ensure_ascii=False, indent=1)
        print()
    if args.table:
        table.write(measured, marks=marks(wanted, args))
    elif not args.json:
        print(table.render(measured))


if __name__ == "__main__":
    main()
