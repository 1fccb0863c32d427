"""What is documented or usual and not served yet: each test fails as long as it is so, and says what is missing."""

from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.mark.case("T11")
def test_every_trade_is_won_or_lost(api: APIClient, finished: Any) -> None:
    checkpoint = api.get(f"/api/trading/executions/{finished.pk}/status/").json()["checkpoint"]
    trades = api.get(f"/api/trading/executions/{finished.pk}/trades/").json()["trades"]

    assert "0.00" in {row["trade"]["pnl"] for row in trades}
    assert checkpoint["winning_trades"] + checkpoint["losing_trades"] == checkpoint["total_trades"]


@pytest.mark.case("T70")
def test_a_thinned_curve_of_what_is_over_has_a_strong_tag(api: APIClient, finished: Any) -> None:
    answer = api.get(f"/api/trading/executions/{finished.pk}/equity/?max_points=10")

    assert answer["Cache-Control"].endswith("immutable")
    assert answer["ETag"].startswith('"')


@pytest.mark.case("T79")
@pytest.mark.parametrize(("path", "lacking"), [
    ("trading-tasks/", "trading tasks"),
    ("executions/{id}/logs/", "the log of an execution"),
    ("executions/{id}/metrics/", "metrics by periods"),
])  # fmt: skip
def test_what_surrounds_an_execution_is_served(api: APIClient, finished: Any, path: str, lacking: str) -> None:
    answer = api.get("/api/trading/" + path.format(id=finished.pk))

    assert answer.status_code == 200, lacking
