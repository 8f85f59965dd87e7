"""docker-compose.yml and the Dockerfile: valid, sealed, pinned, and in agreement with the program and its tests.

Nothing is started here. The reader is the Compose project's own library (`tests/interop/compose`).
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from adapters.home.settings import read
from adapters.home.variables import NAMES
from adapters.postgres.roles import APP_ROLE
from adapters.servers.safety import of_secret
from api.cli.parser import parse
from tests import compose_world, doc_pages
from tests.compose_world import ANSWERS, FILE, PROGRAM, ROOT, SERVERS, STAYING, copied, stages
from tests.servers import cache, compose, local
from tests.servers.plugin import do_without

OTHER_SETTINGS = {"FORWARDED_ALLOW_IPS"}  # uvicorn's; docs/how-to/run-it.md tells of it
SECRET_IN_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|KEY(?!STORE)")
PACKAGES = ("domain", "adapters", "indexers", "operations", "api")


@pytest.fixture(scope="module")
def project() -> Any:
    try:
        return compose_world.project()
    except cache.Unavailable as error:
        do_without("docker-compose.yml", str(error))


@pytest.fixture(scope="module")
def services(project: Any) -> Any:
    return project["services"]


def of(services: Any, name: str) -> dict[str, str]:
    found: dict[str, str] = services[name].get("environment", {})
    return found


# ── valid ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def checker() -> Any:
    """Of the specification's schema, which is of draft 7 and spells that draft's address in a way of its own."""
    assert "draft-07" in compose_world.schema()["$schema"]
    return jsonschema.Draft7Validator(compose_world.schema())


def test_it_is_valid_by_the_specification(project: Any) -> None:
    """The file as it is written satisfies the JSON schema of the Compose specification."""
    checker().validate(yaml.safe_load(FILE.read_text("utf-8")))


def test_the_schema_refuses_what_is_wrong(project: Any) -> None:
    """The schema is the real one: a slip of the pen does not pass."""
    written = yaml.safe_load(FILE.read_text("utf-8"))
    written["services"]["web"]["read_onyl"] = True
    with pytest.raises(jsonschema.ValidationError, match="read_onyl"):
        checker().validate(written)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_only_the_person_knows_is_asked_for(project: Any, name: str) -> None:
    """Without the name or the origin, which is for ever, nothing starts, and the message says what to set."""
    done = compose_world.read(FILE, **{key: value for key, value in ANSWERS.items() if key != name})
    assert done.returncode == 1
    assert f"{name} is missing a value: set it in .env" in done.stderr


# ── sealed ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*PROGRAM, *SERVERS.values()])
def test_every_service_is_sealed(services: Any, name: str) -> None:
    """No root, no capability, no new privilege, nothing writable but what is named, bounded memory, processes, logs."""
    service = services[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    for replicated in (
        "privileged",
        "network_mode",
        "pid",
        "ipc",
        "devices",
        "env_file",
        "container_name",
        "extra_hosts",
    ):
        assert replicated not in service
    limits = service["deploy"]["resources"]["limits"]
    assert int(limits["memory"]) >= 1 << 28 and 0 < limits["pids"] <= 4096
    assert {volume["type"] for volume in service.get("volumes", [])} <= {"volume"}
    assert all("size=" in each for each in service["tmpfs"])


def test_every_service_is_there(services: Any, project: Any) -> None:
    """The three servers, the web process, workers, and the two that prepare; volumes are named."""
    assert set(services) == {*PROGRAM, *SERVERS.values()}
    assert set(project["volumes"]) == {"archive", "events", "files", "search"}
    used = {volume["source"] for service in services.values() for volume in service.get("volumes", [])}
    assert used == set(project["volumes"])
    assert services["worker"]["deploy"]["replicas"] > 1


def test_only_the_web_process_can_be_reached_and_only_from_this_machine(project: Any, services: Any) -> None:
    """One published port, on loopback; the servers' network has no way in or out."""
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert [(name, port["host_ip"], port["target"]) for name, [port] in ports.items()] == [("web", "127.0.0.1", 8000)]
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert networks.pop("web") == {"front", "servers"}
    assert all(each == {"servers"} for each in networks.values())
    assert project["networks"]["servers"]["internal"] is True
    [front] = project["networks"]["front"]["ipam"]["config"]
    assert of(services, "web")["FORWARDED_ALLOW_IPS"] == front["gateway"]


def test_what_stays_is_watched_and_comes_back(services: Any) -> None:
    """A health check and a restart for what stays; what prepares runs once, in order, before anything else."""
    for name in (*STAYING, *SERVERS.values()):
        assert services[name]["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(services[name]["healthcheck"])
    assert services["schema"]["restart"] == services["init"]["restart"] == "no"

    def after(name: str) -> dict[str, str]:
        return {each: how["condition"] for each, how in services[name].get("depends_on", {}).items()}

    healthy, done = "service_healthy", "service_completed_successfully"
    assert after("schema") == {"postgres": healthy}
    assert after("init") == {"schema": done, "minio": healthy, "elasticsearch": healthy}
    assert after("web") == after("worker") == {"init": done}


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_are_files_and_nothing_else(project: Any, services: Any) -> None:
    """Each is a file of its own in secrets/; no variable holds one, and no address does."""
    folder = ROOT / "secrets"
    assert {name: Path(each["file"]) for name, each in project["secrets"].items()} == {
        name: folder / name for name in project["secrets"]
    }
    for name, service in services.items():
        mounted = {each["target"] for each in service.get("secrets", [])}
        environment = of(services, name)
        for variable, value in environment.items():
            assert not SECRET_IN_NAME.search(variable) or variable.endswith(("_FILE", "_AT")), variable
            assert not re.search(r"://[^/@]*:[^/@]*@", value), variable
        named = {value for value in environment.values() if value.startswith("/run/secrets/")}
        assert named == mounted, name


def test_each_gets_only_the_secrets_that_it_needs(project: Any, services: Any) -> None:
    """The database's administrator is known to the database and to the migration; the first password to `init`."""
    holders = {
        secret: {name for name, service in services.items()
                 if secret in {each["source"] for each in service.get("secrets", [])}}
        for secret in project["secrets"]
    }  # fmt: skip
    assert holders == {
        "postgres_password": {"postgres", "schema"},
        "app_password": {"schema", "init", "web", "worker"},
        "files_password": {"minio", "init", "web", "worker"},
        "search_password": {"elasticsearch", "init", "web", "worker"},
        "admin_password": {"init"},
    }


def test_no_secret_gets_into_the_repository_or_an_image() -> None:
    """`secrets/` and `.env` are ignored by git, and no build sees them."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"/secrets/", "/.env"} <= set(ignored)
    assert not sent("secrets/app_password") and not sent(".env") and not sent(".git/config")


# ── what the program understands ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PROGRAM)
def test_every_setting_is_one_that_the_program_knows(services: Any, name: str) -> None:
    """Nothing is set that nobody reads."""
    assert set(of(services, name)) <= NAMES | OTHER_SETTINGS


def test_the_settings_lead_to_the_services(services: Any, tmp_path: Path) -> None:
    """Hosts are services, ports those on which they listen, users and places those that they make."""
    for secret in ("app_password", "files_password", "search_password", "postgres_password", "admin_password"):
        (tmp_path / secret).write_text(f"{secret} of a test\n")
    for name in PROGRAM:
        environment = {key: value.replace("/run/secrets/", f"{tmp_path}/") for key, value in of(services, name).items()}
        settings = read(environment)
        database = settings.database
        assert database and (database.host, database.port) == ("postgres", compose.PORTS["postgres"])
        assert database.database == of(services, "postgres")["POSTGRES_DB"]
        if name == "schema":
            assert database.user == of(services, "postgres")["POSTGRES_USER"]
            continue
        assert (database.user, database.password) == (APP_ROLE, "app_password of a test")
        bucket, search = settings.bucket, settings.search
        assert bucket and (bucket.endpoint, bucket.secure) == (f"minio:{compose.PORTS['s3']}", False)
        assert bucket.key == of(services, "minio")["MINIO_ROOT_USER"]
        assert (bucket.lock, bucket.days) == ("governance", 3650)
        assert search and search.url == f"http://elasticsearch:{compose.PORTS['elasticsearch']}"
        assert (search.user, search.password) == ("elastic", "search_password of a test")
        assert [volume["target"] for volume in services[name]["volumes"]] == [str(settings.home)]


def commands(services: Any) -> Iterator[list[str]]:
    for name in PROGRAM:
        yield services[name]["command"]
        if "healthcheck" in services[name]:
            kind, program, *words = services[name]["healthcheck"]["test"]
            assert (kind, program) == ("CMD", "jianzheng")
            yield words


def test_every_command_is_one_of_the_program(services: Any) -> None:
    """Those of the services, of their health checks and of the image are understood to the last word."""
    found = [(tuple(command.path), args) for command, args in (parse(words, "en") for words in commands(services))]
    assert [path for path, _ in found] == [
        ("serve",),
        ("check",),
        ("work",),
        ("check",),
        ("migrate", "schema"),
        ("init",),
    ]
    serve, asked = found[0][1], found[1][1].server
    assert serve.host == "0.0.0.0"
    assert asked == f"http://127.0.0.1:{serve.port}"
    image = {each.word: each for each in stages()["program"]}
    assert image["ENTRYPOINT"].list == ["jianzheng"]
    assert image["CMD"].list == services["web"]["command"]
    assert image["HEALTHCHECK"].rest.partition(" CMD ")[2] in (
        '["' + '", "'.join(services["web"]["healthcheck"]["test"][1:]) + '"]')  # fmt: skip


# ── the servers are those that the tests start ──────────────────────────────────────────────────────────────────────


def test_the_servers_are_those_of_the_tests(project: Any, services: Any) -> None:
    """Every kind has its service, of the version that is tested, with the settings under which it is tested."""
    assert {kind: compose.service_of(kind, project) for kind in local.KINDS} == SERVERS
    assert services["elasticsearch"]["image"].endswith(f":{cache.ELASTICSEARCH}")
    assert services["minio"]["image"] == f"minio:{cache.MINIO.rpartition('@')[2]}"
    assert {"ARG", f"MINIO={cache.MINIO.rpartition('@')[2]}"} <= {
        word for each in stages()["minio-source"] for word in each}  # fmt: skip
    assert services["postgres"]["image"] == f"postgres:{cache.POSTGRES_NEEDED}-bookworm"  # the oldest that serves


def test_the_servers_are_set_as_in_the_tests(services: Any) -> None:
    """What `tests/servers` sets for all of them, the services set too."""
    words = services["postgres"]["command"]
    assert words[0] == "postgres"
    assert local.POSTGRES_SETTINGS.items() <= dict(word.split("=") for word in words[2::2]).items()
    assert local.MINIO_SETTINGS.items() <= of(services, "minio").items()
    assert services["minio"]["command"][-1].endswith(f"{{1...{local.DRIVES}}}")
    [script] = services["elasticsearch"]["command"]
    assert local.ELASTICSEARCH_SETTINGS.items() <= dict(re.findall(r"-E(\S+?)=(\S+)", script)).items()


# ── pinned ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_image_is_pinned(services: Any) -> None:
    """A version in every name, of our images and of what they are built from; `latest` in none."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert {services[name]["image"] for name in PROGRAM} == {f"jianzheng:{version}"}
    names = [service["image"] for service in services.values()]
    names += [stage[0].rest.split(" AS ")[0] for stage in stages().values()]
    assert [name for name in names if not re.search(r":v?\d[\w.-]*$", name) or "latest" in name] == []
    for name in PROGRAM:
        assert services[name]["build"]["target"] == "program"
    assert services["minio"]["build"]["target"] == "minio"


def test_the_image_has_the_oldest_python(project: Any) -> None:
    """The one for which the lock was made and on which the tests run."""
    bases = [stages()[name][0].rest.split(" ")[0] for name in ("build", "program")]
    assert bases == ["python:3.11-slim-bookworm"] * 2


def sent(path: str) -> bool:
    """Whether a build gets to see the file, by the rules of `.dockerignore`: the last line that fits decides."""
    seen = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        rule = line.strip().removeprefix("!")
        if not rule or rule.startswith("#"):
            continue
        parts = path.split("/")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if any(fnmatch.fnmatch(each, rule) or fnmatch.fnmatch("/" + each, rule) for each in above):
            seen = line.strip().startswith("!")
    return seen


def test_what_the_dockerfile_copies_is_there() -> None:
    """Every file exists and is sent to the build; all packages of the program are among them, and nothing else is."""
    sources = [source for stage in stages().values() for source in copied(stage)]
    assert [source for source in sources if not (ROOT / source).exists() or not sent(source)] == []
    assert {source for source in sources if (ROOT / source).is_dir()} == set(PACKAGES)
    include = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]["find"]
    assert include["include"] == [f"{package}*" for package in PACKAGES]
    for path in ("tests/conftest.py", "api/__pycache__/x.pyc", "jianzheng-data/archive.json", "docs/README.md"):
        assert not sent(path), path


def test_the_images_run_as_nobody_in_particular(services: Any) -> None:
    """Their users are those of the services, own the volumes' folders, and are not root."""
    for stage, service in (("program", "web"), ("minio", "minio")):
        words = {each.word: each.rest for each in stages()[stage]}
        assert words["USER"] == services[service]["user"]
        uid, gid = words["USER"].split(":")
        folders = [volume["target"] for volume in services[service]["volumes"]]
        made = " ".join(each.rest for each in stages()[stage] if each.word == "RUN")
        for folder in folders:
            assert f"install -d -m 0700 -o {uid} -g {gid} {folder}" in made
    assert list(stages())[-1] == "program"


def test_packages_are_installed_from_the_lock() -> None:
    """As it stands and with hashes, whatever comes from a registry; the program itself as a wheel, not as a link to its
    sources; and what is then there is looked over."""
    runs = [
        each.rest for each in stages()["build"] if each.word == "RUN" and " pip" in each.rest and "install" in each.rest
    ]
    as_it_stands = "--no-deps --only-binary :all: --require-hashes"
    assert all(as_it_stands in run or "--no-deps --no-index" in run for run in runs)
    assert f"LOCKED=({as_it_stands})\n" in (ROOT / ".ci" / "packages").read_text("utf-8")
    assert stages()["build"][-1].rest.endswith("pip --python /opt/jianzheng/bin/python check")
    assert not any(" -e " in run or "--editable" in run for run in runs)


# ── what the pages say about it ─────────────────────────────────────────────────────────────────────────────────────

GUIDE = ROOT / "docs" / "how-to" / "containers.md"


def test_the_guide_makes_the_secrets_that_are_needed(project: Any, tmp_path: Path) -> None:
    """Its script, typed in an empty folder, leaves a good secret for each file, in a folder closed to others."""
    script = doc_pages.files(GUIDE)["secrets.sh"]
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(project["secrets"])
    assert len(set(made.values())) == len(made)
    assert all(re.fullmatch("[0-9a-f]{48}", secret) and not of_secret(secret) for secret in made.values())
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o444}


def test_the_guide_answers_what_is_asked(project: Any) -> None:
    """Its `.env` is enough to start, and its table has every variable that the file reads, with its default."""
    answers = dict(line.split("=", 1) for line in doc_pages.files(GUIDE)[".env"].splitlines())
    assert compose_world.read(FILE, **answers).returncode == 0
    text = "\n".join(line for line in FILE.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    asked = dict(re.findall(r"\$\{([A-Z_]+)(?::-([^}]*))?[^}]*\}", text))
    rows = re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert {name: default.strip(" `") for name, default in rows} == asked


def test_the_guides_speak_of_what_there_is(services: Any, project: Any) -> None:
    """Services, volumes, files and codes that the pages name exist."""
    text = GUIDE.read_text("utf-8") + (ROOT / "docs" / "how-to" / "production.md").read_text("utf-8")
    lines = re.findall(r"docker compose (?:exec|run|logs|stop|start|up)([^\n`|>]*)", text)
    words = {
        word for line in lines for word in re.findall(r"(?<![\w/=:-])(?:[a-z]+)(?![\w=/.])", line.split(" -c ")[0])
    }
    assert words - {"jianzheng", "verify", "check", "ingest", "sh"} <= set(services)
    assert {f"jianzheng_{name}" for name in project["volumes"]} >= set(re.findall(r"--volume (jianzheng_\w+):", text))
    known = "".join((ROOT / path).read_text("utf-8") for path in (
        "adapters/servers/safety.py", "adapters/postgres/condition.py", "adapters/s3/server.py"))  # fmt: skip
    for code in ("no_tls", "certificate_not_checked", "role_too_mighty", "key_of_administrator", "clocks_differ"):
        assert f"`{code}`" in text and f'"{code}"' in known
    limits = {name: int(service["deploy"]["resources"]["limits"]["memory"]) >> 30 for name, service in services.items()}
    rows = re.findall(r"^\| `(\w+)` \| (\d) GB", text, re.MULTILINE)
    assert rows and all(limits[name] == int(said) for name, said in rows)
