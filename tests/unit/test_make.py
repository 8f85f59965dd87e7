"""What is typed to work on the project: `make`, the check of the system's packages, and the continuous integration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parts import BROWSER, FAST, OTHERS

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def run_system(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`.ci/system` on a machine whose only programs are those in ``folder``."""
    bash = shutil.which("bash")
    assert bash
    # Its own HOME, so that fonts of this machine's user are not seen either.
    surroundings = {"PATH": str(folder), "HOME": str(folder), "POSTGRES_FOLDER": str(folder / "postgresql")}
    command = [bash, str(ROOT / ".ci" / "system"), *arguments]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)


def put(folder: Path, name: str, body: str = "exit 0") -> None:
    """A program that does ``body``."""
    program = folder / name
    program.write_text(f"#!{shutil.which('bash')}\n{body}\n")
    program.chmod(0o755)


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A folder of programs with which nothing is missing."""
    for name in ("chromium", "pdftoppm", "pdftotext", "python3.11", "go", "mvn"):
        put(tmp_path, name)
    put(tmp_path, "javac", "echo 'javac 17.0.15'")
    put(tmp_path, "initdb", "echo 'initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'")
    put(tmp_path, "fc-list", "echo 'Noto Sans CJK SC'")
    return tmp_path


def test_make_help_lists_every_target() -> None:
    """A target that a person may type has its sentence in `make help`."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listed = subprocess.run(["make", "help"], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE)
    assert targets
    assert re.findall(r"^  make ([a-z-]+) +\S", listed.stdout, re.MULTILINE) == targets


def test_the_check_on_the_server_is_what_a_person_runs() -> None:
    """`.ci/run` ends with the tests as README starts them, and nothing in it forgives a failure."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[-1] == "make test"
    assert "set -euo pipefail" in lines
    assert not any("||" in line for line in lines)
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def recipe(target: str) -> str:
    """What `make` does for a target, the variables not yet put in."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    return found[1]


def test_every_test_is_in_one_of_the_runs() -> None:
    """The fast tier, the browser, and everything that is neither; only of the nightly ones there is a tenth."""
    assert "-m fast " in MAKEFILE and recipe("test").count("$(FAST)") == 1
    assert re.findall(r"\$\(PYTEST\).* -m (\"[a-z ]+\"|[a-z]+) ", recipe("test")) == [
        '"not fast and not browser"',
        "browser",
    ]
    assert re.findall(r"--nightly\S+", recipe("test")) == ["--nightly=tenth", "--nightly-seed=$(SEED)"]
    for selected in (FAST, OTHERS, BROWSER):
        assert selected[selected.index("-m") + 1] in ("fast", "not fast and not browser", "browser")


def test_coverage_is_asked_of_the_fast_tier_alone() -> None:
    """It slows everything else down, and what is covered by chance from afar is not tested."""
    assert [line for line in recipe("test").splitlines() if "--cov" in line and "$(FAST)" not in line] == []
    assert "--cov" in recipe("test") and "--cov" not in recipe("test-fast")


def test_programs_that_cannot_be_had_fail_the_check(tmp_path: Path) -> None:
    """`make test` fetches them beside the fast tier; where CI=true it stops when that fails, and shows why."""
    [line] = [line.strip() for line in recipe("test").splitlines() if "wait $$programs" in line]
    script = "false & programs=$!; " + line.replace("$$", "$").replace(".venv/programs.log", str(tmp_path / "log"))
    (tmp_path / "log").write_text("s3: no Go")
    for ci, code in (("true", 1), ("", 0)):
        done = subprocess.run(["bash", "-c", script], env={"CI": ci, "PATH": os.environ["PATH"]}, capture_output=True)
        assert (done.returncode, done.stdout) == (code, b"s3: no Go")


def test_a_complete_machine_needs_nothing(complete: Path) -> None:
    """With every program in its place the check is silent."""
    found = run_system(complete, "check")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("program", "package"),
    [
        ("chromium", "chromium"),
        ("pdftoppm", "poppler-utils"),
        ("pdftotext", "poppler-utils"),
        ("python3.11", "python3 python3-venv"),
        ("go", "golang-go"),
        ("mvn", "maven"),
        ("javac", "default-jdk-headless"),
        ("initdb", "postgresql"),
    ],
)
def test_what_is_missing_is_named(complete: Path, program: str, package: str) -> None:
    """Where nothing may be installed, the person is told which package to install, and the run stops."""
    (complete / program).unlink()
    found = run_system(complete, "ensure")
    assert found.returncode == 1
    assert f"sudo apt-get install {package}\n" in found.stderr


@pytest.mark.parametrize(
    ("program", "says", "package"),
    [
        ("javac", "javac 11.0.2", "default-jdk-headless"),
        ("initdb", "initdb (PostgreSQL) 13.9", "postgresql"),
    ],
)
def test_what_is_too_old_is_named(complete: Path, program: str, says: str, package: str) -> None:
    """An old Java or PostgreSQL counts as missing."""
    put(complete, program, f"echo '{says}'")
    found = run_system(complete, "ensure", "servers")
    assert found.returncode == 1
    assert f"sudo apt-get install {package}\n" in found.stderr


def test_any_version_of_postgresql_that_is_new_enough_serves(complete: Path) -> None:
    """Debian keeps several versions side by side, none of them on the PATH."""
    (complete / "initdb").unlink()
    for version in ("9.6", "15"):
        programs = complete / "postgresql" / version / "bin"
        programs.mkdir(parents=True)
        put(programs, "initdb", f"echo 'initdb (PostgreSQL) {version}.1'")
    assert run_system(complete, "check", "servers").returncode == 0


def test_missing_chinese_fonts_are_named(complete: Path) -> None:
    """A font list without a Chinese font means that PDF files would show empty boxes."""
    put(complete, "fc-list", "exit 0")
    found = run_system(complete, "ensure", "fonts")
    assert found.returncode == 1
    assert "fonts-noto-cjk" in found.stderr


def test_what_is_missing_is_installed_where_that_is_possible(complete: Path) -> None:
    """With apt-get and the right to use it only the missing packages are installed, and then the run goes on."""
    (complete / "pdftotext").unlink()
    for name in ("mktemp", "rm", "env"):
        (complete / name).symlink_to(str(shutil.which(name)))
    put(
        complete,
        "apt-get",
        f'echo "$*" >> "{complete}/asked"\n[[ $1 == update ]] || printf "exit 0" > "{complete}/pdftotext"\n'
        f'[[ $1 == update ]] || "{shutil.which("chmod")}" +x "{complete}/pdftotext"',
    )
    put(complete, "sudo", '[[ $1 != -n ]] || shift\nexec "$@"')
    found = run_system(complete, "ensure")
    assert (found.returncode, found.stderr) == (0, "")
    assert (complete / "asked").read_text().splitlines()[-1].endswith("--no-install-recommends poppler-utils")


def test_an_installation_that_fails_stops_the_run(complete: Path) -> None:
    """Where apt-get cannot get the packages its last words are shown, and nothing goes on as if they were there."""
    (complete / "pdftotext").unlink()
    for name in ("mktemp", "rm", "env", "tail"):
        (complete / name).symlink_to(str(shutil.which(name)))
    put(complete, "apt-get", 'echo "E: no such archive"; exit 100')
    put(complete, "sudo", '[[ $1 != -n ]] || shift\nexec "$@"')
    found = run_system(complete, "ensure")
    assert found.returncode == 1
    assert "E: no such archive" in found.stderr


def test_a_python_without_packages_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """A machine with only an older or a too new Python is told which one it needs."""
    put(tmp_path, "python3", "exit 1")
    found = run_system(tmp_path, "python")
    assert found.returncode == 1
    assert "needs Python 3.11 to 3.14" in found.stderr
    assert "Traceback" not in found.stderr
