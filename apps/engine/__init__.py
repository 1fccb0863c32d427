"""The engine: market data and a strategy in, rows out. It knows no database, no network and no clock."""

import hashlib
from pathlib import Path

# What a snapshot and a manifest name. It rises whenever the same inputs may give other rows or another state.
ENGINE_VERSION = "4"


def source_digest() -> str:
    """16 hex digits that change with any of the engine's sources.

    Numba's cache does not see that a kernel which another file calls has changed: every engine needs its own cache.
    """
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
