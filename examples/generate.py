"""Write the demonstration's evidence: record folders with real files, the directory, and the journal of the office.

`generate` makes the same bytes for the same seed. What it writes:

* ``directory.yaml`` — organisations, people with their posts over time, accounts with their roles
* ``records/YEAR/NAME/`` — a ``record.yaml`` and its attachments, as ``jianzheng ingest`` takes them
* ``corrections/NAME.yaml`` — what a record was corrected to
* ``journal.yaml`` — who did what when, in the order of time: file, sign off, return, correct, withdraw, progress, close

``python -m examples.generate FOLDER`` writes it to look at.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from examples import campaign_2018, campaign_2021, campaign_2022, campaign_2023, campaign_2024, people
from examples.attachments import FontMissing, font_file
from examples.office import Example, Office
from examples.routine import routine

SEED = 20240901


@dataclass(frozen=True)
class Written:
    """What came to be on disk. ``without_font``: files left out because there is no Chinese font here."""

    records: int
    files: int
    bytes: int
    without_font: int


def all_examples(seed: int = SEED) -> list[Example]:
    """Every record of the demonstration in the order in which it was filed, with its files not yet made."""
    office = Office(seed)
    routine(office)
    for campaign in (campaign_2018, campaign_2021, campaign_2022, campaign_2023, campaign_2024):
        campaign.fill(office)
    examples = sorted(office.examples, key=lambda e: (e.filed, e.name))
    for example in examples:
        _in_order(example)
    _resolve(examples)
    return examples


def codes_of(examples: list[Example]) -> dict[str, str]:
    """The archival code each example will be given, by its name: registers count in the order of filing."""
    registers: Counter[tuple[str, int]] = Counter()
    codes = {}
    for example in examples:
        key = (example.raw["organisation"], example.day.year)
        registers[key] += 1
        codes[example.name] = f"{key[0]}-{key[1]:04d}-{registers[key]:04d}"
    return codes


def _in_order(example: Example) -> None:
    """Nothing is done to a record before it is filed, and each act comes after the one before."""
    last = example.filed
    for number, act in enumerate(example.acts):
        last = max(act.at, last + timedelta(minutes=25))
        example.acts[number] = replace(act, at=last)


def _resolve(examples: list[Example]) -> None:
    """A record that names another by ``@NAME`` gets the other's archival code."""
    codes = codes_of(examples)
    for example in examples:
        said = example.raw.get("makes_up_for", "")
        if said.startswith("@"):
            example.raw["makes_up_for"] = codes[said[1:]]


def generate(folder: Path, seed: int = SEED, on_progress: Callable[[int, int], None] | None = None) -> Written:
    """Write everything below ``folder``, which is made; ``on_progress`` is told records done and all."""
    try:
        font_file()
        has_font = True
    except FontMissing:
        has_font = False
    examples = all_examples(seed)
    files = size = left_out = 0
    for number, example in enumerate(examples, 1):
        home = folder / "records" / example.name
        home.mkdir(parents=True, exist_ok=True)
        made = [f for f in example.files if has_font or not f.needs_font]
        left_out += len(example.files) - len(made)
        raw = dict(example.raw)
        if made:
            raw["files"] = {f.name: {"role": f.role} for f in made}
        _write_yaml(home / "record.yaml", raw)
        for file in made:
            data = file.make()
            (home / file.name).write_bytes(data)
            files, size = files + 1, size + len(data)
        if on_progress:
            on_progress(number, len(examples))
    _write_yaml(folder / "directory.yaml", directory())
    _write_yaml(folder / "journal.yaml", _journal(folder, examples))
    return Written(len(examples), files, size, left_out)


def directory() -> dict[str, Any]:
    accounts = [asdict(a) for a in people.ACCOUNTS]
    for account in accounts:
        del account["password"]  # credentials are no part of a directory
    return {
        "organisations": [asdict(o) for o in people.ORGANISATIONS],
        "people": [asdict(p) | {"posts": [asdict(post) for post in p.posts]} for p in people.PEOPLE],
        "accounts": accounts,
    }


def _journal(folder: Path, examples: list[Example]) -> list[dict[str, Any]]:
    lines: list[tuple[datetime, int, dict[str, Any]]] = []
    for example in examples:
        entry: dict[str, Any] = {"by": example.by, "act": "file", "record": example.name}
        lines.append((example.filed, 0, entry))
        for number, act in enumerate(example.acts, 1):
            entry = {"by": act.by, "act": act.act, "record": example.name, "text": act.text}
            if act.on is not None:
                entry["on"] = act.on
            if act.evidence:
                entry["evidence"] = [name.removeprefix("@") for name in act.evidence]
            if act.content is not None:
                entry["content"] = f"corrections/{example.name.replace('/', '-')}-{number}.yaml"
                _write_yaml(folder / entry["content"], act.content)
            lines.append((act.at, number, entry))
    lines.sort(key=lambda line: (line[0], line[1], line[2]["record"]))
    return [{"at": at.isoformat()} | entry for at, _, entry in lines]


_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):  # type: ignore[misc]  # either of two classes; only one is there everywhere
    """Long texts as blocks, nothing aliased: as a clerk would write it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, lambda dumper, items: dumper.represent_list(items))


def _write_yaml(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    path.write_text(written, "utf-8")


if __name__ == "__main__":
    print(generate(Path(sys.argv[1])))
