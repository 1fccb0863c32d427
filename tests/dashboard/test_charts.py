"""Charts: every series on the same buckets, and no extreme lost by folding."""

from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard import charts
from apps.dashboard.charts import CURVE, FILL, Window
from apps.equity.journal import equity
from apps.executions.data import bars_of
from apps.executions.models import Execution
from tests.conftest import MINUTE, MONDAY, random_bars

FIRST = MONDAY // 1_000_000
SERIES = ("open", "high", "low", "close", "equity", "equity_low", "equity_high", "drawdown")


def curve_of(count: int, seed: int) -> np.ndarray:
    balances = np.round(10_000 + np.cumsum(np.random.default_rng(seed).normal(0, 20, count)), 2)
    curve = np.empty(count, CURVE)
    curve["balance"] = balances
    curve["drawdown"] = (balances / np.maximum.accumulate(balances) - 1) * 100
    return curve


def seconds(bar: int) -> int:
    return FIRST + bar * 60


@given(count=st.integers(1, 400), points=st.integers(2, 100), seed=st.integers(0, 99), data=st.data())
def test_folding_keeps_every_extreme_and_every_end(count: int, points: int, seed: int, data: Any) -> None:
    bars, curve = random_bars(count, seed=seed), curve_of(count, seed)
    start = data.draw(st.integers(0, count - 1))
    end = data.draw(st.integers(start, count - 1))

    begin, stop, step = charts._range(bars["time"], Window(seconds(start), seconds(end), points))
    columns = charts._folded(bars, curve, np.arange(begin, stop, step), stop)

    assert begin <= start
    assert end < stop
    assert len(columns["time"]) <= points + 1  # the borders of buckets may add one
    for index, first in enumerate(range(begin, stop, step)):
        bucket, account = bars[first : first + step][: stop - first], curve[first : first + step][: stop - first]
        assert columns["time"][index] == bucket["time"][0] // 1_000_000
        assert columns["open"][index] == bucket["open"][0]
        assert columns["high"][index] == bucket["high"].max()
        assert columns["low"][index] == bucket["low"].min()
        assert columns["close"][index] == bucket["close"][-1]
        assert columns["equity"][index] == account["balance"][-1]
        assert columns["equity_low"][index] == account["balance"].min()
        assert columns["equity_high"][index] == account["balance"].max()
        assert columns["drawdown"][index] == pytest.approx(account["drawdown"].min(), abs=1e-4)


@given(step=st.sampled_from([1, 2, 4, 8]), start=st.integers(0, 199), length=st.integers(0, 150))
def test_the_same_bars_share_a_bucket_whatever_window_is_asked_for(step: int, start: int, length: int) -> None:
    bars = random_bars(200)

    begin, stop, _ = charts._range(bars["time"], Window(seconds(start), seconds(start + length), step=step))

    assert begin % step == 0
    assert stop % step == 0 or stop == len(bars)


@given(fills=st.lists(st.tuples(st.integers(0, 99), st.sampled_from([-1, 1]), st.integers(1, 9)), max_size=60))
def test_no_fill_is_lost_or_counted_twice(fills: list[tuple[int, int, int]]) -> None:
    bars = random_bars(100)
    fills = sorted(fills)
    rows = np.array([(MONDAY + bar * MINUTE, side, quantity, 100.0) for bar, side, quantity in fills], FILL)

    groups = charts._grouped(rows, bars["time"], 16, 80, 8)

    wanted = [(bar, side, quantity) for bar, side, quantity in fills if 16 <= bar < 80]
    expected: dict[tuple[int, int], list[int]] = {}
    for bar, side, quantity in wanted:
        expected.setdefault((seconds(bar - bar % 8), side), []).append(quantity)
    found = zip(*(groups[name].tolist() for name in ("time", "side", "count", "quantity")), strict=True)
    assert {(time, side): (count, quantity) for time, side, count, quantity in found} == {
        key: (len(quantities), sum(quantities)) for key, quantities in expected.items()
    }


@pytest.mark.django_db
class TestEndpoint:
    def get(self, browser: Client, execution: Execution, **query: Any) -> Any:
        return browser.get(reverse("dashboard:chart", args=[execution.pk]), query)

    def test_unfolded_it_is_the_bars_and_the_equity_of_the_run(self, finished: Execution, browser: Client) -> None:
        bars, points = bars_of(finished.manifest["data"]), equity.points(finished.pk, 1, finished.equity_head)

        columns = self.get(browser, finished, points=5000).json()

        assert columns["step"] == 1
        assert columns["time"] == (bars["time"] // 1_000_000).tolist()
        assert columns["close"] == bars["close"].tolist()
        assert columns["equity"] == np.round(points["balance"], 2).tolist()
        assert (columns["bars"], columns["total"]) == (len(bars), len(bars))

    def test_its_fills_are_those_of_the_events(self, finished: Execution, browser: Client, api: Any) -> None:
        events = api.get(f"/api/trading/executions/{finished.pk}/events/", {"event_type": "trade_executed"}).json()
        bought = sum(row["event"]["units"] for row in events["events"] if row["event"]["side"] == "buy")

        fills = self.get(browser, finished, points=20).json()["fills"]

        assert sum(fills["count"]) == events["count"] > 0
        pairs = zip(fills["side"], fills["quantity"], strict=True)
        assert sum(quantity for side, quantity in pairs if side > 0) == bought

    def test_every_series_has_the_same_times(self, finished: Execution, browser: Client) -> None:
        columns = self.get(browser, finished, points=37).json()

        assert {len(columns[name]) for name in SERIES} == {len(columns["time"])}
        assert len(columns["time"]) <= 37

    def test_what_was_added_joins_on_what_was_there(self, finished: Execution, browser: Client) -> None:
        whole = self.get(browser, finished, step=4).json()

        tail = self.get(browser, finished, step=4, start=whole["time"][10]).json()

        for name in ("time", *SERIES):
            assert tail[name] == whole[name][10:], name

    def test_before_the_first_bar_it_is_empty(self, execution: Execution, browser: Client) -> None:
        columns = self.get(browser, execution).json()

        assert columns["time"] == columns["fills"]["time"] == []
        assert columns["first"] is columns["last"] is None

    @pytest.mark.parametrize("start", [-(2**40), 2**40])
    def test_a_window_beyond_the_run_is_answered(self, start: int, finished: Execution, browser: Client) -> None:
        assert self.get(browser, finished, start=start, end=start).status_code == 200

    @pytest.mark.parametrize(
        "query",
        [{"start": "x"}, {"end": "1e3"}, {"points": "1"}, {"points": "5001"}, {"step": "0"}, {"start": "9" * 30}],
    )
    def test_what_is_no_window_is_refused(self, query: dict[str, str], finished: Execution, browser: Client) -> None:
        assert self.get(browser, finished, **query).status_code == 400

    def test_only_what_is_over_may_be_kept(self, finished: Execution, browser: Client) -> None:
        over = self.get(browser, finished)
        Execution.objects.update(status="running")
        running = self.get(browser, finished)

        assert "max-age" in over.headers["Cache-Control"]
        assert running.headers["Cache-Control"] == "no-store"
