"""``jianzheng`` as a shell calls it, by way of a fork server: ``python -IS shim.py SOCKET ARGUMENT…``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.forking import wire

    line = [sys.executable, "-m", "api.cli", *sys.argv[2:]]
    wanted = {"line": line, "folder": os.getcwd(), "environment": dict(os.environ), "session": False, "group": -1}  # noqa: PTH109
    with wire.ask(sys.argv[1], [0, 1, 2], wanted) as channel:
        wire.told(channel)
        code = os.waitstatus_to_exitcode(wire.told(channel))
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)
