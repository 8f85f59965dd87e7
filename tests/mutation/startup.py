"""What every Python process in a copy of the tree does first: while lines are recorded, it records its own.

A workshop copies this module into its environment, so it imports nothing of the tree. Commands that a test starts learn
from the file ``context`` beside it whose lines theirs are, whatever environment and working folder they were given.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TASK, CONTEXT = HERE / "task.json", HERE / "context"


def begin() -> None:
    """Record the lines of this process, if that is the task. What runs isolated takes nothing from outside."""
    task = json.loads(TASK.read_bytes()) if TASK.exists() else {}
    if "lines" in task and not sys.flags.isolated:
        # A crew of workers is killed when it is not needed any more, and its lines with it: alone, all is done here.
        os.cpu_count = lambda: 1
        _measure(task)
        os.register_at_fork(after_in_child=lambda: _measure(task))


def _measure(task: dict[str, Any]) -> None:
    from coverage import Coverage

    if former := Coverage.current():  # the parent's: what it has seen is the parent's to write
        former._auto_save = False
        former.stop()
    mine = Coverage(
        data_file=task["lines"], data_suffix=True, config_file=False, include=[f"{top}/*" for top in task["within"]],
        context=CONTEXT.read_text("utf-8") or None,
    )  # fmt: skip
    mine.set_option("run:core", "ctrace")
    mine.set_option("run:sigterm", True)
    mine.set_option("run:patch", ["_exit"])
    mine.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "module-not-imported"])
    mine.start()
    atexit.register(mine.save)
