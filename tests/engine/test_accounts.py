"""What every kind of account promises, audited with a second set of books; and the cash account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.types import Account, Costs, Instrument, OrderEventKind, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, at, bars_of, bits, in_pieces
from tests.engine.worlds import World, worlds

if TYPE_CHECKING:
    from apps.engine.strategy import Strategy

CASH = Account(kind="cash")
SHARE = Instrument("TEST")


@pytest.mark.parametrize("kind", ["unchecked", "cash", "cross", "isolated"])
def test_every_row_of_a_run_agrees_with_a_second_set_of_books(kind: str) -> None:
    @given(world=worlds(kinds=(kind,)))
    @settings(deadline=None, max_examples=300)
    def audit(world: World) -> None:
        rows = whole(world.session())

        world.audit(rows)

    audit()


@given(world=worlds(), data=st.data())
@settings(deadline=None, max_examples=100)
def test_an_account_in_pieces_and_resumed_anywhere_is_the_same_to_the_bit(world: World, data: st.DataObject) -> None:
    at_once, in_parts, one_by_one = world.session(), world.session(), world.session()
    first, resumed = world.session(), world.session()
    expected = bits([whole(at_once)])
    cut = data.draw(st.integers(1, at_once.total), "cut")
    first.advance(cut)

    resumed.restore(first.snapshot())

    assert bits(in_pieces(in_parts, data.draw(st.lists(st.integers(1, 60), max_size=20), "sizes"))) == expected
    assert bits(in_pieces(one_by_one, [1] * at_once.total)) == expected
    assert bits([resumed.advance(at_once.total)]) == bits([first.advance(at_once.total)])
    assert resumed.snapshot() == one_by_one.snapshot() == at_once.snapshot()
    assert resumed.metrics() == at_once.metrics()


def test_a_cash_account_buys_for_all_it_has() -> None:
    bars = bars_of(FLAT, FLAT)

    rows = whole(account_of(at(bar_0=lambda s: s.buy(100)), Listing(SHARE, bars), account=CASH))

    assert rows.fills["quantity"].tolist() == [100.0]
    assert rows.fills["cash"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("quantity", "opens", "rate"),
    [(101, 100.0, 0.0), (100, 100.01, 0.0), (100, 100.0, 0.0001)],  # one more; a dearer open; the fee
)
def test_a_cash_account_buys_nothing_that_it_cannot_pay(quantity: int, opens: float, rate: float) -> None:
    bars = bars_of(FLAT, (opens, 101, 99, 100))
    costs = Costs(commission_rate=rate)

    rows = whole(account_of(at(bar_0=lambda s: s.buy(quantity)), Listing(SHARE, bars), account=CASH, costs=costs))

    assert not len(rows.fills)
    assert reasons(rows) == [RejectionReason.INSUFFICIENT_CASH]
    assert rows.orders["kind"].tolist() == [OrderEventKind.SUBMITTED, OrderEventKind.CANCELLED]
    assert rows.equity["cash"].tolist() == [10_000.0, 10_000.0]


def test_a_cash_account_sells_nothing_short() -> None:
    bars = bars_of(FLAT, FLAT)

    rows = whole(account_of(at(bar_0=lambda s: s.sell(1)), Listing(SHARE, bars), account=CASH))

    assert not len(rows.fills)
    assert reasons(rows) == [RejectionReason.NOTHING_TO_SELL]
    assert rows.orders["kind"].tolist() == [OrderEventKind.REJECTED]


def test_a_cash_account_sells_what_it_holds_and_no_more() -> None:
    bars = bars_of(FLAT, FLAT, FLAT)
    script = at(bar_0=lambda s: s.buy(10), bar_1=lambda s: s.sell(15))

    rows = whole(account_of(script, Listing(SHARE, bars), account=CASH))

    assert rows.fills["quantity"].tolist() == [10.0, 10.0]
    assert rows.fills["position"].tolist() == [10.0, 0.0]
    assert reasons(rows) == [RejectionReason.NOTHING_TO_SELL]


def test_proceeds_of_a_sale_pay_for_a_purchase_at_the_same_open() -> None:
    bars = bars_of(FLAT, FLAT, FLAT)
    listings = [Listing(SHARE, bars), Listing(Instrument("OTHER"), bars)]

    def exchange(strategy: Strategy) -> None:
        strategy.sell(100)
        strategy.market("OTHER").buy(100)

    rows = whole(account_of(at(bar_0=lambda s: s.buy(100), bar_1=exchange), listings, account=CASH))

    assert rows.fills["cash"].tolist() == [0.0, 10_000.0, 0.0]
    assert rows.fills["instrument"].tolist() == [0, 0, 1]


def test_a_protected_purchase_is_no_short_sale() -> None:
    bars = bars_of(FLAT, (100, 111, 99, 105))

    rows = whole(account_of(at(bar_0=lambda s: s.buy(10, sl=90, tp=110)), Listing(SHARE, bars), account=CASH))

    assert rows.fills["position"].tolist() == [10.0, 0.0]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "margin"}, "There is no account of the kind 'margin'"),
        ({"leverage": 0.5}, "leverage is 0.5; it must be 1 or more"),
        ({"leverage": float("nan")}, "leverage is nan"),
        ({"margin_call": -1.0}, "margin_call is -1.0; it must be 0 or more"),
        ({"kind": "cash", "hedging": True}, "A cash account holds nothing short"),
    ],
)
def test_an_account_that_cannot_be_says_why(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Account(**wrong)  # type: ignore[arg-type]


def test_listings_with_tiers_of_their_own_are_refused() -> None:
    bars, tiers = bars_of(FLAT, FLAT), Costs(tiers=[(0, 0.0, 0.001)])
    listings = [Listing(SHARE, bars, costs=tiers), Listing(Instrument("OTHER"), bars)]

    with pytest.raises(ValueError, match="every listing of a run has the same"):
        account_of(at(), listings, account=CASH)
