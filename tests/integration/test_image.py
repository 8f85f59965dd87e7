"""The image's recipe at work: what the Dockerfile does is done in a folder, and the result runs as the services do.

There is no container here, but what makes one safe is: another user, no capability, no new privileges, a file system
that is read-only but for the archive's volume and the temporary files, secrets in files. Where this machine does not
let us drop to another user, the program runs as ourselves.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from tests import compose_world, package_index
from tests.cli_world import PASSWORD
from tests.compose_world import ROOT, stages
from tests.postgres_world import APP_PASSWORD
from tests.servers.addresses import name_in
from tests.servers.cache import Unavailable
from tests.servers.plugin import MakeBucket, do_without
from tests.servers.processes import free_port

pytestmark = pytest.mark.nightly

SEALED = """\
mount --make-rprivate /
for kept in {writable}; do mount --bind "$kept" "$kept"; done
mount -o remount,bind,ro /
exec setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
"""


@dataclass
class Image:
    """What was built, and how its program is run."""

    folder: Path
    program: Path  # the environment that the recipe made
    environment: dict[str, str]
    sealed: bool = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "volume").mkdir(mode=0o700)
        (self.folder / "tmp").mkdir(mode=0o777)
        user = dict(zip(("uid", "gid"), self.user.split(":"), strict=True))
        writable = " ".join(shlex.quote(str(self.folder / each)) for each in ("volume", "tmp"))
        (self.folder / "seal").write_text(SEALED.format(writable=writable, **user))
        self.sealed = False
        if os.geteuid() == 0 and shutil.which("setpriv") and shutil.which("unshare"):
            os.chown(self.folder / "volume", int(user["uid"]), int(user["gid"]))
            (self.folder / "tmp").chmod(0o777)
            python = str(self.program / "bin" / "python")
            self.sealed = not subprocess.run([*self._seal(), python, "-c", ""], capture_output=True).returncode

    @property
    def user(self) -> str:
        return next(each.rest for each in stages()["program"] if each.word == "USER")

    def command(self, *words: str) -> list[str]:
        program = [str(self.program / "bin" / "jianzheng"), *words]
        return [*self._seal(), *program] if self.sealed else program

    def _seal(self) -> list[str]:
        return ["unshare", "--mount", "bash", "-eu", str(self.folder / "seal")]

    def surroundings(self, given: dict[str, str]) -> dict[str, str]:
        """What a container has: the image's and the service's variables, and nothing of this machine's."""
        path = f"{self.program}/bin:/usr/local/bin:/usr/bin:/bin"
        own_ = {"PATH": path, "HOME": "/nonexistent", "TMPDIR": str(self.folder / "tmp")}
        volume = {"JIANZHENG_HOME": str(self.folder / "volume")}
        return {**self.environment, **own_, **given, **volume}


def variables(stage: str) -> dict[str, str]:
    """What the ``ENV`` lines of a stage set."""
    words = [word for each in stages()[stage] if each.word == "ENV" for word in shlex.split(each.rest)]
    return dict(word.split("=", 1) for word in words)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead pip to an index with newer releases of everything: there the recipe makes the same."""
    wheels = package_index.fetch(tmp_path_factory.mktemp("wheels"), ROOT / "requirements-dev.lock")
    with package_index.serving(tmp_path_factory.mktemp("index"), wheels) as variables:
        yield variables


@pytest.fixture(scope="module")
def image(later: dict[str, str]) -> Iterator[Image]:
    """The stage `build` of the Dockerfile, line by line, in a folder that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="jz-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        where, environment = folder, {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | later

        def here(text: str) -> str:
            moved = text.replace("/build", f"{folder}/build").replace("/opt/jianzheng", f"{folder}/opt/jianzheng")
            return re.sub(r"^python ", f"{shlex.quote(sys._base_executable)} ", moved)  # type: ignore[attr-defined]  # CPython's

        for each in stages()["build"][1:]:
            if each.word == "WORKDIR":
                where = Path(here(each.rest))
                where.mkdir(parents=True)
            elif each.word == "ENV":
                environment |= dict(word.split("=", 1) for word in shlex.split(each.rest))
            elif each.word == "COPY":
                *sources, target = each.list
                for source in sources:
                    _copy(source, where / target)
            else:
                assert each.word == "RUN"
                done = subprocess.run(
                    ["sh", "-c", here(each.rest)], cwd=where, env=environment, capture_output=True, text=True,
                    check=False,
                )  # fmt: skip
                assert done.returncode == 0, (each.rest, done.stdout[-2000:], done.stderr[-2000:])
        kept = {name: value for name, value in variables("program").items() if not name.startswith("JIANZHENG_")}
        yield Image(folder, folder / "opt" / "jianzheng", kept)


def _copy(source: str, target: Path) -> None:
    """A file, or a folder as a fresh clone has it."""
    if (ROOT / source).is_file():
        into = target / Path(source).name if target.is_dir() else target
        shutil.copy2(ROOT / source, into)
    else:
        shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))


def ran(image: Image, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        image.command(*words), cwd=image.folder / "tmp", env=image.surroundings(given), capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_recipe_makes_a_program(image: Image) -> None:
    """From the lock with hashes, as a wheel with all its data, without developers' tools, and it answers anybody."""
    helped = ran(image, "--help", JIANZHENG_LANG="en")
    assert (helped.returncode, "Usage: jianzheng COMMAND" in helped.stdout) == (0, True), helped
    listed = subprocess.run(
        [image.program / "bin" / "python", "-c", "import importlib.metadata as m, json, api; print(json.dumps("
         "[{d.metadata['Name'].lower(): d.version for d in m.distributions()}, api.__file__]))"],
        env=image.surroundings({}), cwd=image.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    installed, module = json.loads(listed.stdout)
    assert {"jianzheng", "psycopg", "elasticsearch", "minio"} <= set(installed)
    assert not {"pytest", "mypy", "playwright", "setuptools", "pip"} & set(installed)
    assert package_index.NEWER not in installed.values()
    assert Path(module).is_relative_to(image.program)


def test_an_embedded_archive_in_the_image(image: Image) -> None:
    """The same program without servers: an archive in its volume, and nothing written beside it."""
    secret = image.folder / "admin"
    secret.write_text(PASSWORD)
    made = ran(image, "init", "--name", "某区教育局", JIANZHENG_ADMIN_PASSWORD_FILE=str(secret))
    assert made.returncode == 0, made
    checked = ran(image, "check", "--json")
    assert checked.returncode == 0, checked
    owner = (image.folder / "volume" / "archive.json").stat().st_uid
    assert owner == (int(image.user.split(":")[0]) if image.sealed else os.geteuid())
    for path in sorted((image.folder / "volume").iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def services(
    image: Image, postgres_database: str, make_s3_bucket: MakeBucket, elasticsearch_prefix: str
) -> dict[str, Any]:
    """The program's services of docker-compose.yml, their addresses changed to those of the tests' servers.

    Only host, port, login and place differ; every secret is in a file.
    """
    try:
        found: dict[str, Any] = json.loads(json.dumps(compose_world.project()["services"]))
    except Unavailable as error:
        do_without("docker-compose.yml", str(error))
    bucket = make_s3_bucket(lock="governance", days=1)
    secrets = image.folder / "secrets"
    secrets.mkdir(exist_ok=True)
    given = {
        "JIANZHENG_DATABASE": postgres_database, "JIANZHENG_BLOBS": bucket, "JIANZHENG_SEARCH": elasticsearch_prefix
    }  # fmt: skip
    texts = {
        "app_password": APP_PASSWORD, "admin_password": PASSWORD,
        "postgres_password": unquote(urlsplit(postgres_database).password or ""),
        "files_password": unquote(urlsplit(bucket).password or ""),
        "search_password": unquote(urlsplit(elasticsearch_prefix).password or ""),
    }  # fmt: skip
    for name, text in texts.items():
        (secrets / name).write_text(text + "\n", "utf-8")
    for name in compose_world.PROGRAM:
        environment = found[name]["environment"]
        for variable, value in environment.items():
            if variable in given:
                environment[variable] = _moved(value, given[variable])
            elif value.startswith("/run/secrets/"):
                environment[variable] = value.replace("/run/secrets", str(secrets))
    return found


def _moved(address: str, there: str) -> str:
    """The address of a service on another server: the application's role stays what it is."""
    ours, theirs = urlsplit(address), urlsplit(there)
    user = ours.username if ours.username == "jianzheng_app" else unquote(theirs.username or "")
    place = f"{quote(user or '', safe='')}@{theirs.hostname}:{theirs.port}/{name_in(there)}"
    return f"{ours.scheme}://{place}" + (f"?{ours.query}" if ours.query else "")


def test_the_services_work(image: Image, services: dict[str, Any]) -> None:
    """Schema, init, web and worker in their order, as their services have them; then as at every later start."""

    def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return ran(image, *(words or services[name]["command"]), **services[name]["environment"])

    for _ in range(2):
        for name in ("schema", "init"):
            done = run(name)
            assert done.returncode == 0, (name, done)
    port = str(free_port())
    serve = [port if word == "8000" else word for word in services["web"]["command"]]
    processes = [
        subprocess.Popen(
            image.command(*words), cwd=image.folder / "tmp", env=image.surroundings(services[name]["environment"]),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for name, words in (("web", serve), ("worker", services["worker"]["command"]))
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert "已启动" in process.stdout.readline()
        asked = [word.replace("8000", port) for word in services["web"]["healthcheck"]["test"][2:]]
        assert run("web", *asked).returncode == 0
        assert run("worker", *services["worker"]["healthcheck"]["test"][2:]).returncode == 0
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        assert run("web", "org", "add", "school-01", "第一小学").returncode == 0
        parts = _when_all_followed(run)
        assert "role_too_mighty" not in [remark["code"] for remark in parts["database"]["unsafe"]]
        assert parts["files"]["facts"]["lock"] == "governance"
        assert run("web", "verify").returncode == 0
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in processes]
        for process in processes:
            process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
    assert codes == [0, 0]
    silent = run("web", *asked)
    assert silent.returncode == 3


def _when_all_followed(run: Any) -> dict[str, Any]:
    """What `check` says once ledger, index and figures have taken everything in."""
    for _ in range(60):
        answer = run("web", "check", "--json")
        assert answer.returncode == 0, answer
        parts = {each["name"]: each for each in json.loads(answer.stdout)["checks"]}
        if not any(each["behind"] for each in parts.values()):
            return parts
        time.sleep(0.5)
    raise AssertionError("the followers do not follow")
