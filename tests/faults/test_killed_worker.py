"""A worker that is killed in the middle of a file: another one takes the file up soon, and nothing is done twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forking
from tests.cli_world import BACK_ENDS, Shell, make_office, servers
from tests.faults.test_poison import filed, found, status, until

pytestmark = pytest.mark.slow

# Its lease lasts a day: only that its owner is gone can set the file free.
SLOW = """
import sys, time
import adapters.queue.text_queue
adapters.queue.text_queue.LEASE = 86_400
from adapters.extraction.sandbox import SandboxedExtractor
from api.cli.main import main
read = SandboxedExtractor.extract
def extract(self, blob, media_type):
    sys.stderr.write("reading\\n")
    sys.stderr.flush()
    time.sleep(3600)
SandboxedExtractor.extract = extract
sys.exit(main(["work"]))
"""


@pytest.fixture(params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    with servers(request.param, request) as settings:
        yield make_office(tmp_path, settings)


def test_the_file_of_a_killed_worker_is_taken_over_at_once(shell: Shell) -> None:
    """Given a worker killed over a file, when another one starts on the machine, it does not wait for the lease."""
    filed(shell, "读到一半", "杀不掉的正文")
    with forking.Popen(
        [sys.executable, "-c", SLOW], cwd=shell.folder, env=shell.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as doomed:  # fmt: skip
        assert doomed.stderr is not None
        while "reading" not in doomed.stderr.readline():
            assert doomed.poll() is None
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(30)
        doomed.stderr.close()
    assert status(shell)["text"]["waiting"] == 1
    with forking.Popen(
        [sys.executable, "-m", "api.cli", "work"], cwd=shell.folder, env=shell.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as other:  # fmt: skip
        try:
            until(lambda: found(shell, "杀不掉的正文"), "its text is found")
            took_over = status(shell)
        finally:
            other.terminate()
            assert other.wait(60) == 0
    assert (took_over["text"]["waiting"], took_over["aside"], took_over["failing"]) == (0, [], [])
