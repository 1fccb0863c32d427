"""Rows come back as they went in, whatever stands in them; on both databases."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.events.journal import content as event_content
from apps.events.journal import events
from apps.events.models import Event
from apps.executions.models import Execution
from apps.journal.journal import NewRows, content
from apps.trades.journal import trades
from apps.trades.models import Trade
from tests.journal.conftest import CREATED_AT

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
laws = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
nasty = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30) | st.sampled_from(
    ["\\", "\\N", "\\.", "\\n", "\t", "\r\n", '"', "\\\\.", "a\tb\nc", "N", "", "\x01\x7f", "\u2028", "💥", "%s{0}"]
)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@laws
@given(texts=st.lists(nasty, min_size=1, max_size=6), raw=st.booleans())
@example(texts=["\\."], raw=True)
def test_any_text_comes_back_as_it_was(execution: Any, texts: list[str], raw: bool) -> None:
    """raw: text that no JSON would hold so, a line feed for one: the database line must stand it all the same."""
    head = Execution.objects.get(pk=execution.pk).events_head
    contents = [f'"text":{text if raw else orjson.dumps(text).decode()}' for text in texts]

    events.append(execution.pk, NewRows((["strategy_signal"] * len(texts),), contents, CREATED_AT))

    bodies = events.since(execution.pk, head, len(texts))
    for sequence, (body, text) in enumerate(zip(bodies, contents, strict=True), start=head + 1):
        assert body == f'{{"sequence":{sequence},{text},"created_at":"{CREATED_AT}"}}'
        assert content(body) == f"{text}\n".encode()
        if not raw:
            assert orjson.loads(body)["sequence"] == sequence


@laws
@given(symbols=st.lists(words | nasty, min_size=1, max_size=6))
def test_any_filter_column_comes_back_as_it_was(execution: Any, symbols: list[str]) -> None:
    head = Execution.objects.get(pk=execution.pk).trades_head

    trades.append(execution.pk, NewRows((symbols, ["long"] * len(symbols)), ['"trade":{}'] * len(symbols), CREATED_AT))

    rows = Trade.objects.filter(execution=execution, sequence__gt=head).order_by("sequence")
    assert [(row.instrument, row.direction) for row in rows] == [(symbol, "long") for symbol in symbols]


@pytest.mark.parametrize("sizes", [[1], [3, 2], [2000, 1, 0, 4000]])
def test_every_piece_is_numbered_on(execution: Any, sizes: list[int]) -> None:
    count = sum(sizes)
    kinds = [("strategy_signal", "trade_executed")[n % 2] for n in range(count)]
    contents = [event_content(kind, "sma_cross", CREATED_AT, f'{{"n":{n}}}') for n, kind in enumerate(kinds)]
    pieces, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        pieces.append(NewRows((kinds[part],), contents[part], CREATED_AT))
        start += size

    events.write(execution.pk, 1, pieces)

    rows = list(Event.objects.filter(execution=execution).order_by("sequence"))
    assert [row.sequence for row in rows] == list(range(1, count + 1))
    assert [row.event_type for row in rows] == kinds
    assert [orjson.loads(row.body)["event"]["n"] for row in rows] == list(range(count))


def test_what_is_hashed_of_new_rows_is_what_is_hashed_of_the_stored_ones(execution: Any) -> None:
    rows = NewRows((["strategy_signal"] * 3,), ['"a":"\\\\,"', '"b":[1,2]', '"c":"é"'], CREATED_AT)

    events.append(execution.pk, rows)

    head = Execution.objects.get(pk=execution.pk).events_head
    assert b"".join(events.hashed(execution.pk, head)) == rows.hashed()
