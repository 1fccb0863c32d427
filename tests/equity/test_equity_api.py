"""The equity curve by time and by number of points (T47 to T56)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def curve(api: APIClient, finished: Any) -> Any:
    """curve(max_points=10): the answer's body; 300 points a minute apart from 2024-01-01T00:00:00Z."""

    def read(**query: Any) -> dict[str, Any]:
        answer = api.get(f"/api/trading/executions/{finished.pk}/equity/", query)
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return read


def minute(number: int) -> str:
    return (START + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")


def sequences(body: dict[str, Any]) -> list[int]:
    return [point["sequence"] for point in body["equity_curve"]]


@pytest.mark.case("T47", "T48")
def test_t47_t48_one_point_a_bar(curve: Any) -> None:
    body = curve()

    assert body["granularity_seconds"] is None
    assert sequences(body) == list(range(1, 301))
    for number, point in enumerate(body["equity_curve"]):
        assert set(point) == {"sequence", "timestamp", "balance"}
        assert type(point["balance"]) is float
        assert point["timestamp"] == minute(number)
    assert body["equity_curve"][0]["balance"] == 10_000.0


@pytest.mark.case("T50")
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        pytest.param({"start_time": minute(10)}, 11, 300, id="from, inclusive"),
        pytest.param({"end_time": minute(10)}, 1, 11, id="to, inclusive"),
        pytest.param({"start_time": minute(10), "end_time": minute(20)}, 11, 21, id="from and to"),
        pytest.param({"start_time": minute(10), "end_time": minute(10)}, 11, 11, id="one moment"),
        pytest.param({"start_time": "2024-01-01T00:10:00"}, 11, 300, id="no zone is UTC"),
        pytest.param({"start_time": "2024-01-01T02:10:00+02:00"}, 11, 300, id="another zone"),
        pytest.param({"start_time": "2024-01-01T00:09:59.999999Z"}, 11, 300, id="a microsecond before"),
        pytest.param({"start_time": "2024-01-01T00:10:00.000001Z"}, 12, 300, id="a microsecond after"),
        pytest.param({"start_time": minute(-10), "end_time": minute(10_000)}, 1, 300, id="wider than the run"),
        pytest.param({"start_time": minute(10), "since_sequence": 50}, 51, 300, id="with since_sequence"),
    ],
)
def test_t50_bounds_are_inclusive(curve: Any, query: dict[str, Any], first: int, last: int) -> None:
    body = curve(**query)

    assert sequences(body) == list(range(first, last + 1))
    assert body["count"] == last - first + 1


@pytest.mark.case("T50")
@pytest.mark.parametrize("query", [{"start_time": minute(20), "end_time": minute(10)}, {"start_time": minute(9999)}])
def test_t50_an_empty_time_is_an_empty_page(curve: Any, query: dict[str, Any]) -> None:
    body = curve(**query)

    assert (body["equity_curve"], body["count"], body["next"]) == ([], 0, None)


@pytest.mark.case("T50")
@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize(
    "text", ["yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "", "1704067200", "\x00"]
)
def test_t50_a_time_that_is_none_is_refused_by_name(api: APIClient, execution: Any, name: str, text: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/equity/", {name: text})

    assert answer.status_code == 400
    assert answer.json()["error"] == f"Invalid {name} parameter"


@pytest.mark.case("T51", "T52")
@pytest.mark.parametrize("limit", [2, 3, 4, 7, 50, 299])
def test_t51_t52_fewer_points_keep_the_ends_and_the_extremes(curve: Any, limit: int) -> None:
    whole, thinned = curve()["equity_curve"], curve(max_points=limit)
    points = thinned["equity_curve"]

    assert 2 <= len(points) <= limit
    assert thinned["count"] == len(points)
    assert (points[0], points[-1]) == (whole[0], whole[-1])
    assert all(point in whole for point in points)
    assert sequences(thinned) == sorted(set(sequences(thinned)))
    assert type(thinned["granularity_seconds"]) is int
    assert thinned["granularity_seconds"] >= 1
    if limit >= 4:
        balances = [point["balance"] for point in points]
        assert min(balances) == min(point["balance"] for point in whole)
        assert max(balances) == max(point["balance"] for point in whole)


@pytest.mark.case("T52")
@pytest.mark.parametrize("limit", [300, 301, 10**6])
def test_t52_enough_room_leaves_all_points(curve: Any, limit: int) -> None:
    body = curve(max_points=limit)

    assert sequences(body) == list(range(1, 301))
    assert body["granularity_seconds"] is None


@pytest.mark.case("T53")
@pytest.mark.parametrize("text", ["1", "0", "-1", "x", "", "2.5"])
def test_t53_a_number_of_points_below_two_is_refused(api: APIClient, execution: Any, text: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/equity/", {"max_points": text})

    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid max_points parameter"


@pytest.mark.case("T55")
def test_t55_pages_are_of_the_thinned_points(curve: Any) -> None:
    whole = curve(max_points=20)

    parts = [curve(max_points=20, page_size=6, page=page) for page in (1, 2, 3, 4)]

    assert [point for part in parts for point in part["equity_curve"]] == whole["equity_curve"]
    assert {part["count"] for part in parts} == {whole["count"]}
    assert parts[-1]["next"] is None
    assert "max_points=20" in parts[0]["next"]


@pytest.mark.case("T56")
def test_t56_only_new_points_are_thinned(curve: Any) -> None:
    body = curve(max_points=10, since_sequence=200)

    chosen = sequences(body)
    assert (chosen[0], chosen[-1]) == (201, 300)
    assert len(chosen) <= 10


@pytest.mark.case("T51")
@pytest.mark.parametrize("count", [0, 1])
def test_t51_nothing_to_thin(curve: Any, count: int) -> None:
    body = curve(max_points=2, since_sequence=300 - count)

    assert sequences(body) == [300][:count]
    assert body["granularity_seconds"] is None
