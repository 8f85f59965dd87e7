"""docker-compose.yml and the Dockerfile as tests read them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.cache import compose_reader

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yml"
ANSWERS = {"ARCHIVE_NAME": "某区教育局", "ARCHIVE_ORIGIN": "archive.example/2024"}
PROGRAM = ("web", "worker", "schema", "init")
STAYING = ("web", "worker")
SERVERS = {"postgres": "postgres", "s3": "minio", "elasticsearch": "elasticsearch"}  # by kind, their services


def read(*files: Path, **answers: str) -> subprocess.CompletedProcess[str]:
    """The reader's word on the files, with these answers in the place of `.env`. `Unavailable` without the reader."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARCHIVE_", "COMPOSE_"))}
    return subprocess.run(
        [compose_reader(), *files], env={**kept, **answers}, capture_output=True, text=True, check=False
    )


@cache
def project() -> dict[str, Any]:
    """What container engines understand of docker-compose.yml."""
    done = read(FILE, **ANSWERS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def schema() -> Any:
    """The JSON schema of the Compose specification."""
    return json.loads(subprocess.run([compose_reader(), "schema"], capture_output=True, text=True, check=True).stdout)


class Instruction(NamedTuple):
    """One of the Dockerfile: ``COPY``, and what follows it; continued lines are joined."""

    word: str
    rest: str

    @property
    def list(self) -> list[str]:
        """A JSON array, or words."""
        found: list[str] = json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)
        return found


def stages() -> dict[str, list[Instruction]]:
    """The stages of the Dockerfile by name, in order; each begins with its ``FROM``."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    found: dict[str, list[Instruction]] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            if word == "FROM":
                found[rest.split(" AS ")[1]] = []
            list(found.values())[-1].append(Instruction(word, rest.strip()))
    return found


def copied(stage: list[Instruction]) -> list[str]:
    """What a stage takes from the project."""
    return [
        source
        for each in stage
        if each.word == "COPY" and not each.rest.startswith("--from=")
        for source in each.list[:-1]
    ]
