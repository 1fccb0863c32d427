"""The folder that holds all state of a server on one machine: who made it, who uses it now, and its secret."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.errors import Conflict

MARKER = ".tapedeck"  # says which command made the folder; its lock says that the folder is in use
NOT_STATE = {"numba", "static", "broker"}  # other commands, and reading the settings, may have made these before


class FolderRefused(Conflict):
    code = "folder_refused"


@contextmanager
def claimed(folder: Path, command: str, *, accepts: frozenset[str]) -> Iterator[None]:
    """Hold the folder, made if need be. FolderRefused when it is somebody else's, or in use.

    command: recorded in a new folder. accepts: the commands whose folders may be gone on with.
    """
    if _is_new(folder):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # it will hold password hashes and people's trading
        (folder / MARKER).write_text(command)
    with (folder / MARKER).open("r+") as marker:
        maker = marker.read()
        if maker not in accepts:
            raise FolderRefused(f"{folder} was made by `manage.py {maker}`; name another folder with --data-dir.")
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderRefused(
                f"{folder} is in use by another Tapedeck; stop that one, or name another folder with --data-dir."
            ) from None
        yield


def _is_new(folder: Path) -> bool:
    if not folder.exists():
        return True
    if not folder.is_dir():
        raise FolderRefused(f"{folder} is not a folder; name another one with --data-dir.")
    entries = {path.name for path in folder.iterdir()}
    if entries <= NOT_STATE:
        return True
    if MARKER not in entries:
        raise FolderRefused(f"{folder} is not empty and not made by Tapedeck; name another folder with --data-dir.")
    return False


def secret_of(folder: Path) -> str:
    """The key that signs sessions and tokens; the settings of every later process read it from the same file."""
    path = folder / "secret_key"
    if not path.exists():
        unfinished = path.with_suffix(".new")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        unfinished.rename(path)
    return path.read_text()
