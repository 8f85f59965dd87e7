"""The servers of the project's docker-compose.yml, each in a project of its own on a port that the engine chooses."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.servers import local
from tests.servers.cache import Unavailable
from tests.servers.processes import Process, ServerFailed

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
PORTS = {"postgres": 5432, "s3": 9000, "elasticsearch": 9200}
IMAGES = {"postgres": "postgres", "s3": "minio", "elasticsearch": "elasticsearch"}  # how the image's last part begins
USERS = {"postgres": ("POSTGRES_USER", "postgres"), "s3": ("MINIO_ROOT_USER", "minioadmin"),
         "elasticsearch": ("", "elastic")}  # fmt: skip
SECRETS = {"postgres": "POSTGRES_PASSWORD", "s3": "MINIO_ROOT_PASSWORD", "elasticsearch": "ELASTIC_PASSWORD"}


@cache
def engine() -> None:
    """`Unavailable` unless there is a file to start and an engine that answers."""
    if not FILE.exists():
        raise Unavailable("there is no docker-compose.yml")
    if not shutil.which("docker"):
        raise Unavailable("there is no docker command")
    if _docker("version").returncode or _docker("compose", "version").returncode:
        raise Unavailable("no container engine answers")


def start(kind: str, folder: Path, log: Path, owner: int | None) -> str:
    """Start the kind's service and return its address."""
    engine()
    config = json.loads(_checked("compose", "-f", str(FILE), "config", "--format", "json"))
    service = service_of(kind, config)
    own = folder / f"compose-{kind}"
    own.mkdir()
    override = own / "ports.yml"
    override.write_text(f"services: {{{service}: {{ports: !override ['127.0.0.1::{PORTS[kind]}']}}}}\n", "utf-8")
    command = ["docker", *_project(own), "-f", str(FILE), "-f", str(override)]
    user, secret = credentials(kind, service, config)

    def address() -> str:
        said = _docker(*command[1:], "port", service, str(PORTS[kind])).stdout.strip()
        return local.url_of(kind, user, secret, said.splitlines()[-1]) if said else ""

    process = Process(
        f"docker compose ({service})", own, log, [*command, "up", "--no-log-prefix", service],
        owner=owner, as_ourselves=True, last=["docker", *_project(own), "down", "--volumes"],
    )  # fmt: skip
    process.start(lambda: bool(url := address()) and local.answers(kind, url))
    return address()


def release(folder: Path) -> None:
    """Remove containers and volumes of a run."""
    for own in folder.glob("compose-*"):
        _docker(*_project(own), "down", "--volumes")


def service_of(kind: str, config: Mapping[str, Any]) -> str:
    """The service whose image is the kind's."""
    for name, service in config["services"].items():
        if str(service.get("image", "")).partition("@")[0].rpartition("/")[2].startswith(IMAGES[kind]):
            return str(name)
    raise Unavailable(f"docker-compose.yml has no service for {kind}")


def credentials(kind: str, service: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """User and secret, from the service's environment or from the files of its secrets."""
    environment = config["services"][service].get("environment") or {}

    def value(name: str, default: str) -> str:
        if given := environment.get(name):
            return str(given)
        if file := environment.get(f"{name}_FILE"):
            secret = config.get("secrets", {}).get(str(file).rpartition("/")[2], {})
            try:
                return Path(secret["file"]).read_text("utf-8").strip()
            except (KeyError, OSError) as error:
                raise Unavailable(f"the secret for {name} has no readable file") from error
        return default

    user_name, default_user = USERS[kind]
    return quote(value(user_name, default_user), safe=""), quote(value(SECRETS[kind], ""), safe="")


def _project(own: Path) -> Sequence[str]:
    return ("compose", "-p", f"{own.parent.name}-{own.name}".lower())


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _checked(*arguments: str) -> str:
    done = _docker(*arguments)
    if done.returncode:
        raise ServerFailed(f"docker {arguments[0]} failed: {done.stderr[-500:]}")
    return done.stdout
