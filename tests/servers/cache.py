"""What is downloaded and built once and kept outside the tree: MinIO and Elasticsearch.

The folder is ``jianzheng/servers`` below the XDG cache, or JIANZHENG_TEST_CACHE. Several runs may need the same thing
at the same time: the first one gets it, the others wait. Everything appears under its final name only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
GO_NEEDED = (1, 24)  # what that version's go.mod asks for
GO_TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.0.linux-"  # fetched where the installed Go is older

ELASTICSEARCH = "8.19.5"
ELASTICSEARCH_ZIP = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ELASTICSEARCH}:zip"
ELASTICSEARCH_SHA256 = "5d3a8f63f66d828a24d29f88819bf2c6e695d124c470da3ab92a5d6cc1397785"
COMPOSE_READER = Path(__file__).resolve().parents[1] / "interop" / "compose"
SECURITY_ANALYSIS = Path(__file__).with_name("SecurityAnalysis.java")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
JAVA_NEEDED = 17
POSTGRES_NEEDED = 15

PASSWORD = "test-only-Mj7uJ4kq"  # of every server that we start; they listen on the loopback interface alone


class Unavailable(Exception):
    """A server cannot be had on this machine; says what is missing."""


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where downloads, builds and the logs of the last runs are kept."""
    if given := environ.get("JIANZHENG_TEST_CACHE"):
        return Path(given)
    if base := environ.get("XDG_CACHE_HOME"):
        return Path(base) / "jianzheng" / "servers"
    return Path(environ.get("HOME") or Path.home()) / ".cache" / "jianzheng" / "servers"


def minio() -> Path:
    """The MinIO program, built from its pinned source."""
    program = folder() / "minio" / MINIO.rpartition("@")[2] / "minio"
    with alone("minio"):
        if not program.exists():
            say("Building MinIO (once, some minutes) …")
            with TemporaryDirectory(dir=folder()) as made:
                go, env = go_tool()
                run([go, "install", MINIO], {**env, "GOBIN": made, "CGO_ENABLED": "0"})
                program.parent.mkdir(parents=True, exist_ok=True)
                (Path(made) / "minio").replace(program)
    return program


def elasticsearch() -> Path:
    """The unpacked Elasticsearch; its config folder holds a keystore with the password."""
    ours = hashlib.sha256(SECURITY_ANALYSIS.read_bytes()).hexdigest()[:8]
    home = folder() / f"elasticsearch-{ELASTICSEARCH}-{ours}"
    with alone("elasticsearch"):
        if not home.exists():
            env = {"ES_JAVA_HOME": java()}
            say("Fetching Elasticsearch (once, 97 MB) …")
            with TemporaryDirectory(dir=folder()) as made:
                mvn = _program("mvn", "maven")
                run([mvn, "-B", "-q", COPY, f"-Dartifact={ELASTICSEARCH_ZIP}", f"-DoutputDirectory={made}"])
                archive = next(Path(made).glob("*.zip"))
                digest = hashlib.sha256(archive.read_bytes()).hexdigest()
                if digest != ELASTICSEARCH_SHA256:
                    raise Unavailable(f"the Elasticsearch that was fetched is not the expected one: SHA-256 {digest}")
                unpacked = _unpack(archive, Path(made))
                _add_module(unpacked, SECURITY_ANALYSIS, Path(made) / "classes")
                tool = unpacked / "bin" / "elasticsearch-keystore"
                run([tool, "create"], env)
                run([tool, "add", "-x", "bootstrap.password"], env, PASSWORD)
                unpacked.replace(home)
    return home


def _add_module(home: Path, source: Path, classes: Path) -> None:
    """Compile a module of ours and put it beside Elasticsearch's own."""
    run([f"{java()}/bin/javac", "--release", str(JAVA_NEEDED), "-cp", f"{home}/lib/*", "-d", classes, source])
    module = home / "modules" / source.stem.lower()
    module.mkdir()
    with zipfile.ZipFile(module / f"{source.stem.lower()}.jar", "w") as jar:
        for path in sorted(classes.glob("*.class")):
            jar.write(path, path.name)
    (module / "plugin-descriptor.properties").write_text(
        f"name={source.stem.lower()}\ndescription=made for tests\nclassname={source.stem}\nversion={ELASTICSEARCH}\n"
        f"elasticsearch.version={ELASTICSEARCH}\njava.version={JAVA_NEEDED}\n",
        "utf-8",
    )


def compose_reader() -> Path:
    """A program that reads Compose files as container engines do: `tests/interop/compose`, with pinned libraries."""
    sources = sorted(path for path in COMPOSE_READER.iterdir() if path.is_file())
    ours = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    program = folder() / f"compose-reader-{ours}"
    with alone("compose-reader"):
        if not program.exists():
            say("Building the reader of Compose files (once) …")
            with TemporaryDirectory(dir=folder()) as made:
                go, env = go_tool()
                run([go, "-C", COMPOSE_READER, "build", "-o", f"{made}/reader", "."], {**env, "CGO_ENABLED": "0"})
                (Path(made) / "reader").replace(program)
    return program


def java() -> str:
    """A Java that runs Elasticsearch, as JAVA_HOME."""
    given = os.environ.get("JAVA_HOME")
    program = f"{given}/bin/java" if given else _program("java", "default-jdk-headless")
    said = subprocess.run([program, "-XshowSettings:properties", "-version"], capture_output=True, text=True).stderr
    version = re.search(r"java\.specification\.version = (\d+)", said)
    home = re.search(r"java\.home = (.+)", said)
    if not version or not home or int(version[1]) < JAVA_NEEDED or not Path(home[1].strip(), "bin", "javac").exists():
        raise Unavailable(f"Elasticsearch needs a JDK {JAVA_NEEDED} or newer (Debian: default-jdk-headless)")
    return home[1].strip()


def postgres() -> Path:
    """The folder of the newest installed PostgreSQL's programs; Debian's are not on the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if program := shutil.which("initdb"):
        found.append(Path(program).resolve().parent)
    if not found:
        raise Unavailable("PostgreSQL is not installed (Debian: postgresql)")
    version, newest = max((_first_number(run([path / "initdb", "--version"])), path) for path in found)
    if version < POSTGRES_NEEDED:
        raise Unavailable(f"PostgreSQL {POSTGRES_NEEDED} or newer is needed, not {version}")
    return newest


def _first_number(said: str) -> int:
    return int(found[0]) if (found := re.search(r"\d+", said)) else 0


def go_tool() -> tuple[str, dict[str, str]]:
    """A Go that is new enough, and what it wants in its surroundings.

    Newer ones fetch the toolchain they need themselves; for older ones we do it.
    """
    go = _program("go", "golang-go")
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version >= GO_NEEDED:
        return go, {}
    if version >= (1, 21):
        return go, {"GOTOOLCHAIN": "auto"}
    arch = subprocess.run([go, "env", "GOARCH"], capture_output=True, text=True, check=False).stdout.strip()
    wanted = GO_TOOLCHAIN + arch
    say("Fetching a newer Go …")
    said = run([go, "mod", "download", "-json", wanted])
    root = Path(json.loads(said)["Dir"])
    # Archives of modules carry no permissions; the module cache is read-only, so the copy is ours.
    own = folder() / root.name
    if not own.exists():
        with TemporaryDirectory(dir=folder()) as made:
            copy = shutil.copytree(root, Path(made) / "go", copy_function=shutil.copyfile)
            for path in copy.rglob("*"):
                path.chmod(0o755)
            Path(copy).replace(own)
    return str(own / "bin" / "go"), {"GOROOT": str(own), "GOTOOLCHAIN": "local"}


def _unpack(archive: Path, where: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        for item in packed.infolist():
            path = Path(packed.extract(item, where))
            path.chmod(0o755 if item.is_dir() else (item.external_attr >> 16) & 0o777 or 0o644)
    return next(path for path in where.iterdir() if path.is_dir())


def alone(name: str) -> FileLock:
    """Held by whoever makes the thing of this name."""
    folder().mkdir(parents=True, exist_ok=True)
    return FileLock(folder() / f"{name}.lock")


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Unavailable(f"the program “{name}” is missing (Debian: {package})")
    return found


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """What a program prints. Raises `Unavailable` with its last words where it fails."""
    name = Path(command[0]).name
    folder().mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **(env or {})}, cwd=folder(), input=stdin,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Unavailable(f"{name} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def say(text: str) -> None:
    """Tell whoever waits for it."""
    print(text, file=sys.stderr, flush=True)
