"""Somebody else's log, unmodified: Tessera's ``posix-oneshot`` has its checkpoints cosigned by our witness."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.keys.signing import create_key, verifier_of
from adapters.witness.service import Witness, create_witness
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import open_note
from domain.ledger.witness import origin_hash
from tests.interop.programs import posix_oneshot
from tests.witness_world import served

ORIGIN = "tessera.example/log"


@pytest.fixture(scope="module")
def program() -> Path:
    """The program, built once from its pinned source."""
    return posix_oneshot()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return create_witness(tmp_path / "w", "witness.example/w1")


@pytest.fixture
def url(witness: Witness) -> Iterator[str]:
    with served(witness, "/w1") as address:
        yield address


def oneshot(program: Path, folder: Path, policy: str, entries: range) -> subprocess.CompletedProcess[str]:
    (folder / "policy").write_text(policy, "utf-8")
    for each in (folder / "entries").glob("*"):
        each.unlink()
    (folder / "entries").mkdir(exist_ok=True)
    for n in entries:
        (folder / "entries" / str(n)).write_text(f"entry {n}", "utf-8")
    return subprocess.run(
        [program, f"--storage_dir={folder / 'log'}", f"--entries={folder / 'entries' / '*'}",
         f"--private_key={folder / 'key'}", f"--witness_policy_file={folder / 'policy'}", "--witness_timeout=10s"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_an_unmodified_log_gets_its_checkpoints_cosigned(
    program: Path, witness: Witness, url: str, tmp_path: Path
) -> None:
    """Its first checkpoints and those after it grew, over several runs, which remember nothing of our sizes; a log that
    the witness does not know publishes none."""
    signer = create_key(tmp_path / "key", ORIGIN)
    (tmp_path / "key").write_text((tmp_path / "key").read_text().strip())
    policy = f"log {signer.vkey()}\nwitness w {witness.signers[0].vkey()} {url}\nquorum w\n"
    refused = subprocess.Popen(
        [program, f"--storage_dir={tmp_path / 'other'}", f"--entries={tmp_path / 'key'}",
         f"--private_key={tmp_path / 'key'}", f"--witness_policy_file={_written(tmp_path / 'p', policy)}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert refused.stderr is not None
    try:
        assert any("404" in line or "witness" in line.lower() for line in refused.stderr)
        assert not (tmp_path / "other" / "checkpoint").exists()
    finally:
        refused.kill()
        refused.communicate()
    witness.state.add_log(signer.key, 0.0)
    total = 0
    for entries in (range(1), range(1, 6), range(6, 300), range(300, 310)):
        done = oneshot(program, tmp_path, policy, entries)
        assert done.returncode == 0, done.stderr
        total += len(entries)
        note = (tmp_path / "log" / "checkpoint").read_bytes()
        opened = open_note(note, [verifier_of(signer.key), verifier_of(witness.signers[0].key)])
        assert len(opened.signatures) == 2
        assert parse_checkpoint(opened.text).size == total
        kept = witness.checkpoint(origin_hash(ORIGIN))
        assert kept is not None and kept.startswith(opened.text)
    assert witness.state.suspicious(ORIGIN) == []


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
