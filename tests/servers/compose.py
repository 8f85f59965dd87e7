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
from tests.servers.cache import PASSWORD, Unavailable
from tests.servers.processes import Process, ServerFailed

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
PORTS = {"postgres": 5432, "s3": 9000, "elasticsearch": 9200}
IMAGES = {"postgres": "postgres", "s3": "minio", "elasticsearch": "elasticsearch"}  # how the image's last part begins
USERS = {"postgres": ("POSTGRES_USER", "postgres"), "s3": ("MINIO_ROOT_USER", "minioadmin"),
         "elasticsearch": ("", "elastic")}  # fmt: skip
SECRETS = {"postgres": "POSTGRES_PASSWORD", "s3": "MINIO_ROOT_PASSWORD", "elasticsearch": "ELASTIC_PASSWORD"}


# What the file asks the person for; here it is only asked to start servers, to which this means nothing.
ANSWERS = "ARCHIVE_NAME=test\nARCHIVE_ORIGIN=test.example/1\n"
OVERRIDE = """\
services:
  {service}:
    ports: !override ["127.0.0.1::{port}"]
    networks: !override [tests]
    restart: "no"
networks:
  tests: {{}}
"""


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
    """Start the kind's service, as the file describes it, and return its address.

    Only three things are not the file's: a port of this machine, a network that lets it through, and the secrets, for
    which there are files of ours. Its project is its own too, so nothing here meets an archive that is in use.
    """
    engine()
    own = folder / f"compose-{kind}"
    own.mkdir()
    (own / "answers.env").write_text(ANSWERS, "utf-8")
    config = json.loads(_checked(*_compose(own), "config", "--format", "json"))
    service = service_of(kind, config)
    override(own, service, kind, config)
    config = json.loads(_checked(*_compose(own), "config", "--format", "json"))
    user, secret = credentials(kind, service, config)
    if config["services"][service].get("build"):
        _checked(*_compose(own), "build", service)  # takes minutes: more than a server may take to answer

    def address() -> str:
        said = _docker(*_compose(own), "port", service, str(PORTS[kind])).stdout.strip()
        return local.url_of(kind, user, secret, said.splitlines()[-1]) if said else ""

    process = Process(
        f"docker compose ({service})", own, log, ["docker", *_compose(own), "up", "--no-log-prefix", service],
        owner=owner, as_ourselves=True, last=["docker", *_compose(own), "down", "--volumes"],
    )  # fmt: skip
    process.start(lambda: bool(url := address()) and local.answers(kind, url))
    return address()


def override(own: Path, service: str, kind: str, config: Mapping[str, Any]) -> None:
    """What is different for tests, as a second file beside the project's."""
    text = OVERRIDE.format(service=service, port=PORTS[kind])
    names = [each["source"] for each in config["services"][service].get("secrets", [])]
    if names:
        secret = own / "secret"
        secret.write_text(PASSWORD, "utf-8")
        secret.chmod(0o444)  # the server is another user; its folder is as good as nobody else's
        text += "secrets:\n" + "".join(f"  {name}: {{file: {json.dumps(str(secret))}}}\n" for name in names)
    (own / "override.yml").write_text(text, "utf-8")


def release(folder: Path) -> None:
    """Remove containers and volumes of a run."""
    for own in folder.glob("compose-*"):
        _docker(*_compose(own), "down", "--volumes")


def service_of(kind: str, config: Mapping[str, Any]) -> str:
    """The service whose image is the kind's."""
    for name, service in config["services"].items():
        if str(service.get("image", "")).partition("@")[0].rpartition("/")[2].startswith(IMAGES[kind]):
            return str(name)
    raise Unavailable(f"docker-compose.yml has no service for {kind}")


def credentials(kind: str, service: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """User and secret, from the service's environment or from the files of its secrets.

    Where a service gives its secret to the server itself, it is the only one that it has.
    """
    environment = config["services"][service].get("environment") or {}

    mounted = [each["source"] for each in config["services"][service].get("secrets", [])]

    def value(name: str, default: str) -> str:
        if given := environment.get(name):
            return str(given)
        if file := environment.get(f"{name}_FILE"):
            return _read(name, config.get("secrets", {}).get(str(file).rpartition("/")[2], {}))
        if name == SECRETS[kind] and len(mounted) == 1:
            return _read(name, config["secrets"].get(mounted[0], {}))
        return default

    user_name, default_user = USERS[kind]
    return quote(value(user_name, default_user), safe=""), quote(value(SECRETS[kind], ""), safe="")


def _read(name: str, secret: Mapping[str, Any]) -> str:
    try:
        return Path(secret["file"]).read_text("utf-8").strip()
    except (KeyError, OSError) as error:
        raise Unavailable(f"the secret for {name} has no readable file") from error


def _compose(own: Path) -> Sequence[str]:
    project = f"{own.parent.name}-{own.name}".lower()
    files = [file for file in (FILE, own / "override.yml") if file.exists()]
    named = [part for file in files for part in ("-f", str(file))]
    return ("compose", "-p", project, "--env-file", str(own / "answers.env"), *named)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _checked(*arguments: str) -> str:
    done = _docker(*arguments)
    if done.returncode:
        raise ServerFailed(f"docker {arguments[0]} failed: {done.stderr[-500:]}")
    return done.stdout
