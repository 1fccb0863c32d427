"""A client that keeps what it was told, and asks with its tag, sees what one that keeps nothing sees (T70)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
Append = Callable[[str, int], None]
QUERIES = {
    "events": [
        "",
        "since_sequence=5",
        "page=2&page_size=4",
        "event_type=trade_executed&page=2&page_size=3",
        "event_type=no",
    ],
    "trades": ["", "direction=short", "instrument=EUR_USD&direction=long&page_size=3"],
    "equity": ["", "page_size=5&page=2", "max_points=4", "start_time=2024-01-01T00:03:00Z", "end_time=2024-01-01"],
}
APPENDS = st.lists(st.tuples(st.sampled_from(sorted(QUERIES)), st.integers(0, 12)), min_size=1, max_size=6)


class Keeper:
    """Keeps the last answer of each URL, as browsers do."""

    def __init__(self, api: APIClient) -> None:
        self.api = api
        self.kept: dict[str, Any] = {}
        self.spared = 0

    def get(self, url: str) -> Any:
        held = self.kept.get(url)
        answer = self.api.get(url, headers={"if-none-match": held["ETag"]} if held else {})
        if answer.status_code == 304:
            self.spared += 1
            return held.json()
        self.kept[url] = answer
        return answer.json()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(appends=APPENDS)
def test_who_keeps_answers_sees_what_others_see(
    api: APIClient, execution: Any, append: Append, appends: list[tuple[str, int]]
) -> None:
    keeper = Keeper(api)
    urls = [
        f"/api/trading/executions/{execution.pk}/{name}/?{query}" for name, some in QUERIES.items() for query in some
    ]

    for name, count in [*appends, ("events", 0)]:
        append(name, count)
        for url in urls:
            assert keeper.get(url) == api.get(url).json()

    assert keeper.spared


@pytest.mark.parametrize("name", list(QUERIES))
def test_a_row_more_is_another_tag_and_one_of_another_journal_is_not(
    api: APIClient, execution: Any, append: Append, name: str
) -> None:
    append(name, 3)
    tags = {query: api.get(_url(execution, name, query))["ETag"] for query in QUERIES[name]}
    other = next(journal for journal in QUERIES if journal != name)

    append(other, 2)
    unchanged = {query: api.get(_url(execution, name, query))["ETag"] for query in QUERIES[name]}
    append(name, 1)
    changed = {query: api.get(_url(execution, name, query))["ETag"] for query in QUERIES[name]}

    assert unchanged == tags
    assert not set(changed.values()) & set(tags.values())
    assert len(set(tags.values())) == len(tags)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("events", "page=0"),
        ("events", "since=1"),
        ("trades", "direction=up"),
        ("equity", "start_time=noon"),
        ("equity", "max_points=1"),
    ],
)
def test_a_wrong_question_is_refused_whatever_its_asker_has(
    api: APIClient, execution: Any, name: str, query: str
) -> None:
    answer = api.get(_url(execution, name, query), headers={"if-none-match": "*"})

    assert answer.status_code == 400
    assert "ETag" not in answer


def test_a_filtered_page_shows_nothing_above_the_head_it_was_counted_with(execution: Any, append: Append) -> None:
    from apps.events.views import EventsView
    from apps.journal.views import Window

    append("events", 5)
    execution.refresh_from_db()
    query = {"event_type": "strategy_signal"}

    append("events", 4)  # committed after the execution was read, and before its rows are
    rows, count = EventsView().read(execution, Window(since=0, page=1, size=100), query)  # type: ignore[arg-type]

    assert (len(rows), count) == (3, 3)


def test_a_thinned_curve_is_the_same_in_the_archive(api: APIClient, finished: Any, append: Append) -> None:
    from apps.executions.models import Execution
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    append("equity", 30_000)
    Execution.objects.filter(pk=finished.pk).update(tape_hash="")  # the engine brought no such points
    finished = Execution.objects.get(pk=finished.pk)
    queries = ["max_points=4", "max_points=50", "max_points=4&since_sequence=5000", "max_points=50&page_size=7&page=2"]
    urls = [_url(finished, "equity", query) for query in queries]
    before = {url: api.get(url) for url in urls}

    archive_execution(finished)
    leftovers.sweep()

    for url, kept in before.items():
        answer = api.get(url)
        assert (answer["ETag"], answer.content) == (kept["ETag"], kept.content)
        assert answer["ETag"].startswith('"')


@pytest.mark.case("T70")
def test_an_archive_answers_under_the_same_tags(api: APIClient, finished: Any) -> None:
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    urls = [_url(finished, name, query) for name, some in QUERIES.items() for query in some]
    before = {url: api.get(url) for url in urls}

    archive_execution(finished)
    leftovers.sweep()

    for url, kept in before.items():
        answer = api.get(url)
        assert answer.json() == kept.json()
        assert answer["ETag"] == kept["ETag"]
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


def _url(execution: Any, name: str, query: str) -> str:
    return f"/api/trading/executions/{execution.pk}/{name}/?{query}"
