"""Run as a process of its own by `test_erasure_kill`: takes away what was erased, and kills itself at a step of it.

Arguments: the archive's folder, and the step.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from adapters.home.house import open_archive
from adapters.home.settings import read
from indexers.pipeline import erasures


def main(home: Path, point: str) -> None:
    def fault(step: str) -> None:
        if step == point:
            os.kill(os.getpid(), signal.SIGKILL)

    erasures(open_archive(read({"JIANZHENG_HOME": str(home)})), lambda: 0.0, lambda: 0.0, fault).run_once()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
