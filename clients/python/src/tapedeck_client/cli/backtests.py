"""`tapedeck backtest run`, `watch` and `verify`."""

import argparse
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from tapedeck_client.cli import credentials
from tapedeck_client.cli.display import ProgressBar, table
from tapedeck_client.cli.figures import FIGURES
from tapedeck_client.client import Tapedeck
from tapedeck_client.errors import TapedeckError

TRIES = 8  # some 50 seconds, so that a server may be restarted meanwhile


def run(options: argparse.Namespace) -> bool:
    """Whether the run completed."""
    with credentials.connect(options.url) as client:
        execution_id = _start(client, options)
    if options.detach:
        print(execution_id)
        return True
    return _watch(options.url, execution_id)


def watch(options: argparse.Namespace) -> bool:
    return _watch(options.url, options.execution)


def verify(options: argparse.Namespace) -> bool:
    """Whether the repetition brought the same tape."""
    with credentials.connect(options.url, tries=TRIES) as client:
        found = client.execution(options.execution).verify()
    print(f"Execution {options.execution} is {found.outcome}: {found.report.get('summary', '')}")
    return found.outcome == "equal"


def _start(client: Tapedeck, options: argparse.Namespace) -> int:
    """The execution of a new task. A configuration whose task is refused is taken back."""
    dataset = _dataset(client, options.dataset)
    terms = {"start_time": options.start, "end_time": options.end, "initial_balance": options.cash}
    terms = {**{name: value for name, value in terms.items() if value is not None}, **dict(options.terms)}
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    name = options.name or f"{options.strategy} {moment} {uuid.uuid4().hex[:6]}"
    config = client.configs.create(name, options.strategy, dict(options.parameters))
    try:
        task = client.backtests.create(name, config=config.id, dataset=dataset, **terms)
    except TapedeckError:
        client.configs.delete(config.id)
        raise
    return client.backtests.start(task.id).execution_id


def _dataset(client: Tapedeck, text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    found = [dataset for dataset in client.datasets.list(search=text) if dataset.name == text]
    if not found:
        raise ValueError(f"No dataset is called {text!r}.")
    if len(found) > 1:
        raise ValueError(f"{len(found)} datasets are called {text!r}: say the number of the one you mean.")
    return found[0].id


def _watch(url: str | None, execution_id: int) -> bool:
    with credentials.connect(url, tries=TRIES) as client:
        execution = client.execution(execution_id)
        try:
            with ProgressBar(f"Execution {execution_id}") as bar:
                for status in execution.statuses():
                    done = status.checkpoint.processed if status.checkpoint else 0
                    bar.show(status.progress, status.status, f"{done:,} bars")
        except KeyboardInterrupt:
            print(f"It goes on without you: tapedeck backtest watch {execution_id}", file=sys.stderr)
            raise
        detail = execution.detail()
    print(table(_result(detail)))
    if detail.error_message:
        print(f"tapedeck: execution {execution_id} failed: {detail.error_message}", file=sys.stderr)
    return detail.status == "completed"


def _result(detail: Any) -> list[tuple[str, ...]]:
    seconds = "" if detail.duration is None else f"{detail.duration:.1f} s"
    rows: list[tuple[str, ...]] = [
        (f"Execution {detail.id}", detail.strategy_type),
        ("Status", detail.status),
        ("Bars", f"{detail.processed:,}"),
        ("Took", seconds),
    ]
    metrics = detail.metrics or {}
    return rows + [
        (figure.title, figure.text(metrics.get(figure.name))) for figure in FIGURES if figure.name in metrics
    ]
