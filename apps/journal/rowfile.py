"""Table rows in a zip file: what archives and backups are made of.

The rows of a table are parts, `<table>/<number of the first row>.jsonl.zst`: one JSON array a line, in the order of the
columns that `contents.json` names, compressed by Zstandard. A part is read whole, and zip's checksum tells by its name
when it is damaged. JSON and Zstandard know nothing of a database, so rows go from any into any other.
"""

import base64
import json
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import orjson
import zstandard
from django.db.models import (
    BinaryField,
    BooleanField,
    CharField,
    FloatField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

from apps.errors import Conflict

FORMAT = 1
CONTENTS = "contents.json"
ARCHIVE_PART_BYTES = 1 << 20  # before compression: what a reader of one page has to unpack, about two milliseconds
BACKUP_PART_BYTES = 8 << 20
COPY_BYTES = 1 << 20
LEVEL = 3
PLAIN = (BooleanField, CharField, IntegerField, TextField)  # JSON gives back what it was given
DAMAGES = (ArithmeticError, BadZipFile, EOFError, LookupError, NotImplementedError, RuntimeError, ValueError)


class FileDamaged(Conflict):
    code = "file_damaged"


class RowFileWriter:
    """Puts tables and files into a new zip; `finish` writes the contents, without which nobody can read it."""

    def __init__(self, file: IO[bytes], part_bytes: int) -> None:
        self._zip = ZipFile(file, "w", ZIP_STORED)
        self._part_bytes = part_bytes
        self._tables: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    def write(self, model: type[Model], rows: Iterable[Sequence[Any]], key: Callable[[Any], int] | None = None) -> int:
        """Write rows, the values of `fields_of(model)`; returns how many.

        key: the number of a row, ascending, by which it can be looked up; without it, its place.
        """
        fields = fields_of(model)
        spell = _speller(fields)
        lines: list[bytes] = []
        first, size, count = 1, 0, 0
        for row in rows:
            count += 1
            if not lines:
                first = key(row) if key else count
            lines.append(spell(row))
            size += len(lines[-1])
            if size >= self._part_bytes:
                self._part(model, first, lines)
                lines, size = [], 0
        if lines:
            self._part(model, first, lines)
        self._tables[table_of(model)] = {"columns": [field.attname for field in fields], "rows": count}
        return count

    def copy(self, name: str, source: IO[bytes], compress: bool) -> None:
        """Put a file in under a name."""
        with self._zip.open(_entry(name), "w", force_zip64=True) as target:
            if compress:
                zstandard.ZstdCompressor(LEVEL).copy_stream(source, target)
            else:
                while piece := source.read(COPY_BYTES):
                    target.write(piece)

    def add(self, name: str, content: bytes) -> None:
        """Put a small file in."""
        self._zip.writestr(_entry(name), content)

    def finish(self, **about: Any) -> None:
        contents = {"format": FORMAT, **about, "tables": self._tables}
        self._zip.writestr(_entry(CONTENTS), orjson.dumps(contents, option=orjson.OPT_INDENT_2))

    def _part(self, model: type[Model], first: int, lines: list[bytes]) -> None:
        packed = zstandard.ZstdCompressor(LEVEL).compress(b"\n".join(lines))
        self._zip.writestr(_entry(f"{table_of(model)}/{first:012d}.jsonl.zst"), packed)


class RowFile:
    """A zip of table rows, open for reading. Raises FileDamaged with the place, and FileNotFoundError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._reading("its directory (the end of the file, which may be missing)"):
            self._zip = ZipFile(path)
        for entry in self._zip.infolist():
            if entry.compress_type != ZIP_STORED:  # each way of unpacking fails by exceptions of its own
                self._zip.close()
                raise FileDamaged(f"{self.path.name} is damaged at its directory: {entry.filename} cannot be packed.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    @cached_property
    def contents(self) -> dict[str, Any]:
        with self._reading(CONTENTS):
            contents: dict[str, Any] = orjson.loads(self._zip.read(CONTENTS))
        if contents["format"] != FORMAT:
            raise Conflict(f"{self.path.name} has format {contents['format']}; this Tapedeck reads format {FORMAT}.")
        return contents

    @property
    def names(self) -> list[str]:
        return self._zip.namelist()

    @property
    def size(self) -> int:
        return sum(entry.file_size for entry in self._zip.infolist())

    @property
    def row_count(self) -> int:
        return sum(int(table["rows"]) for table in self.contents["tables"].values())

    def count(self, model: type[Model]) -> int:
        """How many rows of the table there are."""
        return int(self.contents["tables"].get(table_of(model), {}).get("rows", 0))

    def rows(self, model: type[Model], first: int = 1) -> Iterator[list[Any]]:
        """The rows as values of `fields_of(model)`, from the part on that the row of number `first` is in."""
        if not (table := self.contents["tables"].get(table_of(model))):
            return
        restore = _restorer(fields_of(model), table["columns"])
        parts = self._parts[table_of(model)] if table["rows"] else []
        begin = max(bisect_right(parts, first, key=lambda part: part[0]) - 1, 0)
        for _, name in parts[begin:]:
            with self._reading(name):
                rows = [restore(orjson.loads(line)) for line in self._unpacked(name).split(b"\n")]
            yield from rows

    def check(self, progress: Callable[[int], None]) -> None:
        """Read everything once and compare the checksums; progress hears of each piece's size."""
        for name in self.names:
            with self._reading(name), self._zip.open(name) as file:
                while piece := file.read(COPY_BYTES):
                    progress(len(piece))

    def extract(self, name: str, target: IO[bytes], compressed: bool) -> None:
        """Write a file that was put in by `copy`."""
        with self._reading(name), self._zip.open(name) as source:
            if compressed:
                zstandard.ZstdDecompressor().copy_stream(source, target)
            else:
                while piece := source.read(COPY_BYTES):
                    target.write(piece)

    @cached_property
    def _parts(self) -> dict[str, list[tuple[int, str]]]:
        """(number of the first row, name) of each table's parts, in their order."""
        parts: dict[str, list[tuple[int, str]]] = {table: [] for table in self.contents["tables"]}
        for name in self.names:
            table, _, number = name.removesuffix(".jsonl.zst").rpartition("/")
            if table in parts:
                parts[table].append((int(number), name))
        return {table: sorted(numbered) for table, numbered in parts.items()}

    def _unpacked(self, name: str) -> bytes:
        return zstandard.ZstdDecompressor().decompress(self._zip.read(name))

    @contextmanager
    def _reading(self, place: str) -> Iterator[None]:
        try:
            yield
        except (*DAMAGES, zstandard.ZstdError) as error:  # a damaged file makes its readers stumble in many ways
            raise FileDamaged(f"{self.path.name} is damaged at {place}: {error}") from error


def table_of(model: type[Model]) -> str:
    return model._meta.db_table


def fields_of(model: type[Model]) -> tuple[Any, ...]:
    return tuple(model._meta.concrete_fields)


def _entry(name: str) -> ZipInfo:
    return ZipInfo(name)  # of one fixed date, so that equal contents are equal files


def _speller(fields: Sequence[Any]) -> Callable[[Sequence[Any]], bytes]:
    """What makes a row's line of it."""
    special = [(place, spell) for place, field in enumerate(fields) if (spell := _spelling(field))]

    def spelt(row: Sequence[Any]) -> bytes:
        if special:
            row = list(row)
            for place, spell in special:
                if row[place] is not None:
                    row[place] = spell(row[place])
        return orjson.dumps(row, default=_text)

    return spelt


def _spelling(field: Any) -> Callable[[Any], Any] | None:
    """How values are written that JSON, as orjson has it, would not give back."""
    if isinstance(field, JSONField):
        return json.dumps  # integers of any size
    if isinstance(field, FloatField):
        return lambda value: value if math.isfinite(value) else repr(value)
    return None


def _text(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else str(value)


def _restorer(fields: Sequence[Any], columns: list[str]) -> Callable[[list[Any]], list[Any]]:
    """What makes the fields' values of a line's; columns: the names of the line's values."""
    places = [columns.index(field.attname) for field in fields]
    special = [(place, restore) for place, field in enumerate(fields) if (restore := _restoring(field))]

    def restored(line: list[Any]) -> list[Any]:
        if len(line) != len(columns):
            raise ValueError(f"a row of {len(line)} values instead of {len(columns)}")
        row = [line[place] for place in places]
        for place, restore in special:
            if row[place] is not None:
                row[place] = restore(row[place])
        return row

    return restored


def _restoring(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, ForeignKey):
        return _restoring(field.target_field)
    if isinstance(field, JSONField):
        return json.loads
    if isinstance(field, BinaryField):
        return base64.b64decode
    return None if isinstance(field, PLAIN) else field.to_python
