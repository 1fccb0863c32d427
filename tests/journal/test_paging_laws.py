"""T30, T31: following `next`, or polling with since_sequence, gives each row once, whatever is appended meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.journal.test_list_api import MEMBERS

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
Append = Callable[[str, int], None]
laws = settings(
    max_examples=15,
    deadline=None,
    # each example appends to the same execution: what is there before only makes the journal longer
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.case("T30", "T31", "T44")
@pytest.mark.parametrize("name", list(MEMBERS))
@laws
@given(page_size=st.integers(1, 40), appends=st.lists(st.integers(0, 25), min_size=1, max_size=6))
def test_following_next_under_appends_gives_each_row_once(
    api: APIClient, execution: Any, append: Append, name: str, page_size: int, appends: list[int]
) -> None:
    append(name, 10)
    waiting = list(appends)
    url: str | None = f"/api/trading/executions/{execution.pk}/{name}/?page_size={page_size}"
    seen: list[int] = []

    while url:
        body = api.get(url).json()
        seen += [row["sequence"] for row in body[MEMBERS[name]]]
        assert len(body[MEMBERS[name]]) <= page_size
        if waiting:
            append(name, waiting.pop())
        url = body["next"]

    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= body["count"]


@pytest.mark.case("T31", "T41", "T49")
@pytest.mark.parametrize("name", list(MEMBERS))
@laws
@given(page_size=st.integers(1, 40), appends=st.lists(st.integers(0, 25), min_size=1, max_size=6))
def test_polling_by_since_sequence_gives_each_row_once(
    api: APIClient, execution: Any, append: Append, name: str, page_size: int, appends: list[int]
) -> None:
    waiting, last, seen = list(appends), 0, []

    while True:
        body = api.get(
            f"/api/trading/executions/{execution.pk}/{name}/", {"since_sequence": last, "page_size": page_size}
        ).json()
        rows = [row["sequence"] for row in body[MEMBERS[name]]]
        seen += rows
        last = rows[-1] if rows else last
        if waiting:
            append(name, waiting.pop())
        elif not rows:
            break

    assert seen == list(range(1, len(seen) + 1))
    execution.refresh_from_db()
    assert len(seen) == getattr(execution, f"{name}_head")


@pytest.mark.case("T24")
@pytest.mark.parametrize(
    ("name", "filters"), [("events", {"event_type": "trade_executed"}), ("trades", {"direction": "short"})]
)
@laws
@given(page_size=st.integers(1, 20), rows=st.integers(0, 60))
def test_t24_a_filter_keeps_sequences_and_pages_alike(
    api: APIClient, execution: Any, append: Append, name: str, filters: dict[str, str], page_size: int, rows: int
) -> None:
    append(name, rows)
    url: str | None = f"/api/trading/executions/{execution.pk}/{name}/"
    everything = api.get(url, {"page_size": 1000}).json()
    query: Any = {**filters, "page_size": page_size}
    seen: list[dict[str, Any]] = []

    while url:
        body = api.get(url, query).json()
        seen += body[MEMBERS[name]]
        url, query = body["next"], None

    if everything["next"] is None:
        text = "trade_executed" if name == "events" else "short"
        assert seen == [row for row in everything[name] if text in str(row)]
    assert len(seen) == body["count"]
