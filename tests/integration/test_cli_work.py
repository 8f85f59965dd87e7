"""``work``: what people see of background work that is done by itself, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import forking
from tests.cli_world import make_office

INTERRUPTED_ELSEWHERE = """
import signal, sys, threading, time
from api.cli.main import main
from indexers.pipeline import Pipeline
start = Pipeline.start
def interrupt():
    time.sleep(1)  # the first thread waits by now
    signal.pthread_kill(threading.get_ident(), signal.Signals[sys.argv[1]])
def start_and_interrupt(self):
    start(self)
    threading.Thread(target=interrupt, daemon=True).start()
Pipeline.start = start_and_interrupt
sys.exit(main(["work"]))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_ends_whichever_thread_the_system_interrupts(name: str, tmp_path: Path) -> None:
    """The signal goes to a thread that is not the first; the work ends at once all the same, and as it should."""
    shell = make_office(tmp_path, {})
    ran = forking.run(
        [sys.executable, "-c", INTERRUPTED_ELSEWHERE, name], cwd=shell.folder, env=shell.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "后台处理已启动" in ran.stdout
