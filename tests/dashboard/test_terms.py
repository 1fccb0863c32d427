"""A run's page says by which terms it filled, what they cost, and what its result owes to a guess."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.dashboard import terms
from apps.events.journal import events
from apps.executions.models import Checkpoint, Execution
from apps.executions.terms import ACCOUNT, ACCOUNT_KINDS, FILL_RULES, INTRABAR
from apps.journal.journal import NewRows

USD = {"instrument": {"quote_currency": "USD"}}
FIGURES = {"ambiguous_bars": 3, "final_equity": 10_050.0, "opposite_equity": 9_949.5}


def page(browser: Client, execution: Execution) -> str:
    return browser.get(reverse("dashboard:execution", args=[execution.pk])).content.decode()


def test_every_intrabar_rule_has_words() -> None:
    assert list(terms.INTRABAR) == INTRABAR


def test_every_kind_of_account_has_words() -> None:
    assert list(terms.ACCOUNT_KINDS) == ACCOUNT_KINDS


@pytest.mark.parametrize("account", [{}, ACCOUNT.defaults])
def test_an_account_that_checks_nothing_says_so(account: Any) -> None:
    manifest = {**USD, "account": {"initial_balance": 1.0, **account}}

    assert terms.account(manifest) == ["Not checked, every order is carried"]


def test_an_account_on_margin_tells_all_it_goes_by() -> None:
    margins = {"initial_margin": 0.1, "maintenance_margin": 0.05, "liquidation_fee": 0.005}
    account = {"kind": "cross", "leverage": 2.5, "hedging": True, "margin_call": 0.8}

    assert terms.account({"instrument": margins, "account": account}) == [
        "Margin, with all equity behind all positions",
        "Leverage of 2.5",
        "Maintenance margin of 5 % of the value",
        "Liquidations cost 0.5 % of the value",
        "Margin calls below 80 % of the initial margin",
        "Long and short positions are held side by side",
    ]
    assert "Initial margin of 10 % of the value" in terms.account({"instrument": margins, "account": {"kind": "cross"}})


@pytest.mark.parametrize(
    ("liquidations", "calls", "told"),
    [
        (None, 0, ""),
        (0, 0, ""),
        (1, 0, "The account ran short of margin: 1 liquidation."),
        (0, 1, "The account ran short of margin: 1 margin call."),
        (1200, 3, "The account ran short of margin: 1,200 liquidations and 3 margin calls."),
    ],
)
def test_liquidations_and_margin_calls_are_counted(liquidations: int | None, calls: int, told: str) -> None:
    assert terms.shortage({"liquidations": liquidations}, calls) == told


def test_money_is_told_in_the_currency_that_the_instrument_settles_in() -> None:
    assert terms.currency_of(USD) == "USD"
    assert terms.currency_of({"instrument": {"quote_currency": "USD", "settles_in": ""}}) == "USD"
    assert terms.currency_of({"instrument": {"quote_currency": "USD", "settles_in": "BTC"}}) == "BTC"


def test_each_cost_is_said() -> None:
    dear = {
        "commission_rate": 0.001,
        "maker_rate": -0.0001,
        "tiers": [[100_000, 0.0005, 0.0008]],
        "spread": 0.02,
        "slippage_ticks": 2,
        "slippage_rate": 0.0005,
        "slippage_atr": 0.1,
        "slippage_impact": 0.3,
        "slippage_random": 0.001,
    }

    assert terms.costs(dear, "USD").split(" + ") == [
        "0.1 % of the value",
        "-0.01 % of the value for makers",
        "from a traded value of 100000 USD on 0.08 %, for makers 0.05 %",
        "half of a spread of 0.02 USD",
        "slippage of 2 price increments",
        "slippage of 0.05 % of the price",
        "slippage of 10 % of the mean true range",
        "market impact of 0.3",
        "random slippage of up to 0.1 % of the price",
    ]


def test_an_older_manifest_is_told_like_the_defaults() -> None:
    assert terms.fills(None) == terms.fills(FILL_RULES.defaults)
    assert terms.fills(None) == [
        "Market orders fill at the open of the next bar",
        "Inside a bar: the worst, stops before targets",
    ]


def test_every_rule_that_differs_is_told() -> None:
    rules = {"intrabar": "ohlc", "exit_in_entry_bar": False, "market_at_close": True}

    assert terms.fills({**rules, "volume_share": 0.1, "latency_bars": 1, "latency_seconds": 0.5}) == [
        "Market orders fill at the close at which they are given",
        "Inside a bar: open, high, low, close",
        "Stops and targets work from the bar after their entry",
        "All fills in a bar take at most 10 % of its volume",
        "Orders reach the market 1 bar later",
        "Orders reach the market 0.5 seconds later",
    ]


@pytest.mark.parametrize(
    ("changes", "rules", "ending"),
    [
        ({}, {}, "Under the opposite rule the equity would be 9,949.50 USD, not 10,050.00."),
        ({"opposite_equity": None}, {}, "Under the opposite rule the strategy fails."),
        ({"opposite_equity": None}, {"compare_opposite": False}, "was not asked for."),
    ],
)
def test_ambiguous_bars_are_counted_and_the_other_result_is_told(changes: Any, rules: Any, ending: str) -> None:
    told = terms.doubt({**FIGURES, **changes}, {**USD, "rules": rules})

    assert told.startswith("In 3 bars it was not clear what filled first")
    assert told.endswith(ending)


@pytest.mark.parametrize("figures", [{}, {**FIGURES, "ambiguous_bars": 0}])
def test_without_an_ambiguous_bar_there_is_no_doubt(figures: Any) -> None:
    assert terms.doubt(figures, USD) == ""


@pytest.mark.django_db
def test_the_page_tells_the_doubt_and_its_figures_part_too(finished: Execution, browser: Client) -> None:
    assert 'id="doubt"' not in page(browser, finished)
    checkpoint = finished.checkpoints.first()
    assert checkpoint is not None
    Checkpoint.objects.filter(pk=checkpoint.pk).update(metrics={**checkpoint.metrics, "ambiguous_bars": 1})

    equity = f"{checkpoint.metrics['opposite_equity']:,.2f}"
    part = browser.get(reverse("dashboard:figures", args=[finished.pk])).content.decode()
    for shown in (page(browser, finished), part):
        assert "In 1 bar it was not clear" in shown
        assert f"would be {equity} USD" in shown


@pytest.mark.django_db
def test_the_page_tells_the_terms_and_the_slippage(finished: Execution, browser: Client) -> None:
    manifest = finished.manifest
    manifest["costs"]["spread"], manifest["rules"]["intrabar"] = 0.5, "optimistic"
    Execution.objects.filter(pk=finished.pk).update(manifest=manifest)

    shown = page(browser, finished)

    assert "half of a spread of 0.5 USD" in shown
    assert "the best, targets before stops" in shown
    assert "What spread and slippage cost" in shown


@pytest.mark.django_db
def test_the_page_tells_who_carried_the_run_in_which_timeframe(finished: Execution, browser: Client) -> None:
    before = page(browser, finished)
    manifest = finished.manifest
    manifest["account"] |= {"kind": "isolated", "leverage": 4.0}
    manifest["instrument"]["settles_in"] = "BTC"
    manifest["data"] |= {"timeframe": "5m", "warm_up_bars": 1200}
    Execution.objects.filter(pk=finished.pk).update(manifest=manifest)

    shown = page(browser, finished)

    assert "Not checked, every order is carried" in before
    assert "Warm-up" not in before
    for told in ("Margin, with its own behind each position", "Leverage of 4", "10,000.00 BTC", "5m, made of 1m"):
        assert told in shown
    assert "1,200 bars of 1m before the period" in shown


@pytest.mark.django_db
def test_the_page_tells_liquidations_and_margin_calls_when_there_were_any(finished: Execution, browser: Client) -> None:
    assert 'id="shortage"' not in page(browser, finished)
    checkpoint = finished.checkpoints.latest()
    Checkpoint.objects.filter(pk=checkpoint.pk).update(metrics={**checkpoint.metrics, "liquidations": 2})
    called = '"event_type":"margin_called","timestamp":"","event":{}'
    events.append(finished.pk, NewRows((["margin_called"],), [called], "2026-01-01T00:00:00Z"))

    part = browser.get(reverse("dashboard:figures", args=[finished.pk])).content.decode()

    for shown in (page(browser, finished), part):
        assert "2 liquidations and 1 margin call." in shown


@pytest.mark.django_db
def test_a_page_of_an_older_run_is_as_complete(finished: Execution, browser: Client) -> None:
    manifest = {name: value for name, value in finished.manifest.items() if name != "rules"}
    commissions = ("commission_rate", "commission_fixed", "commission_per_unit", "commission_minimum")
    manifest["costs"] = {name: manifest["costs"][name] for name in commissions}
    manifest["account"] = {"initial_balance": manifest["account"]["initial_balance"]}
    for name in ("timeframe", "warm_up_bars"):
        del manifest["data"][name]
    for name in ("settles_in", "initial_margin", "maintenance_margin", "liquidation_fee"):
        del manifest["instrument"][name]
    Execution.objects.filter(pk=finished.pk).update(manifest=manifest)
    metrics = {
        name: value
        for name, value in finished.checkpoints.latest().metrics.items()
        if name not in ("ambiguous_bars", "opposite_equity", "total_slippage", "total_payments", "liquidations")
    }
    Checkpoint.objects.filter(execution=finished).update(metrics=metrics)

    shown = page(browser, finished)

    assert "none: commission-free" in shown
    assert "Market orders fill at the open of the next bar" in shown
    assert "Not checked, every order is carried" in shown
