"""manage.py sets itself up: a small checkout with empty lists; its uv and npm only note what they are asked."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup.processes import wait_until

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = """#!/bin/sh
echo "$(basename "$0") $*" >> "$NOTES"
[ -z "$SLOW" ] || sleep "$SLOW"
[ -z "$BROKEN" ] || { echo "no route to the index"; exit 2; }
[ "$(basename "$0")" = uv ] || mkdir -p node_modules
"""
DJANGO = "import sys\ndef execute_from_command_line(argv): print('django', sys.prefix, *argv[1:])\n"


class Checkout:
    """A folder with the real manage.py and stand-ins for everything it would fetch or start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.venv = folder / ".venv"
        for name in ("manage.py", "config/bootstrap.py"):
            self.write(name, (ROOT / name).read_text())
        for name in ("base", "test", "parquet", "node"):
            self.write(f"requirements/{name}.txt", f"# {name}\n")
        self.write("package-lock.json", "{}")
        for package, text in (("django", ""), ("django/core", ""), ("django/core/management", DJANGO)):
            self.write(f"{package}/__init__.py", text)
        self.write("tests/__main__.py", "import sys\nprint('tests', sys.prefix, *sys.argv[1:])\n")
        for tool in ("uv", "npm"):
            self.write(f"bin/{tool}", INSTALLER)
            (folder / "bin" / tool).chmod(0o755)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if name != "NO_BOOTSTRAP"}
        path = f"{self.folder / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return subprocess.Popen(
            [sys.executable, str(self.folder / "manage.py"), *arguments],
            env={**inherited, "PATH": path, "NOTES": str(self.notes), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    @property
    def installs(self) -> list[str]:
        """What was asked for since the last look: names of lists, and npm."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.unlink(missing_ok=True)
        return [line.split()[0] if line.startswith("npm") else Path(line.split()[-1]).stem for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_start_installs_what_is_locked_and_goes_on_inside(checkout):
    code, output = checkout.run("check", "--deploy")

    assert code == 0, output
    assert checkout.installs == ["base", "npm"]
    assert output.splitlines()[-1] == f"django {checkout.venv} check --deploy"


def test_every_list_is_installed_by_its_hashes(checkout):
    checkout.run("test")

    for line in checkout.notes.read_text().splitlines():
        assert line.startswith("npm ci") or "--require-hashes" in line


def test_the_second_start_installs_nothing(checkout):
    checkout.run("check")
    assert checkout.installs

    code, output = checkout.run("check")

    assert (code, output) == (0, f"django {checkout.venv} check\n")
    assert checkout.installs == []


def test_a_changed_lock_is_installed_again_and_only_that(checkout):
    checkout.run("test")
    assert checkout.installs == ["base", "test", "npm"]

    checkout.write("requirements/test.txt", "# another\n")
    checkout.run("check")  # no command of the tests, but a list once installed is kept in step

    assert checkout.installs == ["test"]


def test_the_tests_get_every_argument(checkout):
    code, output = checkout.run("test", "-k", "two words", "--lf")

    assert code == 0
    assert output.splitlines()[-1] == f"tests {checkout.venv} -k two words --lf"


def test_an_extra_is_installed_by_name_and_an_unknown_one_refused(checkout):
    code, output = checkout.run("extra", "parket")

    assert code == 1
    assert "one of: parquet" in output
    assert checkout.installs == []

    assert checkout.run("extra", "parquet")[0] == 0
    assert checkout.installs == ["base", "parquet", "npm"]


def test_a_failed_step_says_what_to_do_and_is_done_again(checkout):
    code, output = checkout.run("check", BROKEN="yes")

    assert code == 1
    assert "To do: look at the network" in output
    assert "no route to the index" in output
    assert "Traceback" not in output

    assert checkout.run("check")[0] == 0
    assert checkout.installs == ["base", "base", "npm"]


def test_a_start_killed_in_the_middle_is_repaired_from_scratch(checkout):
    process = checkout.start("check", SLOW="30")
    wait_until(checkout.notes.exists, seconds=20)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    half_a_package = checkout.venv / "half a package"
    half_a_package.touch()

    code, output = checkout.run("check")

    assert code == 0, output
    assert not half_a_package.exists()
    assert checkout.installs == ["base", "base", "npm"]


def test_a_step_outlives_a_killed_start_and_the_next_one_waits_for_it(checkout):
    process = checkout.start("check", SLOW="1")
    wait_until(checkout.notes.exists, seconds=20)
    process.kill()
    process.communicate()

    code, output = checkout.run("check")

    assert code == 0
    assert "waiting for another start" in output


def test_two_starts_at_once_install_once(checkout):
    processes = [checkout.start("check", SLOW="0.5") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert checkout.installs == ["base", "npm"]


def test_no_bootstrap_leaves_the_environment_alone(checkout):
    code, output = checkout.run("check", NO_BOOTSTRAP="1")

    assert (code, output) == (0, f"django {sys.prefix} check\n")
    assert checkout.installs == []
    assert not checkout.venv.exists()


def test_pip_does_it_where_there_is_no_uv(checkout):
    (checkout.folder / "bin" / "uv").unlink()

    code, output = checkout.run("check")

    assert code == 0, output
    assert checkout.installs == ["npm"]
    assert list(checkout.venv.glob("lib/python*/site-packages/pip"))


def test_an_interrupted_set_up_stops_in_words(checkout):
    process = checkout.start("check", SLOW="30")
    wait_until(checkout.notes.exists, seconds=20)

    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "the next start takes it up again" in output
    assert "Traceback" not in output


def test_an_older_python_is_refused_in_words_it_can_read():
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 4))
    pretend = "import runpy, sys; sys.version_info = (3, 9); runpy.run_path('manage.py', run_name='__main__')"

    answer = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True)

    assert answer.returncode == 1
    assert answer.stderr.startswith("Tapedeck needs Python 3.11 or newer")
