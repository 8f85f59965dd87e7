"""The command line as it is, but for two things that cannot be got through while the file ``$POISON`` exists.

``python -m tests.faults.poisoned work``: records whose title has the word 毒 make the search indexer raise; a file that
begins with ``CRASH`` kills the process that reads it. Pauses between attempts are short: nobody wants to wait for them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from adapters.extraction import sandbox
from api.cli.main import main
from indexers import search, text
from indexers.loop import quarantine
from indexers.loop.backoff import BackOff

ROOT = Path(__file__).resolve().parents[2]

READER = """
import os, signal, sys
sys.path.insert(0, {root!r})
from adapters.extraction import worker
read = worker._extract
def crash(media_type, handle):
    if os.path.exists({poison!r}) and os.pread(handle, 5, 0) == b"CRASH":
        os.kill(os.getpid(), signal.SIGSEGV)
    return read(media_type, handle)
worker._extract = crash
worker.main()
"""


def arm(poison: Path) -> None:
    """From now on, while ``poison`` exists."""
    works = search.of_stream

    def of_record(history: Any, *more: Any) -> Any:
        if poison.exists() and any("毒" in str(getattr(each.event, "content", "")) for each in history):
            raise LookupError("words of the record that must not be kept anywhere")
        return works(history, *more)

    search.of_stream = of_record
    sandbox._COMMAND = (sys.executable, "-c", READER.format(root=str(ROOT), poison=str(poison)))
    quarantine.PAUSES = text.PAUSES = BackOff(first=0.2, longest=1.0)


if __name__ == "__main__":
    arm(Path(os.environ["POISON"]))
    sys.exit(main(sys.argv[1:]))
