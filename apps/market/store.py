"""Bars, quote bars and ticks on disk: one file a content, named by its hash. The only module that knows the format.

A file is a numpy `.npy` of rows of one layout, read by memory mapping, so that workers share one copy in the page
cache; it is written a piece at a time, so that years of ticks need no more memory than one piece of them.
"""

import fcntl
import hashlib
import os
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import structlog
from django.conf import settings

from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, Array
from apps.errors import DomainError

log = structlog.get_logger("market")

LAYOUTS: dict[np.dtype[Any], bytes] = {BAR: b"", QUOTE_BAR: b"quote bars\n", TICK: b"ticks\n"}
"""The layouts that are kept, and what is hashed before the rows: bytes of bars are never those of ticks."""


class DataDamaged(DomainError):
    """The stored rows are missing or are not the ones that were stored."""

    code = "data_damaged"
    status = 409


class Writer:
    """A new file of rows of one layout, on its way into the store; what is not kept leaves nothing behind.

    The file is locked while it is written, which tells it from what a crash has left.
    """

    def __init__(self, layout: np.dtype[Any]) -> None:
        self.rows = 0
        self._layout = layout
        self._digest = hashlib.sha256(LAYOUTS[layout])
        self._file = _locked_part()
        self._is_kept = False

    def __enter__(self) -> Self:
        try:
            self._write_header()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def append(self, rows: Array) -> None:
        """Write further rows (n,) of the layout."""
        content = _bytes_of(rows, self._layout)
        self._digest.update(content)
        self._file.write(content)
        self.rows += len(rows)

    def keep(self) -> str:
        """The content hash, under which the rows stand from now on; equal rows are one file. To be called in `kept`.

        A file of this content that is damaged is replaced: to import again repairs.
        """
        content_hash = self._digest.hexdigest()
        path = path_of(content_hash)
        if path.exists():
            try:
                _map(content_hash)
                return content_hash
            except DataDamaged:
                log.warning("damaged rows are replaced", content_hash=content_hash)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        Path(self._file.name).replace(path)  # a crash before leaves a `.part` that nobody reads, never half a file
        self._is_kept = True
        _sync_folder(path.parent)
        return content_hash

    def _write_header(self) -> None:
        """Of the rows so far; numpy leaves room in it, so that its length does not depend on their number."""
        header = {"descr": np.lib.format.dtype_to_descr(self._layout), "fortran_order": False, "shape": (self.rows,)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def _leave(self) -> None:
        if not self._is_kept:
            Path(self._file.name).unlink(missing_ok=True)
        self._file.close()


def save(rows: Array) -> str:
    """Store rows (n,) of one of LAYOUTS and return their content hash; the file appears whole or not at all."""
    with Writer(rows.dtype) as writer:
        writer.append(rows)
        return writer.keep()


def load(content_hash: str, *, start: int | None = None, end: int | None = None) -> Array:
    """(n,) of the layout that was stored, memory-mapped, with start ≤ time ≤ end (microseconds UTC).

    Raises DataDamaged.
    """
    rows = _map(content_hash)
    times = rows["time"]  # bisected, since numpy's own search would first copy the whole column out of the file
    first = 0 if start is None else bisect_left(times, start)
    last = len(rows) if end is None else bisect_right(times, end)
    return rows[first:last]


def rehash(content_hash: str) -> str:
    """The hash of the rows as the file of this content holds them now, however often it was read before.

    Raises DataDamaged when there is no such file, or when it holds no rows.
    """
    try:
        rows = _open(path_of(content_hash))
    except OSError:
        raise DataDamaged(f"The stored rows {content_hash[:12]} are missing: import the dataset again.") from None
    if rows.dtype not in LAYOUTS or rows.ndim != 1:
        raise DataDamaged(f"The stored rows {content_hash[:12]} cannot be read: import the dataset again.")
    return hash_of(rows)


def delete(content_hash: str) -> None:
    """Remove the rows; who has mapped them keeps them until the end."""
    path_of(content_hash).unlink(missing_ok=True)


def hashes() -> list[str]:
    """The content hashes of all files that there are."""
    return [path.stem for path in _folder().glob("*/*.npy")]


def remove_unfinished() -> int:
    """Remove what crashes left of files that were being saved; returns how many."""
    return sum(_remove_left(part) for part in _folder().glob("*/*.part"))


@contextmanager
def kept() -> Iterator[None]:
    """Within it no other process saves or deletes: rows that were found stay until their version is committed."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hash_of(rows: Array) -> str:
    """SHA-256 of the rows themselves: the same on every machine, whatever the file around them looks like."""
    digest = hashlib.sha256(LAYOUTS[rows.dtype])
    digest.update(_bytes_of(rows, rows.dtype))
    return digest.hexdigest()


def path_of(content_hash: str) -> Path:
    return _folder() / content_hash[:2] / f"{content_hash}.npy"


def _folder() -> Path:
    folder: Path = settings.DATA_DIR / "market"
    return folder


def _bytes_of(rows: Array, layout: np.dtype[Any]) -> Any:
    return np.ascontiguousarray(rows, dtype=layout).view(np.uint8).data


def _locked_part() -> Any:
    """A new file under a name that nobody reads. Between its making and its locking it may be taken for a left one."""
    folder = _folder() / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        file = tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False)  # noqa: SIM115 - the writer closes it
        fcntl.flock(file, fcntl.LOCK_EX)
        if Path(file.name).exists():
            return file
        file.close()


def _remove_left(part: Path) -> bool:
    """Remove a part that nobody writes; whether it was one."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink(missing_ok=True)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def _map(content_hash: str) -> Array:
    path = path_of(content_hash)
    try:
        state = path.stat()
        _verify(content_hash, state.st_ino, state.st_size, state.st_mtime_ns)
        return _open(path)
    except OSError as error:
        log.error("rows cannot be read", content_hash=content_hash, error=str(error))
        raise DataDamaged(f"The stored rows {content_hash[:12]} are missing: import the dataset again.") from None


@lru_cache(maxsize=1024)
def _verify(content_hash: str, inode: int, size: int, modified: int) -> None:
    """Hash a file once per process and state of the file, and never again for a file left alone.

    A million bars take some 40 ms; on each load this would cost more than the backtest of a small period. What this
    cannot see is a disk that changes its mind after the first reading: the next process does.
    """
    rows = _open(path_of(content_hash))
    if rows.dtype not in LAYOUTS or rows.ndim != 1 or hash_of(rows) != content_hash:
        raise DataDamaged(f"The stored rows {content_hash[:12]} were changed on disk: import the dataset again.")


def _open(path: Path) -> Array:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception:  # a damaged header makes numpy raise whatever its parser happens to stumble over
        raise DataDamaged(f"The stored rows {path.stem[:12]} cannot be read: import the dataset again.") from None


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
