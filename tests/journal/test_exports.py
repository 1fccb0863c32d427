"""A journal as one file holds the rows that its list shows, in each format, and is made while it is sent."""

import csv
import io
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
Append = Callable[[str, int], None]
MEMBERS = {"events": "events", "trades": "trades", "equity": "equity_curve"}
TYPES = {
    "ndjson": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
COLUMNS = {
    "events": ["sequence", "event_type", "strategy_type", "timestamp", "event", "created_at"],
    "trades": [
        "sequence", "instrument", "direction", "units", "entry_time", "entry_price", "exit_time", "exit_price", "pnl",
        "pips", "details", "created_at",
    ],
    "equity": ["sequence", "timestamp", "balance"],
}  # fmt: skip


@pytest.fixture(params=list(MEMBERS))
def journal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def get(api: APIClient) -> Callable[..., Any]:
    """get(execution, "events", format="csv"): the answer, and its whole body where it is one."""

    def ask(execution: Any, journal: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        answer = api.get(_url(execution, journal), query, headers=headers or {})
        return answer, answer.getvalue() if answer.streaming else answer.content

    return ask


def shown(api: APIClient, execution: Any, journal: str, **query: Any) -> list[Any]:
    """The rows of the list."""
    answer = api.get(f"/api/trading/executions/{execution.pk}/{journal}/", {"page_size": 1000, **query}).json()
    assert answer["next"] is None
    return list(answer[MEMBERS[journal]])


def flat(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **row.get("trade", {})}


def lines(body: bytes) -> list[Any]:
    return [orjson.loads(line) for line in body.splitlines()]


@pytest.mark.storage
def test_lines_are_the_rows_of_the_list(api: APIClient, get: Callable[..., Any], finished: Any, journal: str) -> None:
    answer, body = get(finished, journal, format="ndjson")

    assert answer.status_code == 200
    assert body.endswith(b"\n")
    assert lines(body) == shown(api, finished, journal)


def test_a_table_has_a_line_a_row(api: APIClient, get: Callable[..., Any], finished: Any, journal: str) -> None:
    _, body = get(finished, journal, format="csv")

    table = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    rows = [flat(row) for row in shown(api, finished, journal)]
    assert body.decode().partition("\n")[0].split(",") == COLUMNS[journal]
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        for name, cell in cells.items():
            assert (orjson.loads(cell) if isinstance(row[name], dict) else cell) == (
                row[name] if isinstance(row[name], dict) else str(row[name])
            )


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_columns_have_types(api: APIClient, get: Callable[..., Any], finished: Any, journal: str, name: str) -> None:
    _, body = get(finished, journal, format=name)

    file = io.BytesIO(body)
    table = pyarrow.parquet.read_table(file) if name == "parquet" else pyarrow.ipc.open_stream(file).read_all()
    rows = [flat(row) for row in shown(api, finished, journal)]
    assert table.column_names == COLUMNS[journal]
    assert table["sequence"].to_pylist() == list(range(1, len(rows) + 1))
    for column in ("units", "entry_price", "pnl", "balance"):
        if column in table.column_names:
            assert table[column].to_pylist() == [float(row[column]) for row in rows]
    for column in ("timestamp", "exit_time", "created_at"):
        if column in table.column_names:
            spelt = [moment.isoformat().replace("+00:00", "Z") for moment in table[column].to_pylist()]
            assert spelt == [row[column] for row in rows]


@pytest.mark.parametrize("name", list(TYPES))
def test_an_empty_journal_is_an_empty_file(get: Callable[..., Any], execution: Any, journal: str, name: str) -> None:
    answer, body = get(execution, journal, format=name)

    assert answer.status_code == 200
    if name == "ndjson":
        assert body == b""
    elif name == "csv":
        assert body.decode() == ",".join(COLUMNS[journal]) + "\n"
    elif name == "parquet":
        assert pyarrow.parquet.read_table(io.BytesIO(body)).num_rows == 0
    else:
        assert pyarrow.ipc.open_stream(io.BytesIO(body)).read_all().num_rows == 0


@pytest.mark.storage
@pytest.mark.parametrize(
    ("journal", "query"),
    [
        *((name, {"since_sequence": since}) for name in MEMBERS for since in (0, 7, 10, 10**15)),
        ("events", {"event_type": "trade_executed"}),
        ("events", {"event_type": "trade_executed", "since_sequence": 4}),
        ("events", {"event_type": "no such"}),
        ("trades", {"direction": "short"}),
        ("trades", {"direction": "long", "instrument": "EUR_USD", "since_sequence": 3}),
        ("equity", {"max_points": 4}),
        ("equity", {"start_time": "2024-01-01T00:03:00Z", "end_time": "2024-01-01T00:05:00Z"}),
    ],
)
def test_a_file_is_narrowed_as_the_list_is(
    api: APIClient, get: Callable[..., Any], execution: Any, append: Append, journal: str, query: dict[str, Any]
) -> None:
    append(journal, 10)

    _, body = get(execution, journal, format="ndjson", **query)

    assert lines(body) == shown(api, execution, journal, **query)


@pytest.mark.parametrize("query", [{}, {"event_type": "strategy_signal"}])
def test_rows_that_come_meanwhile_are_left_out(
    api: APIClient, execution: Any, append: Append, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.journal.export_views.PIECE_ROWS", 2)
    append("events", 10)
    before = shown(api, execution, "events", **query)

    answer = api.get(_url(execution, "events"), query)
    append("events", 10)

    assert lines(answer.getvalue()) == before


@pytest.mark.parametrize("name", list(TYPES))
def test_a_file_is_read_as_it_is_sent(
    api: APIClient, execution: Any, append: Append, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.events.journal import events

    asked: list[int] = []
    since = type(events).since

    def noted(self: Any, execution_id: int, after: int, limit: int) -> list[str]:
        asked.append(after)
        return since(self, execution_id, after, limit)

    append("events", 10)
    monkeypatch.setattr("apps.journal.export_views.PIECE_ROWS", 2)
    monkeypatch.setattr("apps.journal.exports.GROUP_ROWS", 2)
    monkeypatch.setattr(type(events), "since", noted)

    pieces = iter(api.get(_url(execution, "events"), {"format": name}))

    assert asked == []
    assert len(list(islice(pieces, 2))) == 2
    assert asked in ([0, 2], [0, 2, 4])


@pytest.mark.parametrize("name", list(TYPES))
def test_the_headers_name_the_file(get: Callable[..., Any], finished: Any, journal: str, name: str) -> None:
    answer, _ = get(finished, journal, format=name)

    assert answer["Content-Type"] == TYPES[name]
    assert answer["Content-Disposition"] == f'attachment; filename="execution-{finished.pk}-{journal}.{name}"'
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Content-Length" not in answer
    assert "Accept" in answer["Vary"].split(", ")


@pytest.mark.parametrize("name", list(TYPES))
def test_the_format_may_be_asked_for_by_type(get: Callable[..., Any], finished: Any, name: str) -> None:
    by_name, body = get(finished, "trades", format=name)

    by_type, same = get(finished, "trades", headers={"accept": f"image/png;q=0.1, {TYPES[name].partition(';')[0]}"})

    assert same == body
    assert by_type["Content-Type"] == by_name["Content-Type"]


@pytest.mark.parametrize("accept", ["*/*", "application/*, text/plain;q=0.3", ""])
def test_who_takes_anything_gets_lines(get: Callable[..., Any], finished: Any, accept: str) -> None:
    answer, _ = get(finished, "trades", headers={"accept": accept} if accept else {})

    assert answer["Content-Type"] == TYPES["ndjson"]


def test_who_takes_none_of_the_types_is_told_them(get: Callable[..., Any], finished: Any, journal: str) -> None:
    answer, _ = get(finished, journal, headers={"accept": "image/png"})

    assert answer.status_code == 406
    assert "text/csv" in answer.json()["error"]


def test_equal_rows_are_equal_files_under_one_tag_each(get: Callable[..., Any], finished: Any, journal: str) -> None:
    files = {name: get(finished, journal, format=name) for name in TYPES}

    for name, (answer, body) in files.items():
        again, same = get(finished, journal, format=name)
        assert (again["ETag"], same) == (answer["ETag"], body)
        assert get(finished, journal, format=name, headers={"if-none-match": answer["ETag"]})[0].status_code == 304
    assert len({answer["ETag"] for answer, _ in files.values()}) == len(TYPES)


def test_an_archive_gives_the_same_file(get: Callable[..., Any], finished: Any, journal: str) -> None:
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    before = {name: get(finished, journal, format=name) for name in TYPES}

    archive_execution(finished)
    leftovers.sweep()

    for name, (answer, body) in before.items():
        after, same = get(finished, journal, format=name)
        assert (after["ETag"], same) == (answer["ETag"], body)


def test_a_head_is_an_answer_without_its_file(api: APIClient, finished: Any, journal: str) -> None:
    answer = api.head(_url(finished, journal), {"format": "csv"})

    assert answer.status_code == 200
    assert answer["Content-Disposition"]
    assert answer["ETag"] == api.get(_url(finished, journal), {"format": "csv"})["ETag"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"format": "xml"}, "format"),
        ({"format": ""}, "format"),
        ({"page": "2"}, "page"),
        ({"since_sequence": "x"}, "since_sequence"),
        ({"since_sequence": "-1"}, "since_sequence"),
        ({"limit": "5"}, "limit"),
    ],
)
def test_a_wrong_wish_is_refused_by_name(
    get: Callable[..., Any], execution: Any, journal: str, query: dict[str, str], named: str
) -> None:
    answer, _ = get(execution, journal, **query)

    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_a_filter_is_checked_as_in_the_list(get: Callable[..., Any], execution: Any) -> None:
    assert get(execution, "trades", direction="up")[0].status_code == 400
    assert get(execution, "equity", start_time="noon")[0].status_code == 400
    assert get(execution, "equity", max_points="1")[0].status_code == 400


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_without_its_package_a_format_is_refused_with_what_to_do(
    get: Callable[..., Any], finished: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    answer, _ = get(finished, "trades", format=name)

    assert answer.status_code == 422
    assert "manage.py extra parquet" in answer.json()["error"]


def test_strangers_get_nothing(stranger_api: APIClient, anonymous_api: APIClient, finished: Any, journal: str) -> None:
    assert stranger_api.get(_url(finished, journal)).status_code == 403
    assert anonymous_api.get(_url(finished, journal)).status_code == 401
    assert stranger_api.get("/api/trading/executions/987654321/trades/export/").status_code == 404


def test_a_key_that_may_read_may_export(owner: Any, finished: Any) -> None:
    from apps.accounts import keys

    _, text = keys.create(owner, name="reader", scope="read")
    client = APIClient()
    client.credentials(HTTP_X_API_KEY=text)

    assert client.get(_url(finished, "trades")).status_code == 200
    assert client.post(_url(finished, "trades")).status_code == 403


def test_a_deleted_execution_ends_in_the_middle_and_not_as_if_it_were_whole(
    api: APIClient, execution: Any, append: Append, journal: str
) -> None:
    from apps.errors import NotFound
    from apps.executions.models import Execution

    append(journal, 10)
    answer = api.get(_url(execution, journal))

    Execution.objects.filter(pk=execution.pk).delete()

    with pytest.raises(NotFound):
        answer.getvalue()


def _url(execution: Any, journal: str) -> str:
    return f"/api/trading/executions/{execution.pk}/{journal}/export/"
