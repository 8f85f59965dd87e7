"""``python -m tests.servers up|down|env|fetch [--only postgres,s3,elasticsearch] [--name N]``: servers to work with.

`up` finds or starts them and leaves them running, `env` prints the settings with which Jianzheng and the tests use them
(and does what `up` does first), `down` ends them and removes their data. `fetch` downloads and builds what they are
made of, and the other programs that tests ask, so that no test has to wait for it; it ends with 1 where something is
missing, and says what.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from filelock import FileLock

from tests.interop import programs
from tests.servers import cache, find, own
from tests.servers.addresses import SETTINGS, place, without_secret
from tests.servers.local import KINDS, answers
from tests.servers.runs import Outcome, Run

NAME = "jianzheng"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description="Real servers to work with.")
    parser.add_argument("command", choices=("up", "down", "env", "fetch"))
    parser.add_argument("--name", default=NAME, help="of the database, the bucket and the index prefix (%(default)s)")
    parser.add_argument("--only", default=",".join(KINDS), help="some of: %(default)s")
    given = parser.parse_args(arguments)
    kinds = [kind for kind in KINDS if kind in given.only.split(",")]
    if set(given.only.split(",")) - set(KINDS):
        parser.error(f"--only knows {', '.join(KINDS)}")
    if given.command == "fetch":
        missing = fetch(kinds)
        print("".join(f"{name}: {reason}\n" for name, reason in missing.items()), end="", file=sys.stderr)
        return 1 if missing else 0
    with _alone():
        if given.command == "down":
            down()
            return 0
        found = up(kinds, given.name)
    for kind, outcome in found.items():
        said = f"{without_secret(outcome.url)} ({outcome.source})" if outcome.url else outcome.unavailable
        print(f"{kind}: {said}", file=sys.stderr)
    if given.command == "env":
        for line in exports(found, given.name):
            print(line)
    return 0 if all(outcome.url for outcome in found.values()) else 1


def fetch(kinds: list[str]) -> dict[str, str]:
    """Get what there is to get; what is missing, with the reason. What Go builds is built one after the other, for each
    build takes all processors; what is fetched from elsewhere comes meanwhile.
    """
    gets = {kind: partial(find.fetch, kind) for kind in kinds}
    gets |= {"compose-reader": cache.compose_reader, "other programs": programs.fetch}
    missing: dict[str, str] = {}

    def get(names: Iterable[str]) -> None:
        for name in names:
            try:
                gets[name]()
            except cache.Unavailable as error:
                missing[name] = str(error)

    with ThreadPoolExecutor(2) as pool:
        elsewhere = {"elasticsearch"} & gets.keys()
        for done in [pool.submit(get, elsewhere), pool.submit(get, [name for name in gets if name not in elsewhere])]:
            done.result()
    return missing


def up(kinds: list[str], name: str = NAME) -> dict[str, Outcome]:
    """The servers that stay; those that run already are taken as they are."""
    run = current()
    if run is not None and not all(healthy(kind, outcome) for kind, outcome in run.found().items()):
        print("The servers of the last time do not answer any more; starting new ones.", file=sys.stderr)
        down()
        run = None
    if run is None:
        run = Run.begin(None)
        _state().write_text(json.dumps(str(run.folder)), "utf-8")
    with ThreadPoolExecutor(len(KINDS)) as pool:
        found = dict(zip(kinds, pool.map(run.get, kinds), strict=True))
    if url := found.get("postgres", Outcome()).url:
        own.make_database(url, name)
    if url := found.get("s3", Outcome()).url:
        own.make_bucket(url, name, lock=True)
    return found


def down() -> None:
    run = current()
    if run is not None:
        run.close()
    _state().unlink(missing_ok=True)


def healthy(kind: str, outcome: Outcome) -> bool:
    return bool(outcome.url) and answers(kind, outcome.url)


def exports(found: dict[str, Outcome], name: str = NAME) -> list[str]:
    """Lines for a shell: where the tests and the program find the servers."""
    lines = []
    for kind, outcome in found.items():
        if outcome.url:
            options = {"lock": "governance", "days": "1"} if kind == "s3" else {}
            lines.append(f"export {find.GIVEN[kind]}={shlex.quote(outcome.url)}")
            lines.append(f"export {SETTINGS[kind]}={shlex.quote(place(outcome.url, name, **options))}")
    return lines


def current() -> Run | None:
    """The run that `up` left, if there is one."""
    try:
        return Run.join(Path(json.loads(_state().read_text("utf-8"))))
    except (FileNotFoundError, ValueError):
        return None


def _state() -> Path:
    return cache.folder() / "up.json"


def _alone() -> FileLock:
    cache.folder().mkdir(parents=True, exist_ok=True)
    return FileLock(cache.folder() / "up.lock")


if __name__ == "__main__":
    sys.exit(main())
