"""Strategies of the server's owner: plain files in one folder, read again when they change."""

from __future__ import annotations

import sys
import traceback
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from apps.engine.errors import EngineError
from apps.engine.strategy import Strategy

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "tapedeck_strategies."
LARGEST_BYTES = 1_000_000


class BadFile(EngineError):
    """A file that offers no strategy; the message says why, with the line where there is one."""


class Source(NamedTuple):
    """The text of one file. Equal texts of equal names are one version."""

    name: str
    """Of the file, without its folder."""
    text: str

    @property
    def digest(self) -> str:
        """SHA-256, 64 hex digits."""
        return sha256(self.text.encode()).hexdigest()


def load(source: Source) -> dict[str, type[Strategy]]:
    """The strategies that a file defines, by their types. Raises BadFile.

    Each version is a module of its own, so that runs of an older one go on with what they were started with.
    """
    name = f"{PREFIX}{source.name.removesuffix('.py')}_{source.digest[:16]}"
    module = sys.modules.get(name)
    if module is None:
        module = ModuleType(name)
        module.__file__ = source.name
        vars(module)["__source__"] = source
        sys.modules[name] = module  # where a class looks for the names of its annotations
        try:
            exec(compile(source.text, source.name, "exec"), vars(module))  # noqa: S102 - the owner's own file
        except BaseException as error:
            del sys.modules[name]
            if not isinstance(error, Exception | SystemExit):
                raise
            raise BadFile(_told(error, source.name)) from error
    found = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == name]
    offered = {each.strategy_type: each for each in found if issubclass(each, Strategy) and each.__name__[0] != "_"}
    if not offered:
        raise BadFile(f"{source.name} defines no subclass of Strategy.")
    return offered


def source_of(strategy: type[Strategy]) -> Source | None:
    """The file that a strategy of a folder was read from; None for all others."""
    module = sys.modules.get(strategy.__module__)
    source: Source | None = vars(module).get("__source__") if module else None
    return source


class Folder:
    """The files `*.py` of one folder whose names do not begin with an underscore. It need not exist."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.problems: dict[str, str] = {}
        """What is wrong with a file, by its name."""
        self._seen: dict[str, tuple[int, int]] = {}
        self._offered: dict[str, dict[str, type[Strategy]]] = {}

    def strategies(self) -> dict[str, type[Strategy]]:
        """By their types, as the files are now. A file that cannot be read is left out, and told in `problems`."""
        stamps = self._stamps()
        for name in self._seen.keys() | stamps.keys():
            if self._seen.get(name) != stamps.get(name):
                self.problems.pop(name, None)
                self._offered.pop(name, None)
                if name in stamps and self.path is not None:
                    self._read(self.path / name)
        self._seen = stamps
        return {kind: strategy for name in sorted(self._offered) for kind, strategy in self._offered[name].items()}

    def _stamps(self) -> dict[str, tuple[int, int]]:
        if self.path is None:
            return {}
        try:
            files = [file for file in self.path.glob("*.py") if not file.name.startswith("_")]
            states = {file.name: file.stat() for file in files}
        except OSError:
            return {}  # a file that went in between is found gone at the next look
        return {name: (state.st_mtime_ns, state.st_size) for name, state in states.items()}

    def _read(self, path: Path) -> None:
        try:
            self._offered[path.name] = load(read(path))
        except BadFile as problem:
            self.problems[path.name] = str(problem)


def read(file: Path) -> Source:
    """The text of a file. Raises BadFile."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadFile(f"{file.name} is too large: a strategy has {LARGEST_BYTES:,} bytes at most.")
        return Source(file.name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file.name} cannot be read: {error}.") from error


def _told(error: BaseException, name: str) -> str:
    """An exception in one sentence, with the last line of the file that it passed."""
    if isinstance(error, SyntaxError):
        return f"{name}, line {error.lineno}: {error.msg}."
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    place = f"{name}, line {lines[-1]}" if lines else name
    return f"{place}: {type(error).__name__}: {error}."
