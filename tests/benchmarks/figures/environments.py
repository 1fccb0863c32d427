"""The peers' environments: packages that no single one could hold, each installed exactly as locked."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ROOT / "requirements" / "peers"
ENVIRONMENTS = ROOT / ".cache" / "peers"


def python_of(peer: str) -> Path:
    return ENVIRONMENTS / peer / "bin" / "python"


def is_there(peer: str) -> bool:
    return _read(_stamp(peer)) == _digest(peer)


def build_all() -> None:
    """Make what is missing; a peer that cannot be had is told in a line and left out."""
    for lock in sorted(LOCKS.glob("*.txt")):
        if is_there(lock.stem):
            continue
        print(f"{lock.stem}: installing", file=sys.stderr, flush=True)
        try:
            _build(lock.stem)
        except subprocess.CalledProcessError as failure:
            words = (failure.stderr or failure.stdout or "no word").strip().splitlines()[-1]
            print(f"{lock.stem}: cannot be had here ({words})", file=sys.stderr, flush=True)


def _build(peer: str) -> None:
    folder, lock, uv = ENVIRONMENTS / peer, str(LOCKS / f"{peer}.txt"), shutil.which("uv")
    pip = ["--without-pip"] if uv else []
    _run([sys.executable, "-m", "venv", "--clear", *pip, str(folder)])
    python = str(python_of(peer))
    installer = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install", "--no-input"]
    _run([*installer, "--require-hashes", "--no-deps", "-r", lock])
    _stamp(peer).write_text(_digest(peer))


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def _stamp(peer: str) -> Path:
    return ENVIRONMENTS / peer / ".stamp"


def _digest(peer: str) -> str:
    """Of the lock and the interpreter: after an upgrade of Python the environment looks into another folder."""
    lock = LOCKS / f"{peer}.txt"
    return hashlib.sha256(lock.read_bytes() + os.path.realpath(sys.executable).encode()).hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
