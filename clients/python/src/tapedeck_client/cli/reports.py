"""`tapedeck backtest list` and `compare`."""

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tapedeck_client.cli import credentials
from tapedeck_client.cli.display import table
from tapedeck_client.cli.figures import FIGURES
from tapedeck_client.records import ExecutionDetail


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
