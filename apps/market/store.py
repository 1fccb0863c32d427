"""Bars on disk: one file a content, named by its hash. The only module that knows the file format.

A file is a numpy `.npy` of BAR rows, read by memory mapping, so that workers share one copy in the page cache.
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

import numpy as np
import structlog
from django.conf import settings

from apps.engine.types import BAR, Array
from apps.errors import DomainError

log = structlog.get_logger("market")


class DataDamaged(DomainError):
    """The stored rows are missing or are not the ones that were stored."""

    code = "data_damaged"
    status = 409


def save(bars: Array) -> str:
    """Store bars (n,) BAR and return their content hash; equal rows are one file, which appears whole or not at all.

    A file of this content that is damaged is replaced: to import again repairs.
    """
    content_hash = hash_of(bars)
    path = path_of(content_hash)
    if path.exists():
        try:
            _map(content_hash)
            return content_hash
        except DataDamaged:
            log.warning("damaged rows are replaced", content_hash=content_hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, bars)
    return content_hash


def load(content_hash: str, *, start: int | None = None, end: int | None = None) -> Array:
    """(n,) BAR, memory-mapped, with start ≤ time ≤ end (microseconds UTC). Raises DataDamaged."""
    bars = _map(content_hash)
    times = bars["time"]  # bisected, since numpy's own search would first copy the whole column out of the file
    first = 0 if start is None else bisect_left(times, start)
    last = len(bars) if end is None else bisect_right(times, end)
    return bars[first:last]


def rehash(content_hash: str) -> str:
    """The hash of the rows as the file of this content holds them now, however often it was read before.

    Raises DataDamaged when there is no such file, or when it holds no rows.
    """
    try:
        bars = _open(path_of(content_hash))
    except OSError:
        raise DataDamaged(f"The stored rows {content_hash[:12]} are missing: import the dataset again.") from None
    if bars.dtype != BAR or bars.ndim != 1:
        raise DataDamaged(f"The stored rows {content_hash[:12]} cannot be read: import the dataset again.")
    return hash_of(bars)


def delete(content_hash: str) -> None:
    """Remove the rows; who has mapped them keeps them until the end."""
    path_of(content_hash).unlink(missing_ok=True)


def hashes() -> list[str]:
    """The content hashes of all files that there are."""
    return [path.stem for path in (settings.DATA_DIR / "market").glob("*/*.npy")]


def remove_unfinished() -> int:
    """Remove what crashes left of files that were being saved; returns how many."""
    with kept():
        parts = list((settings.DATA_DIR / "market").glob("*/*.part"))
        for part in parts:
            part.unlink(missing_ok=True)
    return len(parts)


@contextmanager
def kept() -> Iterator[None]:
    """Within it no other process saves or deletes: rows that were found stay until their version is committed."""
    folder = settings.DATA_DIR / "market"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hash_of(bars: Array) -> str:
    """SHA-256 of the rows themselves: the same on every machine, whatever the file around them looks like."""
    return hashlib.sha256(np.ascontiguousarray(bars, dtype=BAR).view(np.uint8).data).hexdigest()


def path_of(content_hash: str) -> Path:
    folder: Path = settings.DATA_DIR / "market" / content_hash[:2]
    return folder / f"{content_hash}.npy"


def _write(path: Path, bars: Array) -> None:
    """Write under another name, then rename: a crash before leaves a `.part` that nobody reads, never half a file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            np.save(file, np.ascontiguousarray(bars, dtype=BAR), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


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
    bars = _open(path_of(content_hash))
    if bars.dtype != BAR or bars.ndim != 1 or hash_of(bars) != content_hash:
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
