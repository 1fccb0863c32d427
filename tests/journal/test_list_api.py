"""What the three lists have in common: since_sequence, pages, counts, links (T17 to T31, T41, T44, T49, T54)."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

MEMBERS = {"events": "events", "trades": "trades", "equity": "equity_curve"}
DEFAULT_SIZE = {"events": 1000, "trades": 1000, "equity": 500}
Append = Callable[[str, int], None]

pytestmark = pytest.mark.django_db


@pytest.fixture(params=list(MEMBERS))
def journal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def read(api: APIClient, execution: Any, journal: str) -> Callable[..., Any]:
    """read(page=2): the journal's list as the API answers it."""

    def get(**query: Any) -> Any:
        return api.get(f"/api/trading/executions/{execution.pk}/{journal}/", query)

    return get


def sequences(answer: Any) -> list[int]:
    body = answer.json()
    member = next(name for name in MEMBERS.values() if name in body)
    return [row["sequence"] for row in body[member]]


@pytest.mark.case("T17", "T37", "T47", "T73")
def test_t17_an_empty_journal_is_an_empty_page(read: Callable[..., Any], execution: Any, journal: str) -> None:
    answer = read()

    expected = {"execution_id": execution.pk, "task_type": "backtest", "task_id": execution.backtest_task_id}
    expected |= {MEMBERS[journal]: [], "count": 0, "next": None, "previous": None}
    if journal == "equity":
        expected["granularity_seconds"] = None
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == expected


@pytest.mark.case("T19")
def test_t19_sequences_begin_at_one_and_leave_no_gap(read: Callable[..., Any], append: Append, journal: str) -> None:
    for count in (3, 1, 4):
        append(journal, count)

    assert sequences(read()) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.case("T20", "T21", "T22", "T41", "T49")
@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(0, [1, 2, 3, 4, 5], id="T21-all"),
        pytest.param(3, [4, 5], id="T20-above"),
        pytest.param(5, [], id="T22-at-the-head"),
        pytest.param(10**15, [], id="T22-beyond-the-head"),
    ],
)
def test_since_sequence(
    read: Callable[..., Any], append: Append, journal: str, since: int, expected: list[int]
) -> None:
    append(journal, 5)

    answer = read(since_sequence=since)

    assert sequences(answer) == expected
    assert answer.json()["count"] == len(expected)
    assert answer.json()["next"] is None


@pytest.mark.case("T23", "T26", "T27", "T41", "T44", "T49", "T54")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("since_sequence", text) for text in ("x", "-1", "1.5", "", "9" * 30, "٣", "1e3", "+1", " 1", "\x00")),
        *(("page", text) for text in ("0", "-1", "x", "", "9" * 30)),
        *(("page_size", text) for text in ("0", "-5", "x", "")),
    ],
)
def test_t23_t26_t27_a_number_that_is_none_is_refused_by_name(
    read: Callable[..., Any], append: Append, journal: str, name: str, text: str
) -> None:
    append(journal, 2)

    answer = read(**{name: text})

    assert answer.status_code == 400
    assert answer.json()["error"] == f"Invalid {name} parameter"


@pytest.mark.case("T27", "T44", "T54")
def test_t27_a_larger_page_size_is_cut_to_1000(read: Callable[..., Any], append: Append, journal: str) -> None:
    append(journal, 1001)

    answer = read(page_size=5000)

    assert sequences(answer) == list(range(1, 1001))
    assert "page=2" in answer.json()["next"]


@pytest.mark.case("T27", "T44", "T54")
def test_t27_t54_the_default_page_size(read: Callable[..., Any], append: Append, journal: str) -> None:
    append(journal, DEFAULT_SIZE[journal] + 1)

    assert len(sequences(read())) == DEFAULT_SIZE[journal]


@pytest.mark.case("T28", "T44")
def test_t28_a_page_beyond_the_end_is_empty(read: Callable[..., Any], append: Append, journal: str) -> None:
    append(journal, 5)

    answer = read(page=4, page_size=2)

    assert sequences(answer) == []
    assert answer.json()["next"] is None
    assert "page=3" in answer.json()["previous"]


@pytest.mark.case("T29", "T44")
def test_t29_count_is_of_the_whole_selection(read: Callable[..., Any], append: Append, journal: str) -> None:
    append(journal, 7)

    assert read(page_size=2, since_sequence=2).json()["count"] == 5


@pytest.mark.case("T30", "T44")
def test_t30_links_are_absolute_and_keep_the_query(read: Callable[..., Any], append: Append, journal: str) -> None:
    append(journal, 6)

    body = read(page=2, page_size=2, since_sequence=1).json()

    assert body["next"].startswith("http://testserver/api/trading/executions/")
    for link, page in ((body["next"], 3), (body["previous"], 1)):
        query = dict(part.split("=") for part in link.partition("?")[2].split("&"))
        assert query == {"page": str(page), "page_size": "2", "since_sequence": "1"}


def test_an_unknown_parameter_is_refused_by_name(read: Callable[..., Any], journal: str) -> None:
    answer = read(since="3")

    assert answer.status_code == 400
    assert "since" in answer.json()["error"]


@pytest.mark.case("T16")
def test_t16_without_its_slash_the_path_leads_there(api: APIClient, execution: Any, journal: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/{journal}", follow=True)

    assert answer.status_code == 200
    assert answer.json()["count"] == 0


@pytest.mark.case("T60")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_t60_a_journal_can_only_be_read(
    api: APIClient, execution: Any, append: Append, journal: str, method: str
) -> None:
    append(journal, 1)

    answer = getattr(api, method)(f"/api/trading/executions/{execution.pk}/{journal}/", {})

    assert answer.status_code == 405
    assert isinstance(answer.json()["error"], str)
    assert api.get(f"/api/trading/executions/{execution.pk}/{journal}/").json()["count"] == 1


def test_a_page_costs_the_same_queries_wherever_it_is(
    read: Callable[..., Any], append: Append, journal: str, django_assert_max_num_queries: Any
) -> None:
    append(journal, 1200)

    for page in (1, 120):
        with django_assert_max_num_queries(3):  # the user, the execution, the rows
            assert len(sequences(read(page=page, page_size=10))) == 10
