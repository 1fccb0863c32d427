"""Sessions: what they refuse, what they hold between two advances, and how their state travels."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from apps.engine.errors import BadBars, SnapshotMismatch, SnapshotRefused
from apps.engine.session import Session
from apps.engine.strategy import Int, Strategy
from apps.engine.types import BAR, Costs, Instrument
from tests.engine.runs import HOUR, MONDAY, at, bars_at, session_of

RISING = bars_at([100, 110, 120, 130, 140, 150])
IDLE = at()


@pytest.mark.parametrize(
    ("row", "changes", "problem"),
    [
        (2, {"open": np.nan}, "not a finite number"),
        (3, {"high": np.inf}, "not a finite number"),
        (0, {"low": 0.0}, "not above 0"),
        (5, {"close": -1.0}, "not above 0"),
        (1, {"high": 99.0, "low": 100.0}, "high is below the low"),
        (4, {"volume": -1.0}, "volume"),
        (4, {"volume": np.nan}, "volume"),
        (2, {"time": MONDAY + HOUR}, "time of the bar before"),
        (2, {"time": MONDAY}, "earlier than the bar before"),
        (2, {"time": np.iinfo(np.int64).min}, "not one in microseconds"),
        (5, {"time": MONDAY * 1000}, "not one in microseconds"),
    ],
)
def test_bars_that_cannot_be_traded_on_are_refused(row: int, changes: dict[str, float], problem: str) -> None:
    bars = RISING.copy()
    for field, value in changes.items():
        bars[field][row] = value

    with pytest.raises(BadBars, match=problem) as refusal:
        session_of(IDLE, bars)

    assert refusal.value.row == row


def test_no_bars_are_refused() -> None:
    with pytest.raises(BadBars, match="no bars"):
        session_of(IDLE, RISING[:0])


def test_an_array_of_another_layout_is_refused() -> None:
    with pytest.raises(TypeError, match="one-dimensional"):
        session_of(IDLE, np.zeros((3, 6)))


@pytest.mark.parametrize("cash", [0, -1, float("nan"), float("inf")])
def test_an_account_needs_cash(cash: float) -> None:
    with pytest.raises(ValueError, match="cash above 0"):
        session_of(IDLE, RISING, cash=cash)


def test_bars_of_a_file_are_read_where_they_lie(tmp_path: Any) -> None:
    np.save(tmp_path / "bars.npy", RISING)
    script = at(bar_0=lambda s: s.buy(1))

    rows = session_of(script, np.load(tmp_path / "bars.npy", mmap_mode="r")).advance(6)

    assert rows.equity["equity"][-1] == 10_050


def test_a_slice_with_gaps_in_memory_is_good_enough() -> None:
    rows = session_of(at(bar_0=lambda s: s.buy(1)), RISING[::2]).advance(6)

    assert rows.equity["time"].tolist() == RISING["time"][::2].tolist()


def test_a_session_tells_how_far_it_is() -> None:
    session = session_of(IDLE, RISING)
    assert (session.processed, session.total, session.finished, session.time) == (0, 6, False, MONDAY)

    assert len(session.advance(4).equity) == 4
    assert (session.processed, session.finished, session.time) == (4, False, MONDAY + 3 * HOUR)

    assert len(session.advance(4).equity) == 2
    assert (session.processed, session.finished, session.time) == (6, True, MONDAY + 5 * HOUR)

    assert [len(rows) for rows in vars_of(session.advance(1))] == [0, 0, 0, 0]


def vars_of(rows: Any) -> list[Any]:
    return [rows.orders, rows.fills, rows.trades, rows.equity]


def test_an_advance_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        session_of(IDLE, RISING).advance(0)


def test_rows_stay_what_they_were_when_the_session_goes_on() -> None:
    session = session_of(at(bar_0=lambda s: s.buy(1), bar_3=lambda s: s.sell(1)), RISING)
    first = session.advance(3)
    before = [rows.copy() for rows in vars_of(first)]

    session.advance(3)

    for kept, now in zip(before, vars_of(first), strict=True):
        np.testing.assert_array_equal(kept, now)


class Keeper(Strategy):
    """Keeps something of every kind that a snapshot can hold."""

    number = Int(3)

    def init(self) -> None:
        self.line = self.indicator(lambda values: values * 2.0)
        self.lines = {"double": self.line, 1: [self.line]}
        self.mixed: list[Any] = []
        self.array = np.arange(3.0)

    def on_bar(self) -> None:
        self.order = self.buy(1)
        self.mixed.append((self.time, self.line[-1], self.lines["double"] is self.line, self.low[-1]))
        self.array = self.array + self.index
        self.late = self.low
        self.kept = {
            "set": {1, 2},
            "frozen": frozenset({"a"}),
            "deque": deque([1.5, None], maxlen=4),
            "dates": (
                date(2024, 1, 2),
                datetime(2024, 1, 2, 3, tzinfo=UTC),
                time(4, 5),
                timedelta(days=-1, microseconds=7),
            ),
            "decimal": Decimal("1.10"),
            "zone": ZoneInfo("Europe/Paris"),
            "scalar": np.float32(0.1),
            "flags": [True, "text", 0.1, -0.0, float("inf")],
            ("a", 1): {},
        }


def test_a_strategy_finds_everything_it_kept() -> None:
    first, resumed = session_of(Keeper, RISING), session_of(Keeper, RISING)
    first.advance(3)

    resumed.restore(first.snapshot())

    before, after = first._strategy, resumed._strategy
    assert after.mixed == before.mixed
    assert after.kept == before.kept
    assert after.kept["deque"].maxlen == 4
    assert type(after.kept["scalar"]) is np.float32
    np.testing.assert_array_equal(after.array, before.array)
    assert (after.order.id, after.order.side, after.order.quantity) == (3, 1, 1.0)
    assert after.lines["double"] is after.line is after.lines[1][0]
    assert after.late is after.low
    first.advance(3), resumed.advance(3)
    assert resumed._strategy.mixed == first._strategy.mixed
    assert resumed.snapshot() == first.snapshot()


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (lambda s: setattr(s, "rule", print), "self.rule cannot be kept in a snapshot: it holds a builtin"),
        (lambda s: setattr(s, "deep", [{"a": object()}]), "self.deep .* it holds a object"),
        (lambda s: (setattr(s, "one", [1]), setattr(s, "two", s.one)), "self.two .* two places"),
        (lambda s: setattr(s, "things", np.array([object()])), "self.things .* array of objects"),
    ],
)
def test_what_a_snapshot_cannot_hold_is_refused_by_name(keep: Any, reason: str) -> None:
    session = session_of(at(bar_0=keep), RISING)
    session.advance(1)

    with pytest.raises(SnapshotRefused, match=reason):
        session.snapshot()


OTHERS: dict[str, dict[str, Any]] = {
    "strategy": {"strategy": type("Other", (Strategy,), {"number": Int(3)})},
    "parameters": {"parameters": {"number": 4}},
    "bars": {"bars": bars_at([100, 110, 120, 130, 140, 151])},
    "instrument": {"instrument": Instrument("OTHER")},
    "cash": {"cash": 9999.0},
    "costs": {"costs": Costs(commission_fixed=1)},
    "seed": {"seed": 1},
}


@pytest.mark.parametrize("differing", OTHERS)
def test_a_snapshot_of_another_run_is_refused_and_changes_nothing(differing: str) -> None:
    first = session_of(Keeper, RISING)
    first.advance(3)
    other = session_of(**{"strategy": Keeper, "bars": RISING, **OTHERS[differing]})

    with pytest.raises(SnapshotMismatch, match=f"another run: {differing} differ"):
        other.restore(first.snapshot())

    assert other.processed == 0
    assert len(other.advance(6).equity) == 6


def test_a_snapshot_of_another_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = session_of(Keeper, RISING).snapshot()
    monkeypatch.setattr("apps.engine.session.ENGINE_VERSION", "another")

    with pytest.raises(SnapshotMismatch, match="engine version"):
        session_of(Keeper, RISING).restore(snapshot)


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"[]", b"null", json.dumps({"inputs": 3}).encode()])
def test_bytes_that_are_no_snapshot_are_refused(content: bytes) -> None:
    with pytest.raises(SnapshotMismatch, match="not a snapshot"):
        session_of(Keeper, RISING).restore(content)


def test_many_working_orders_survive_a_resumption() -> None:
    script = at(bar_2=lambda s: [s.buy(1) for _ in range(700)])
    strategy = type("Many", (Strategy,), {"on_bar": script})
    first, resumed = session_of(strategy, RISING), session_of(strategy, RISING)
    first.advance(3)

    resumed.restore(first.snapshot())

    assert len(resumed.advance(1).fills) == 700


def test_the_seed_decides_the_draw() -> None:
    def draws(seed: int) -> list[float]:
        seen: list[float] = []
        session_of(at(bar_1=lambda s: seen.extend(s.random.random(3))), RISING, seed=seed).advance(6)
        return seen

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_bars_have_the_documented_layout() -> None:
    assert BAR.itemsize == 48
    with pytest.raises(TypeError):
        Session(Keeper, {}, RISING.astype([("time", "i8")]), instrument=Instrument("T"), cash=1.0, costs=Costs())
