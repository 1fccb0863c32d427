"""Orders that wait for a price: what an author says, what the tape tells, and what is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from apps.engine.errors import StrategyError
from apps.engine.types import Costs, ExitReason, FillRules, Instrument, OrderEventKind, RejectionReason
from tests.engine.runs import FLAT, at, bars_at, bars_of, played, session_of

if TYPE_CHECKING:
    from apps.engine.types import Rows


def tape(rows: Rows) -> list[tuple[int, int, str]]:
    return [(row["bar"], row["order"], OrderEventKind(row["kind"]).name) for row in rows.orders]


@pytest.mark.parametrize(
    ("terms", "bar", "price"),
    [
        ({"limit": 98}, (100, 101, 97, 99), 98),
        ({"limit": 98}, (96, 99, 95, 97), 96),  # a gap through the limit is a better price
        ({"limit": 98}, (100, 101, 98.01, 99), None),
        ({"stop": 102}, (100, 103, 99, 101), 102),
        ({"stop": 102}, (104, 105, 103, 104), 104),  # a gap through the stop is a worse one
        ({"stop": 102}, (100, 101.99, 99, 101), None),
        ({"stop": 102, "limit": 103}, (100, 104, 99, 101), 102),
        ({"stop": 102, "limit": 103}, (105, 106, 104, 105), None),
        ({"stop": 102, "limit": 103}, (105, 106, 102, 105), 103),
        ({"touch": 98, "limit": 99}, (100, 101, 97, 98), 98),
        ({"trail": 3}, (100, 104, 99, 101), 103),
        ({"trail_fraction": 0.03}, (104, 105, 103, 104), 104),
        ({"at": "close"}, (100, 104, 99, 101), 101),
    ],
)
def test_a_buy_order_fills_at_its_price_or_at_the_open_beyond_it(terms: Any, bar: Any, price: float | None) -> None:
    rows = played(at(bar_0=lambda s: s.buy(1, **terms)), bars_of(FLAT, bar))

    assert rows.fills["price"].tolist() == ([] if price is None else [price])


@pytest.mark.parametrize("name", ["limit", "stop"])
def test_half_an_increment_does_not_decide(name: str) -> None:
    level = 0.1 + 0.2  # a bit above 0.3
    side = "buy" if name == "limit" else "sell"
    bars = bars_of((0.4, 0.4, 0.4, 0.4), (0.4, 0.4, 0.3, 0.4))

    rows = played(at(bar_0=lambda s: getattr(s, side)(1, **{name: level})), bars)

    assert rows.fills["price"].tolist() == [0.3]


def test_prices_go_to_the_grid_so_that_a_limit_is_not_worse_and_a_stop_not_sooner() -> None:
    def script(strategy: Any) -> None:
        if strategy.index == 0:
            strategy.buy(1, limit=90.29)
            strategy.sell(1, limit=110.21)
            strategy.buy(1, stop=110.21)
            strategy.sell(1, stop=90.29)

    rows = played(script, bars_of(FLAT, FLAT), instrument=Instrument("T", price_increment=0.1))

    assert rows.orders["limit"][:4].tolist() == [90.2, 110.3, 0, 0]
    assert rows.orders["stop"][:4].tolist() == [0, 0, 110.3, 90.2]


def test_the_stop_comes_before_the_target_unless_the_rule_says_otherwise() -> None:
    bars = bars_of(FLAT, (100, 106, 94, 101), FLAT)
    script = at(bar_0=lambda s: s.buy(1, sl=95, tp=105))
    exits = {}

    for rule in ("pessimistic", "optimistic", "ohlc", "olhc", "colour", "nearest"):
        session = session_of(script, bars, rules=FillRules(intrabar=rule))
        rows = session.advance(3)
        exits[rule] = float(rows.fills["price"][1])
        assert session.metrics()["ambiguous_bars"] == 1
        opposite = 10_005 if exits[rule] == 95 else 9_995
        assert session.metrics()["opposite_equity"] == opposite

    assert exits == {"pessimistic": 95, "optimistic": 105, "ohlc": 105, "olhc": 95, "colour": 95, "nearest": 105}


def test_without_an_ambiguous_bar_the_opposite_rule_comes_to_the_same() -> None:
    session = session_of(at(bar_0=lambda s: s.buy(1, sl=95, tp=105)), bars_of(FLAT, (100, 106, 96, 101)))

    session.advance(2)

    assert session.metrics()["ambiguous_bars"] == 0
    assert session.metrics()["opposite_equity"] == session.metrics()["final_equity"] == 10_005


def test_a_trade_knows_how_it_ended() -> None:
    stopped = played(at(bar_0=lambda s: s.buy(1, sl=95)), bars_of(FLAT, (100, 101, 94, 96)))
    won = played(at(bar_0=lambda s: s.buy(1, tp=105)), bars_of(FLAT, (100, 106, 99, 104)))

    assert [*stopped.trades["exit_reason"], *won.trades["exit_reason"]] == [ExitReason.STOP, ExitReason.TARGET]


def test_a_protective_order_waits_for_its_entry_and_ends_with_its_sibling() -> None:
    bars = bars_of(FLAT, FLAT, (100, 100, 98, 99), (99, 106, 99, 105))

    rows = played(at(bar_0=lambda s: s.buy(1, limit=98, sl=90, tp=105)), bars)

    assert tape(rows)[3:] == [
        (2, 1, "FILLED"),
        (2, 2, "ACTIVATED"),
        (2, 3, "ACTIVATED"),
        (3, 3, "FILLED"),
        (3, 2, "CANCELLED"),
    ]


def test_a_cancelled_entry_takes_its_protection_with_it() -> None:
    script = at(bar_0=lambda s: s.cancel(s.buy(1, limit=90, sl=80)))

    rows = played(script, bars_of(FLAT, (100, 100, 70, 100)))

    assert tape(rows)[2:] == [(0, 1, "CANCELLED"), (0, 2, "CANCELLED")]
    assert not len(rows.fills)


def test_one_cancels_the_other() -> None:
    def script(strategy: Any) -> None:
        if strategy.index == 0:
            strategy.sell(1, stop=95, oco=strategy.buy(1, stop=105))

    rows = played(script, bars_of(FLAT, (100, 106, 99, 100), (100, 100, 90, 90)))

    assert rows.fills["position"].tolist() == [1]


def test_an_amended_order_works_at_its_new_price() -> None:
    orders: list[Any] = []
    script = at(
        bar_0=lambda s: orders.append(s.buy(3, limit=90)), bar_1=lambda s: s.amend(orders[0], limit=95, quantity=2)
    )

    rows = played(script, bars_of(FLAT, (100, 100, 94, 100), (100, 100, 94, 100)))

    assert tape(rows) == [(0, 1, "SUBMITTED"), (1, 1, "AMENDED"), (2, 1, "FILLED")]
    assert (rows.fills["price"][0], rows.fills["quantity"][0]) == (95, 2)


def test_a_wrong_amendment_is_refused_and_the_order_works_on() -> None:
    orders: list[Any] = []
    script = at(bar_0=lambda s: orders.append(s.buy(1, limit=90)), bar_1=lambda s: s.amend(orders[0], limit=math.nan))

    rows = played(script, bars_of(FLAT, FLAT, (100, 100, 89, 100)))

    assert tape(rows) == [(0, 1, "SUBMITTED"), (1, 1, "AMENDMENT_REJECTED"), (2, 1, "FILLED")]
    assert rows.orders["reason"][1] == RejectionReason.PRICE_NOT_FINITE
    assert rows.fills["price"].tolist() == [90]


def test_a_trailing_stop_follows_and_never_goes_back() -> None:
    bars = bars_of(FLAT, (100, 112, 100, 110), (110, 110, 106, 107), (107, 108, 104, 105))
    script = at(bar_0=lambda s: (s.buy(1), s.sell(1, trail=5, reduce_only=True)))
    highs = at(bar_0=lambda s: (s.buy(1), s.sell(1, trail=5, trail_on="extreme", reduce_only=True)))

    assert played(script, bars).fills["price"].tolist() == [100, 105]  # 110 - 5, in the last bar
    assert played(highs, bars).fills["price"].tolist() == [100, 107]  # 112 - 5, a bar earlier


@pytest.mark.parametrize(
    ("terms", "ends"),
    [
        ({"tif": "IOC"}, (1, "CANCELLED")),
        ({"tif": "FOK"}, (1, "CANCELLED")),
        ({"until": datetime(2024, 1, 1, 2, tzinfo=UTC)}, (2, "EXPIRED")),
        ({"tif": "DAY"}, (24, "EXPIRED")),
        ({}, (29, "EXPIRED")),
    ],
)
def test_an_order_works_as_long_as_its_time_in_force(terms: Any, ends: tuple[int, str]) -> None:
    rows = played(at(bar_0=lambda s: s.buy(1, limit=50, **terms)), bars_of(*[FLAT] * 30))

    assert tape(rows) == [(0, 1, "SUBMITTED"), (ends[0], 1, ends[1])]


def test_a_post_only_order_that_would_take_is_cancelled() -> None:
    rows = played(at(bar_0=lambda s: s.buy(1, limit=101, post_only=True)), bars_of(FLAT, FLAT))

    assert tape(rows)[1:] == [(1, 1, "CANCELLED")]
    assert rows.orders["reason"][1] == RejectionReason.WOULD_TAKE


def test_a_bar_fills_no_more_than_its_share_of_the_volume() -> None:
    script = at(bar_0=lambda s: s.buy(25))

    rows = played(script, bars_of(*[FLAT] * 5, volume=100), rules=FillRules(volume_share=0.1))

    assert rows.fills["quantity"].tolist() == [10, 10, 5]
    assert [kind for *_, kind in tape(rows)] == ["SUBMITTED", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]


def test_a_stop_that_a_bar_cannot_fill_wholly_goes_on_at_market() -> None:
    script = at(bar_0=lambda s: s.buy(15, stop=102))

    rows = played(script, bars_of(FLAT, (100, 103, 100, 100), FLAT, volume=100), rules=FillRules(volume_share=0.1))

    assert rows.fills["price"].tolist() == [102, 100]


def test_latency_delays_an_order_by_bars() -> None:
    rows = played(at(bar_0=lambda s: s.buy(1)), bars_at(range(100, 105)), rules=FillRules(latency_bars=2))

    assert rows.fills["bar"].tolist() == [3]


def test_a_market_order_can_fill_at_the_close_it_was_given_at() -> None:
    bars = bars_of(FLAT, (110, 110, 110, 110))

    rows = played(at(bar_0=lambda s: s.buy(1)), bars, rules=FillRules(market_at_close=True))

    assert rows.fills["price"].tolist() == [100]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"limit": math.nan}, "PRICE_NOT_FINITE"),
        ({"stop": math.inf}, "PRICE_NOT_FINITE"),
        ({"limit": 0}, "PRICE_OUT_OF_RANGE"),
        ({"limit": -5}, "PRICE_OUT_OF_RANGE"),
        ({"stop": 1e300}, "PRICE_OUT_OF_RANGE"),
        ({"trail": 0}, "PRICE_OUT_OF_RANGE"),
        ({"trail_fraction": 1.0}, "PRICE_OUT_OF_RANGE"),
        ({"limit": 99, "until": datetime(2023, 1, 1, tzinfo=UTC)}, "EXPIRY_IN_PAST"),
        ({"quantity": 1e300}, "QUANTITY_ABOVE_MAXIMUM"),
        ({"quantity": 1001}, "QUANTITY_ABOVE_MAXIMUM"),
    ],
)
def test_an_order_that_cannot_be_is_rejected_with_its_reason(terms: dict[str, Any], reason: str) -> None:
    quantity = terms.pop("quantity", 1)

    rows = played(
        at(bar_0=lambda s: s.buy(quantity, **terms)), bars_of(FLAT, FLAT), instrument=Instrument("T", max_quantity=1000)
    )

    assert tape(rows) == [(0, 1, "REJECTED")]
    assert RejectionReason(rows.orders["reason"][0]).name == reason
    assert not len(rows.fills)


@pytest.mark.parametrize("terms", [{"sl": 101}, {"tp": 99}, {"sl": 100}, {"sl": math.nan}, {"tp": -1}])
def test_an_entry_whose_protection_is_wrong_does_not_go_unprotected(terms: Any) -> None:
    rows = played(at(bar_0=lambda s: s.buy(1, **terms)), bars_of(FLAT, FLAT))

    assert tape(rows) == [(0, 1, "SUBMITTED"), (0, 2, "REJECTED"), (0, 1, "CANCELLED")]
    assert not len(rows.fills)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda s: s.buy(1, limt=5), "Did you mean limit"),
        (lambda s: s.buy(1, limit=99, trail=1), "limit and trail"),
        (lambda s: s.buy(1, tif="GTX"), "no time in force 'GTX'"),
        (lambda s: s.buy(1, tif="GTD"), "GTD needs until"),
        (lambda s: s.buy(1, limit=9, until=datetime(2024, 1, 1)), "needs a time zone"),  # noqa: DTZ001 - the mistake
        (lambda s: s.buy(1, stop=101, tif="IOC"), "IOC is for market and limit orders"),
        (lambda s: s.buy(1, stop=101, post_only=True), "post_only is for limit orders"),
        (lambda s: s.buy(1, oco=7), "oco is the order"),
        (lambda s: s.buy(1, sl=99, sl_trail=2), "one of sl"),
        (lambda s: s.cancel("all"), "cancel"),
        (lambda s: s.amend(s.buy(1), limit=5), "can be amended"),
    ],
)
def test_contradictory_terms_raise_with_strategy_line_and_bar(action: Any, sentence: str) -> None:
    session = session_of(at(bar_1=action), bars_of(*[FLAT] * 3))

    with pytest.raises(StrategyError, match=sentence) as failure:
        session.advance(3)

    assert failure.value.bar == 1
    assert failure.value.line > 0


def test_orders_are_given_in_callbacks_only() -> None:
    kept: list[Any] = []
    session = session_of(at(bar_0=kept.append), bars_of(FLAT, FLAT))
    session.advance(1)

    with pytest.raises(RuntimeError, match="on_bar"):
        kept[0].buy(1)

    assert not len(session.advance(1).orders)


def test_an_author_can_ask_whether_an_order_works() -> None:
    seen: list[bool] = []

    def script(strategy: Any) -> None:
        if strategy.index == 0:
            strategy.order = strategy.buy(1, limit=99)
        seen.append(strategy.is_working(strategy.order))

    played(script, bars_of(FLAT, FLAT, (100, 100, 98, 100)))

    assert seen == [True, True, False]


@pytest.mark.parametrize(
    "make",
    [
        lambda: FillRules(intrabar="hopeful"),
        lambda: FillRules(volume_share=2),
        lambda: FillRules(latency_bars=-1),
        lambda: Costs(slippage_rate=-1),
        lambda: Costs(maker_rate=2),
        lambda: Costs(tiers=((5, 0, 0), (1, 0, 0))),
        lambda: Instrument("T", max_quantity=0.5),
    ],
)
def test_terms_without_sense_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make()
