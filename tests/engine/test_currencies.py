"""An account in one currency and instruments in others, with a pencil; a dollar is 0.8 euros, then 0.9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.listing import Listing
from apps.engine.series.adjustments import ADJUSTMENT
from apps.engine.series.happenings import RATE
from apps.engine.types import Account, Costs, Instrument, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, at, bars_of, bits, in_pieces
from tests.engine.test_payments import table

if TYPE_CHECKING:
    from apps.engine.session import Session
    from apps.engine.strategy import Strategy
    from apps.engine.types import Array

DOLLAR = table(RATE, (0, 0.8), (2, 0.9))
SHARE = Instrument("TEST", initial_margin=0.5, maintenance_margin=0.25)
HOME = Instrument("HOME", quote_currency="EUR")
UP = (110, 110, 110, 110)


def session(script: Any, *prices: Any, kind: str = "unchecked", rates: Array = DOLLAR, **terms: Any) -> Session:
    listing = Listing(SHARE, bars_of(*prices), events=terms.pop("events", ()))
    account = Account(currency="EUR", kind=kind, **terms.pop("account", {}))
    return account_of(script, listing, account=account, rates={"USD": rates}, **terms)


def test_every_amount_is_told_in_the_account_s_currency_at_the_rate_of_its_row() -> None:
    script = at(bar_0=lambda s: s.buy(10), bar_1=lambda s: s.sell(10))

    run = session(script, FLAT, FLAT, UP, costs=Costs(commission_rate=0.01))
    rows = whole(run)

    (trade,) = rows.trades
    assert rows.fills["fee"].tolist() == pytest.approx([8.0, 9.9])
    assert trade["gross_pnl"] == pytest.approx(10 * 10 * 0.9)
    assert rows.equity["equity"].tolist() == pytest.approx([10_000, 9_992, 10_000 + (100 - 10 - 11) * 0.9])
    assert run.metrics()["total_fees"] == pytest.approx(17.9)


def test_a_rate_moves_what_is_owned_and_owed_in_the_currency() -> None:
    """A margin account owes the 1,000 dollars that it bought with: together, nothing moves; with a gain, that does."""
    rows = whole(session(at(bar_0=lambda s: s.buy(10)), FLAT, (100, 110, 100, 110), UP))

    assert rows.equity["equity"].tolist() == pytest.approx([10_000, 10_080, 10_090])
    assert rows.equity["cash"].tolist() == pytest.approx([10_000, 9_200, 9_100])


def test_a_cash_account_changes_its_money_when_it_trades() -> None:
    """10 shares for 800 euros are 900 when the dollar has risen, and 990 when the share has."""
    script = at(bar_0=lambda s: s.buy(10), bar_2=lambda s: s.close_position())

    rows = whole(session(script, FLAT, FLAT, FLAT, UP, kind="cash"))

    assert rows.equity["equity"].tolist() == pytest.approx([10_000, 10_000, 10_100, 10_190])
    assert rows.equity["cash"].tolist() == pytest.approx([10_000, 9_200, 9_200, 10_190])


def test_a_cash_account_pays_at_the_rate_of_the_fill() -> None:
    enough, too_much = (whole(session(at(bar_0=lambda s, n=n: s.buy(n)), FLAT, FLAT, kind="cash")) for n in (125, 126))

    assert enough.fills["cash"].tolist() == pytest.approx([0.0])
    assert reasons(too_much) == [RejectionReason.INSUFFICIENT_CASH]


def test_margin_is_reckoned_in_the_account_s_currency() -> None:
    """Half of 250 x 100 dollars is 10,000 euros."""
    enough, too_much = (whole(session(at(bar_0=lambda s, n=n: s.buy(n)), FLAT, FLAT, kind="cross")) for n in (250, 251))

    assert len(enough.fills) == 1
    assert reasons(too_much) == [RejectionReason.INSUFFICIENT_MARGIN]


@pytest.mark.parametrize(("dollar", "price"), [(0.8, 120.0), (1.6, 100.0)])
def test_a_position_breaks_at_the_price_that_the_present_rate_makes_it(dollar: float, price: float) -> None:
    """Short 250: 25,000 dollars, and 10,000 euros that are 12,500 or 6,250 more; by 250 x 1.25, that is 120 or 100."""
    rates = table(RATE, (0, 0.8), (2, dollar))

    rows = whole(session(at(bar_0=lambda s: s.sell(250)), FLAT, FLAT, (99, 130, 99, 99), kind="cross", rates=rates))

    assert rows.fills["price"][1] == pytest.approx(price)


def test_a_size_is_of_the_equity_in_the_account_s_currency() -> None:
    rows = whole(session(at(bar_0=lambda s: s.buy(s.size(0.5))), FLAT, FLAT))

    assert rows.fills["quantity"].tolist() == [62.0]  # 5,000 euros of 80 each


def test_a_dividend_is_paid_in_the_instrument_s_currency() -> None:
    paid = table(ADJUSTMENT, (2, 2.0, 1.0))

    rows = whole(session(at(bar_0=lambda s: s.buy(10)), FLAT, FLAT, (98, 98, 98, 98), events=[paid]))

    assert rows.payments["amount"].tolist() == pytest.approx([18.0])
    assert rows.equity["equity"].tolist() == pytest.approx([10_000] * 3)


def test_instruments_of_two_currencies_share_the_account() -> None:
    def script(strategy: Strategy) -> None:
        if strategy.index == 0:
            strategy.buy(10)
            strategy.market("TEST").buy(10)

    bars = bars_of(FLAT, FLAT, UP)
    listings = [Listing(HOME, bars), Listing(SHARE, bars)]

    rows = whole(account_of(script, listings, account=Account(kind="cross"), rates={"USD": DOLLAR}))

    assert rows.equity["equity"].tolist() == pytest.approx([10_000, 10_000, 10_000 + 100 + 90])


def test_pieces_of_a_run_over_moving_rates_are_the_same_to_the_bit() -> None:
    random = np.random.default_rng(1)
    prices = [(p, p * 1.02, p * 0.98, p) for p in 100 * np.exp(np.cumsum(random.normal(0, 0.03, 60)))]
    rates = table(RATE, *((i, 0.8 + 0.3 * random.random()) for i in range(60)))

    def script(strategy: Strategy) -> None:
        strategy.target(round(300 * (strategy.random.random() - 0.5)))

    whole_run, parts = (session(script, *prices, kind="cross", rates=rates) for _ in range(2))

    assert bits(in_pieces(parts, [1, 2, 3, 5, 7, 11])) == bits([whole(whole_run)])


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        (table(RATE, (1, 0.8)), "There is no rate of USD at the first row, 2024-01-01T00:00:00"),
        (table(RATE, (0, 0.8), (1, 0.0)), "Row 1 of the rates of USD: the rate is not a finite number above 0"),
        (table(RATE, (0, 0.8), (0, float("nan"))), "Row 1 of the rates of USD: the rate is not a finite number"),
        (table(RATE, (1, 0.8), (0, 0.8)), "Row 1 of the rates of USD: it is earlier than the row before it"),
    ],
)
def test_rates_that_cannot_be_name_their_row(rates: Array, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        session(at(), FLAT, FLAT, rates=rates)


def test_a_currency_without_rates_is_named() -> None:
    with pytest.raises(ValueError, match="There are no rates of USD to EUR, in which the account is kept"):
        account_of(at(), Listing(SHARE, bars_of(FLAT, FLAT)), account=Account(currency="EUR"))
