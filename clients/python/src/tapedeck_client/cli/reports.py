"""`tapedeck backtest list`, `compare` and `export`."""

import argparse
import csv
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from tapedeck_client.cli import credentials
from tapedeck_client.cli.display import table
from tapedeck_client.cli.figures import FIGURES
from tapedeck_client.records import ExecutionDetail, Row

COLUMNS: Mapping[str, Sequence[str]] = {
    "events": ("sequence", "event_type", "strategy_type", "timestamp", "event", "created_at"),
    "trades": (
        "sequence", "instrument", "direction", "units", "entry_time", "entry_price", "exit_time", "exit_price", "pnl",
        "pips", "details", "created_at",
    ),
    "equity": ("sequence", "timestamp", "balance"),
}  # fmt: skip


def listing(options: argparse.Namespace) -> bool:
    with credentials.connect(options.url) as client:
        found = list(itertools.islice(client.executions.list(status=options.status), options.count))
    heading = ("Execution", "Task", "Run", "Strategy", "Status", "Done", "Bars", "Created")
    rows = [
        (
            str(one.id),
            str(one.task_id),
            str(one.execution_number),
            one.strategy_type,
            one.status,
            f"{one.progress:.1f} %",
            f"{one.processed:,}",
            f"{one.created_at:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    print(table([heading, *rows], has_heading=True) if rows else "There are no executions.")
    return True


def compare(options: argparse.Namespace) -> bool:
    """Every figure of each run, and how far it is from the first one's; then what went in differently."""
    with credentials.connect(options.url) as client:
        details = [client.execution(number).detail() for number in (options.first, *options.others)]
    first, *others = details
    heading = ["", f"#{first.id}", *(text for one in others for text in (f"#{one.id}", "Δ"))]
    rows = [heading]
    rows.append(["Strategy", first.strategy_type, *(text for one in others for text in (one.strategy_type, ""))])
    rows.append(["Status", first.status, *(text for one in others for text in (one.status, ""))])
    known = [dict(one.metrics or {}) for one in details]
    for figure in FIGURES:
        start, *values = [metrics.get(figure.name) for metrics in known]
        pairs = ((figure.text(value), figure.difference(value, start)) for value in values)
        rows.append([figure.title, figure.text(start), *itertools.chain.from_iterable(pairs)])
    print(table(rows, has_heading=True))
    print(_inputs(details))
    return True


def _inputs(details: list[ExecutionDetail]) -> str:
    """What of the manifests differs."""
    flat = [dict(_flat(one.manifest)) for one in details]
    names = dict.fromkeys(name for one in flat for name in one)
    differing = [name for name in names if len({json.dumps(one.get(name)) for one in flat}) > 1]
    if not differing:
        return "\nThe same went into all of them."
    heading = ["What went in", *(f"#{one.id}" for one in details)]
    rows = [[name, *(_short(one[name]) if name in one else "" for one in flat)] for name in differing]
    return "\n" + table([heading, *rows], has_heading=True)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, value


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:23]}…"


def export(options: argparse.Namespace) -> bool:
    """Page by page, so that memory does not grow with the run; a file appears when it is complete."""
    with credentials.connect(options.url) as client:
        rows: Iterable[Row] = getattr(client.execution(options.execution), options.journal)()
        write = partial(_as_csv, columns=COLUMNS[options.journal]) if options.format == "csv" else _as_ndjson
        if options.output is None:
            count = write(rows, sys.stdout)
            sys.stdout.flush()
        else:
            count = _into(options.output, partial(write, rows))
    print(f"{count:,} rows of {options.journal}", file=sys.stderr)
    return True


def _into(path: Path, write: Callable[[TextIO], int]) -> int:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            count = write(file)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(draft, 0o666 & ~umask)  # as any other file of this user
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return count


def _as_ndjson(rows: Iterable[Row], file: TextIO) -> int:
    """The objects as the server gave them."""
    count = 0
    for row in rows:
        file.write(json.dumps(row.body, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def _as_csv(rows: Iterable[Row], file: TextIO, columns: Sequence[str]) -> int:
    """Objects whose members differ from row to row (an event, a trade's details) are one column of JSON."""
    writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        members = {**row.body, **row.body.get("trade", {})}
        writer.writerow({name: _cell(value) for name, value in members.items()})
        count += 1
    return count


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else value
