"""What code a strategy is made of: one digest that changes with any of its files, and the versions that were run."""

import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.db import IntegrityError, transaction

from apps.engine import strategies
from apps.engine.strategies import folder
from apps.engine.strategy import Strategy
from apps.strategies.models import StrategySource

BUILT_IN_TYPES = frozenset(strategy.strategy_type for strategy in strategies.BUILT_IN)


def digest_of(strategy_type: str) -> str | None:
    """SHA-256, 64 hex digits: of a built-in strategy's file, of one in the owner's folder, and of the whole package of
    an installed one.

    What the process has imported is what it runs: a file that changes afterwards counts from the next start on, and one
    of the folder from the next run on. None where the code is in no file. Raises UnknownStrategy.
    """
    strategy = strategies.get(strategy_type)
    if source := folder.source_of(strategy):
        return source.digest
    return _digest(strategy.__module__, strategy in strategies.BUILT_IN)


def keep(strategy_type: str) -> None:
    """Store the code that the strategy has now, if it is new: what is run stays readable, and can be run again.

    Raises UnknownStrategy.
    """
    digest = digest_of(strategy_type)
    if digest is None or StrategySource.objects.filter(digest=digest).exists():
        return
    file, text = text_of(strategies.get(strategy_type))
    with suppress(IntegrityError), transaction.atomic():  # kept by another request meanwhile
        StrategySource.objects.create(digest=digest, strategy_type=strategy_type, file=file, text=text)


def text_of(strategy: type[Strategy]) -> tuple[str, str]:
    """The name of the strategy's own file, and what is in it; both empty where the code is in no file."""
    if source := folder.source_of(strategy):
        return source
    file = _file_of(strategy.__module__)
    return (file.name, file.read_text(encoding="utf-8")) if file else ("", "")


def strategy_of(strategy_type: str, digest: str | None) -> type[Strategy]:
    """The class that a manifest names, by its type and the digest of its code. Raises UnknownStrategy.

    A file of the owner's folder is that of the run, whatever the folder holds now.
    """
    if strategy_type in BUILT_IN_TYPES:
        return strategies.get(strategy_type)
    known = strategies.all().get(strategy_type)
    source = folder.source_of(known) if known else None
    if known is not None and (source is None or source.digest == digest):
        return known
    kept = StrategySource.objects.filter(digest=digest or "", strategy_type=strategy_type).first()
    if kept is None:
        return strategies.get(strategy_type)
    return folder.load(folder.Source(kept.file, kept.text))[strategy_type]


def digest_that_runs(strategy_type: str, digest: str | None) -> str | None:
    """The digest of the class that `strategy_of` gives. Raises UnknownStrategy."""
    source = folder.source_of(strategy_of(strategy_type, digest))
    return source.digest if source else digest_of(strategy_type)


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
