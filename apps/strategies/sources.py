"""What code a strategy is made of: one digest that changes with any of its files."""

import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

from apps.engine import strategies


def digest_of(strategy_type: str) -> str | None:
    """SHA-256, 64 hex digits: of a built-in strategy's file, and of the whole package of an installed one.

    What the process has imported is what it runs: a file that changes afterwards counts from the next start on. None
    where the code is in no file. Raises UnknownStrategy.
    """
    strategy = strategies.get(strategy_type)
    return _digest(strategy.__module__, strategy in strategies.BUILT_IN)


@cache
def _digest(module_name: str, is_built_in: bool) -> str | None:
    file = _file_of(module_name)
    if file is None:
        return None
    if is_built_in:  # what it shares with the others is part of the engine's own digest
        return tree_digest(file)
    return tree_digest(_package_of(module_name) or file)


def tree_digest(path: Path) -> str:
    """Of a file, or of all files of a folder with their names; what Python compiled is left out."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = sha256()
    for file in files:
        if "__pycache__" not in file.parts and file.suffix != ".pyc":
            digest.update(file.relative_to(path.parent).as_posix().encode() + b"\0")
            digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _package_of(module_name: str) -> Path | None:
    """The folder of the outermost package around a module; one without an `__init__` belongs to nobody."""
    names = module_name.split(".")
    for end in range(1, len(names) + 1):
        file = _file_of(".".join(names[:end]))
        if file is not None and file.name == "__init__.py":
            return file.parent
    return None


def _file_of(module_name: str) -> Path | None:
    file = Path(getattr(sys.modules.get(module_name), "__file__", None) or "/")
    return file if file.is_file() else None
