"""Which dataset a foreign client means."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.dialects import symbols
from apps.errors import Invalid
from tests.conftest import MINUTE, MONDAY, random_bars

pytestmark = pytest.mark.django_db
START = datetime.fromtimestamp(MONDAY / 1e6, UTC)


@pytest.mark.parametrize("spelling", ["EUR_USD", "EUR-USD", "EUR/USD", "eurusd", " EUR:USD "])
def test_all_spellings_of_a_symbol_are_one(spelling: str, owner: Any, import_dataset: Callable[..., Any]) -> None:
    dataset = import_dataset()

    assert symbols.newest_version(owner, spelling).dataset == dataset


@pytest.mark.parametrize("symbol", ["GBP_USD", "", "\0", "%", "é", "x" * 5000])
def test_an_unknown_symbol_is_refused_with_those_there_are(
    symbol: str, owner: Any, import_dataset: Callable[..., Any]
) -> None:
    import_dataset()

    with pytest.raises(symbols.UnknownSymbol, match="EUR_USD") as refusal:
        symbols.newest_version(owner, symbol)

    assert refusal.value.supported == ["EUR_USD"]


def test_nobody_means_a_strangers_dataset(stranger: Any, import_dataset: Callable[..., Any]) -> None:
    import_dataset()

    with pytest.raises(symbols.UnknownSymbol, match="none"):
        symbols.newest_version(stranger, "EUR_USD")


def test_bars_have_to_make_up_the_timeframe(owner: Any, import_dataset: Callable[..., Any]) -> None:
    five = import_dataset(random_bars(50, step=5 * MINUTE), name="five", timeframe_seconds=300)

    assert symbols.newest_version(owner, "EURUSD", timeframe_seconds=900).dataset == five
    with pytest.raises(Invalid, match="bars of 300 s"):
        symbols.newest_version(owner, "EURUSD", timeframe_seconds=60)


def test_the_finest_bars_are_taken_unless_others_hold_more_of_the_period(
    owner: Any, import_dataset: Callable[..., Any]
) -> None:
    minutes = import_dataset(random_bars(300))
    longer = import_dataset(random_bars(300, step=5 * MINUTE), name="five", timeframe_seconds=300)

    def chosen(hours: float) -> Any:
        end = START + timedelta(hours=hours)
        return symbols.newest_version(owner, "EURUSD", timeframe_seconds=900, start=START, end=end).dataset

    assert chosen(4) == minutes
    assert chosen(20) == longer
