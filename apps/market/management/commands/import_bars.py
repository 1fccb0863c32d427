"""`manage.py import_bars FILE --symbol SPY --timeframe 1m --name "SPY minutes" --owner me@example.org`"""

import io
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.errors import DomainError
from apps.market import services
from apps.market.conventions import timeframe_of
from apps.market.importers import IMPORTERS
from apps.market.models import Dataset, DatasetVersion, Instrument
from apps.market.quality import CROSSED, REFUSE

BAR_WIDTH = 40


class Command(BaseCommand):
    help = "Import bars from a file into a dataset, and say what was remarkable about them."
    layout: str = Dataset.Layout.BARS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=", ".join(IMPORTERS))
        parser.add_argument("--symbol", required=True, help="the instrument, for instance EUR_USD")
        if self.layout != Dataset.Layout.TICKS:
            parser.add_argument("--timeframe", required=True, help="1m, 4h, 1d, or a number of seconds")
        if self.layout != Dataset.Layout.BARS:
            told = "quotes whose ask is below their bid: refuse the file, or leave them out and count them"
            parser.add_argument("--crossed", choices=CROSSED, default=REFUSE, help=told)
        parser.add_argument("--name", required=True, help="of the dataset")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--owner", help="e-mail address of the user whose dataset it is")
        whose.add_argument("--shared", action="store_true", help="a dataset of the server's own, which every user sees")
        parser.add_argument("--kind", choices=Instrument.Kind.values, help="of the instrument, when it is new")
        parser.add_argument("--source", default="", help="where the rows come from")
        parser.add_argument("--licence", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with _opened(path) as file:
                version = services.import_file(
                    owner=None if options["shared"] else _user(options["owner"]),
                    name=options["name"],
                    symbol=options["symbol"],
                    layout=self.layout,
                    timeframe_seconds=timeframe_of(options["timeframe"]) if "timeframe" in options else 0,
                    crossed=options.get("crossed", REFUSE),
                    file=file,
                    filename=path.name,
                    instrument={"kind": options["kind"]} if options["kind"] else {},
                    source=options["source"],
                    licence=options["licence"],
                )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(_report(version))


def _user(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandError(f"There is no user {email}; --shared makes a dataset that every user sees.")
    return user


def _report(version: DatasetVersion) -> str:
    kind = version.dataset.get_layout_display()
    period = f"{version.starts_at:%Y-%m-%d %H:%M} to {version.ends_at:%Y-%m-%d %H:%M} UTC"
    findings = [f"  {name.replace('_', ' ')}: {value}" for name, value in version.report.items()]
    return "\n".join([f"{version}: {version.rows:,} {kind}, {period}", *findings])


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file; on a terminal, a bar shows how much of it was read."""
    with path.open("rb", buffering=0) as file:
        if not sys.stderr.isatty():
            yield io.BufferedReader(file)
            return
        yield io.BufferedReader(_Watched(file, path.stat().st_size), 1024 * 1024)
        sys.stderr.write("\n")


class _Watched(io.RawIOBase):
    """A file that draws a bar while it is read."""

    def __init__(self, file: io.FileIO, size: int) -> None:
        self.file = file
        self.size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int | None:
        count = self.file.readinto(buffer)
        share = self.file.tell() / max(self.size, 1)
        sys.stderr.write(f"\r[{'#' * round(share * BAR_WIDTH):<{BAR_WIDTH}}] {share:4.0%}")
        sys.stderr.flush()
        return count
