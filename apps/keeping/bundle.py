"""All of an execution in one zip, made while it is sent: what went in, what came out, and what the names mean."""

from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from django.http import QueryDict

from apps.equity.views import EquityExportView
from apps.events.views import EventsExportView
from apps.executions import presentation
from apps.executions.models import Checkpoint, Execution
from apps.journal.export_views import ExportView
from apps.journal.exports import Sink, as_csv, as_lines
from apps.trades.views import TradesExportView

WHOLE = QueryDict()  # no filter
JOURNALS: tuple[type[ExportView], ...] = (EventsExportView, TradesExportView, EquityExportView)
TABLES: tuple[type[ExportView], ...] = (TradesExportView, EquityExportView)
README = """\
Execution {execution.pk}: run {execution.execution_number} of task {execution.task_id}, {execution.status}.
Tape hash (SHA-256 of all that the engine brought): {tape_hash}
Manifest hash (SHA-256 of the manifest in its canonical spelling): {execution.manifest_hash}

README.txt      this page
manifest.json   all that went in: strategy, parameters, data version, account, costs, engine version
metrics.json    the newest figures as they were computed: unrounded; shares are fractions; null is undefined
report.json     status, times and figures as the API tells them: rounded; shares are per cent
events.ndjson   {execution.events_head} rows: what was decided, filled, changed; `event` differs by `event_type`
trades.ndjson   {execution.trades_head} rows: round trips, entry to exit, written when they were closed
equity.ndjson   {execution.equity_head} rows: the balance, marked at each bar's close, in the account's currency
trades.csv      the trades as a table; `details` is JSON
equity.csv      the equity curve as a table

Rows are numbered by `sequence`: 1, 2, 3 … without gaps in each file. Times are UTC. `created_at` says when a row was
written, all other times are the market's. Two runs of one manifest have one tape hash; the server computes a run again
and compares every row with `POST /api/trading/executions/{execution.pk}/verify/`.
"""


def pieces(execution: Execution, checkpoint: Checkpoint | None) -> Iterator[bytes]:
    """The zip, up to the heads that the execution was read with. The same state gives the same bytes."""
    sink = Sink()
    with ZipFile(sink, "w") as file:
        for name, content in _files(execution, checkpoint):
            entry = ZipInfo(name)  # of one fixed date
            entry.compress_type = ZIP_DEFLATED
            with file.open(entry, "w", force_zip64=True) as target:
                for piece in content:
                    target.write(piece)
                    if packed := sink.taken():
                        yield packed
    yield sink.taken()


def _files(execution: Execution, checkpoint: Checkpoint | None) -> Iterator[tuple[str, Iterable[bytes]]]:
    tape_hash = execution.tape_hash or "none yet"
    yield "README.txt", [README.format(execution=execution, tape_hash=tape_hash).encode()]
    yield "manifest.json", [_json(execution.manifest)]
    yield "metrics.json", [_json(checkpoint.metrics if checkpoint else None)]
    yield "report.json", [_json(presentation.status_answer(execution, checkpoint, None))]
    for journal in JOURNALS:
        rows = journal().pieces(execution, WHOLE)
        yield f"{journal.journal.name}.ndjson", as_lines(journal.columns, rows)
    for journal in TABLES:
        rows = journal().pieces(execution, WHOLE)
        yield f"{journal.journal.name}.csv", as_csv(journal.columns, rows)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
