"""The stack's tables as they are on disk, asked directly: what the API says is compared with them."""

import sqlite3
import threading
from pathlib import Path
from typing import Any, Protocol

import psycopg

TIMES = ("lease_until", "sent_at")
SPELLING = "%%Y-%%m-%%d %%H:%%M:%%f"  # as Django compares times on SQLite


class Away(Exception):
    """The database does not answer just now."""


class Tables(Protocol):
    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query with %s for each value; Away where there is no answer."""

    def change(self, statement: str, *values: Any) -> None:
        """Carry a statement out and commit it."""

    def shift(self, execution: int, hours: int) -> None:
        """Move the two times of an execution's row, as if the clock had jumped the other way."""

    def damage(self) -> list[str]:
        """What the database finds wrong with its own files, as far as it looks."""

    def close(self) -> None:
        """Let go of what is kept open; the next question opens it again."""


class PostgresTables:
    """One connection for each thread, opened anew when the server was away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kept: dict[int, psycopg.Connection[tuple[Any, ...]]] = {}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._ask(query, values).fetchall()

    def change(self, statement: str, *values: Any) -> None:
        self._ask(statement, values)

    def shift(self, execution: int, hours: int) -> None:
        moved = ", ".join(f"{name} = {name} + make_interval(hours => %s)" for name in TIMES)
        self.change(f"UPDATE executions_execution SET {moved} WHERE id = %s", hours, hours, execution)

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        options = "-c lock_timeout=3s -c application_name=faults"
        return psycopg.connect(self._url, autocommit=True, connect_timeout=3, options=options)

    def damage(self) -> list[str]:
        return []  # it finds out when it recovers, and then does not come up

    def close(self) -> None:
        while self._kept:
            self._kept.popitem()[1].close()

    def _ask(self, query: str, values: tuple[Any, ...]) -> "psycopg.Cursor[tuple[Any, ...]]":
        try:
            connection = self._kept.get(threading.get_ident())
            if connection is None or connection.closed:
                connection = self._kept[threading.get_ident()] = self.connect()
            return connection.execute(query, values)
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
            raise Away(str(error)) from error


class SqliteTables:
    """A connection for each question: SQLite opens a file in no time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._ask(query, values)

    def change(self, statement: str, *values: Any) -> None:
        self._ask(statement, values)

    def shift(self, execution: int, hours: int) -> None:
        moved = ", ".join(f"{name} = strftime('{SPELLING}', {name}, '{hours:+d} hours')" for name in TIMES)
        self.change(f"UPDATE executions_execution SET {moved} WHERE id = %s", execution)

    def damage(self) -> list[str]:
        found = [text for (text,) in self.rows("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """Nothing is kept."""

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=3.0, isolation_level=None)

    def _ask(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            connection = self.connect()
            try:
                return connection.execute(query.replace("%s", "?").replace("%%", "%"), values).fetchall()
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            raise Away(str(error)) from error
