"""A witness that is killed at any moment under load and started again never signs two histories."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import urllib3
from urllib3.exceptions import HTTPError

from adapters.keys.signing import verifier_of
from adapters.witness.service import open_witness
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import open_note
from domain.ledger.witness import Submission, origin_hash, size_answered
from tests import forking
from tests.servers.processes import free_port
from tests.witness_world import ORIGIN, Log, make_witness

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).resolve().parents[2]
KILLS = 4
FORKS = 4


class Sender(threading.Thread):
    """Submits one history as fast as it can, and notes every cosignature that it was given."""

    def __init__(self, log: Log, url: str, key: object) -> None:
        super().__init__()
        self.log, self.url, self.key = log, url, key
        self.got: dict[int, bytes] = {}
        self.odd: list[str] = []
        self.over = threading.Event()
        self.random = random.Random(log.signer.name)

    def run(self) -> None:
        pool, old = urllib3.PoolManager(retries=False, timeout=5.0), 0
        while not self.over.is_set():
            size = min(299, old + self.random.randrange(0, 3))
            body = Submission(old, self.log.proof(old, size), self.log.note(size)).encode()
            try:
                answer = pool.request("POST", f"{self.url}/add-checkpoint", body=body)
            except HTTPError:
                time.sleep(0.01)  # it is dead just now
                continue
            if answer.status == 200:
                open_note(self.log.note(size).encode() + answer.data, [verifier_of(self.key)])  # type: ignore[arg-type]
                self.got[size], old = self.log.root(size), size
            elif answer.status == 409:
                old = size_answered(answer.data) or 0
            elif answer.status != 422:
                self.odd.append(f"{answer.status} {answer.data!r}")
        pool.clear()


def test_a_witness_that_is_killed(tmp_path: Path) -> None:
    """Of several histories of one log, all signed with its key, one alone is ever cosigned, across all crashes."""
    forks = [Log(branch=str(n), fork=0) for n in range(FORKS)]
    witness = make_witness(tmp_path / "w", forks[0])
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "api.cli", "witness", "serve", "--folder", str(tmp_path / "w")]
        process = forking.Popen(
            [*command, "--port", str(port), "--rate", "100000"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if urllib3.request("GET", f"{url}/healthz", retries=False).status == 200:
                    return process
            except HTTPError:
                time.sleep(0.05)
        raise AssertionError("the witness did not start")

    senders = [Sender(log, url, witness.signers[0].key) for log in forks]
    chance = random.Random(7)
    process = start()
    for sender in senders:
        sender.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 0.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = start()
        time.sleep(0.3)
    finally:
        for sender in senders:
            sender.over.set()
        for sender in senders:
            sender.join()
        process.kill()
        process.wait()
    assert [sender.odd for sender in senders] == [[]] * FORKS
    winners = [sender for sender in senders if any(size for size in sender.got)]
    assert len(winners) == 1  # all fork at the first leaf: whoever was first has it
    note = open_witness(tmp_path / "w").checkpoint(origin_hash(ORIGIN))
    assert note is not None
    kept = parse_checkpoint(note.rpartition("\n\n")[0] + "\n")
    assert kept.size >= max(winners[0].got) and kept.root == winners[0].log.root(kept.size)
