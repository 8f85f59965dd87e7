"""A process dies while the search engine merges its segments: what the next one replaces is there once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from adapters.search.embedded import SEGMENTS, EmbeddedSearch
from adapters.search.schema import FORMAT
from domain.ports.search import Scope, SearchRequest
from tests import forking
from tests.contract.search_corpus import document

ENOUGH = 8
"""Segments from which on the engine merges them."""

WRITE_AND_DIE = """
import os, sys
from pathlib import Path
from adapters.search.embedded import EmbeddedSearch
from tests.contract.search_corpus import document
number = int(sys.argv[2])
documents = [document(f"{name}{number}", "第一稿") for name in "rs"]
EmbeddedSearch(Path(sys.argv[1])).write(documents, (), number)
os._exit(0)
"""


def left_by_the_killed(folder: Path) -> str:
    """Fills an index commit by commit, each by a process that dies at once, until a merge was begun and not ended.

    Gives a record of the last commit but one: its segment is the one that the last commit changed.
    """
    for number in range(1, 100):
        forking.run([sys.executable, "-c", WRITE_AND_DIE, str(folder), str(number)], check=True)
        segments = json.loads((folder / FORMAT / SEGMENTS).read_bytes())["segments"]
        if len(segments) >= ENOUGH:
            return f"r{number - 1}"
    pytest.fail("no merge was ever cut off")


@pytest.mark.slow
def test_what_is_replaced_after_a_merge_was_cut_off_is_there_once(tmp_path: Path) -> None:
    """The first thing that a new writer deletes is gone, also where that writer merges what was left."""
    record = left_by_the_killed(tmp_path)
    engine = EmbeddedSearch(tmp_path)
    engine.write([document(record, "第二稿")], (), 200)
    engine.close()  # when merges have ended
    engine = EmbeddedSearch(tmp_path)
    held = engine.documents(record)
    found = engine.search(SearchRequest(query="稿", scope=Scope(everything=True), limit=200))
    engine.close()
    assert len(held) == 1
    assert [hit.record for hit in found.hits].count(record) == 1
    assert engine.position() == 200
