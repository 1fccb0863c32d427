"""What every test process finds in its environment, whatever the machine and a developer's `.env` say.

Loaded by `-p tests.environment` before Django reads its settings. Processes that a test starts inherit it.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from apps.engine import source_digest
from tests.limits import NO_LIMITS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "TAPEDECK_TEST_FOLDER"
STORAGE = "TAPEDECK_TEST_STORAGE"
"""Set by `python -m tests` for its second session: the PostgreSQL server that the storage tests run on."""


def prepare() -> None:
    """A folder of the session's own, SQLite unless STORAGE names a server, and no broker."""
    if FOLDER not in os.environ:  # the workers of pytest-xdist share the folder of their session
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="tapedeck-test-")
        atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
    # each its own data: executions of different workers have the same numbers
    data = Path(os.environ[FOLDER]) / os.environ.get("PYTEST_XDIST_WORKER", "data")
    (data / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when it is absent
    os.environ.update(
        SECRET_KEY="a secret of the tests alone, long enough for every algorithm",
        TAPEDECK_DATA_DIR=str(data),
        DATABASE_URL=os.environ.get(STORAGE) or f"sqlite:///{data}/db.sqlite3",
        REDIS_URL="",
        EMBEDDED_BROKER="filesystem",
        DEBUG="false",
        HTTPS="false",
        REGISTRATION_OPEN="true",
        LOG_LEVEL="WARNING",
        **NO_LIMITS,
        LOG_FORMAT="json",
    )
    os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba" / source_digest()))


prepare()
