"""The page that brings a file of market data, and a run on ticks by the pages."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.equity.journal import equity
from apps.executions.models import Execution
from apps.market.models import Dataset
from apps.runner.run import run
from tests.conftest import as_csv, random_bars
from tests.market import quotes

pytestmark = pytest.mark.django_db
PAGE = "/data/upload/"


def said(content: bytes = b"", filename: str = "ticks.csv", **changes: str) -> dict[str, Any]:
    """What a filled form sends; 400 ticks unless it says otherwise."""
    file = SimpleUploadedFile(filename, content or quotes.as_csv(quotes.random_ticks(400)))
    words = {"layout": "ticks", "timeframe_seconds": "", "crossed": "refuse", "symbol": "eur_usd", "kind": ""}
    return {"file": file, **words, "name": "my ticks", "source": "a friend", "licence": "", **changes}


def test_a_file_of_ticks_becomes_a_dataset(browser: Client, owner: Any) -> None:
    answer = browser.post(PAGE, said(), follow=True)

    dataset = Dataset.objects.get()
    assert (dataset.owner, dataset.layout, dataset.timeframe_seconds) == (owner, "ticks", 0)
    assert (dataset.instrument.symbol, dataset.instrument.kind, dataset.source) == ("EUR_USD", "forex", "a friend")
    shown = answer.content.decode()
    assert "my ticks holds 400 ticks now." in shown
    assert "EUR_USD · ticks ·" in shown


def test_files_of_bars_and_quote_bars_become_datasets(browser: Client) -> None:
    minutes = {"timeframe_seconds": "1m"}

    browser.post(PAGE, said(as_csv(random_bars(30)), layout="bars", name="bars", **minutes))
    browser.post(PAGE, said(quotes.as_csv(quotes.random_quotes(30)), layout="quote_bars", name="quotes", **minutes))

    assert sorted(Dataset.objects.values_list("name", "layout", "timeframe_seconds")) == [
        ("bars", "bars", 60),
        ("quotes", "quote_bars", 60),
    ]


WRONG = {
    "another layout": ({"layout": "bars", "timeframe_seconds": "1m"}, "These are ticks"),
    "a timeframe of ticks": ({"timeframe_seconds": "1m"}, "Ticks have no timeframe"),
    "bars without a timeframe": ({"layout": "bars"}, "more than 0 seconds"),
    "a timeframe that is none": ({"timeframe_seconds": "1y"}, "is no timeframe"),
    "no name": ({"name": ""}, "This field is required"),
    "a symbol that is none": ({"symbol": "€ / $"}, "It must be 1 to 40 letters"),
    "an unknown ending": ({"filename": "ticks.xlsx"}, "no file of bars"),
    "a crossed quote": ({"content": b"timestamp,bid,ask\n2024-01-01,2,1\n"}, "Line 2: ask 1.0 is below bid 2.0"),
}


@pytest.mark.parametrize(("changes", "problem"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_kept(
    browser: Client, changes: dict[str, Any], problem: str
) -> None:
    answer = browser.post(PAGE, said(**changes))

    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert not Dataset.objects.exists()


def test_a_file_that_is_too_large_is_refused(browser: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 0

    answer = browser.post(PAGE, said())

    assert answer.status_code == 422
    assert "At most 0 MB are taken" in answer.content.decode()
    assert not Dataset.objects.exists()


def test_nobody_brings_data_without_signing_in() -> None:
    assert Client().post(PAGE, said()).status_code == 302
    assert not Dataset.objects.exists()


# A run on ticks


def form_for(dataset: Dataset, **changes: str) -> dict[str, str]:
    parameters = {"fast": "3", "slow": "8", "direction": "both", "sizing": "quantity", "quantity": "5", "fraction": "1"}
    fields = {"opened_at": "2026-01-12T10:00:00.123456+00:00", "strategy_type": "sma_cross", "dataset": str(dataset.pk)}
    costs = ("commission_rate", "commission_per_trade", "commission_per_unit", "commission_minimum")
    fields |= {"initial_balance": "5000", "timeframe": "5s", **dict.fromkeys(costs, "0")}
    return {**fields, **{f"parameters-{name}": value for name, value in parameters.items()}, **changes}


@pytest.mark.parametrize(("asked", "seconds"), [("", 60), ("2", 2), ("0", 0)])
def test_a_back_test_on_ticks_is_started_and_shown(browser: Client, asked: str, seconds: int) -> None:
    browser.post(PAGE, said())

    browser.post("/backtests/new/", form_for(Dataset.objects.get(), equity_seconds=asked))

    execution = Execution.objects.get()
    assert execution.manifest["ticks"]["equity_seconds"] == seconds
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    shown = browser.get(reverse("dashboard:execution", args=[execution.pk])).content.decode()
    assert "made of ticks, bid and ask" in shown
    chart = browser.get(reverse("dashboard:chart", args=[execution.pk]), {"points": 5000}).json()
    points = equity.points(execution.pk, 1, 10**6)
    assert chart["equity"] == [round(balance, 2) for balance in points["balance"].tolist()]
    assert (chart["processed"], chart["total"], chart["bars"]) == (400, 400, len(points))


def test_the_form_shows_what_is_of_ticks_only_for_ticks(browser: Client, import_dataset: Any) -> None:
    browser.post(PAGE, said())
    ticks, bars = Dataset.objects.get(), import_dataset(name="bars")

    of_ticks, of_bars = (
        browser.get(reverse("dashboard:dataset-coverage"), {"dataset": each.pk}).content.decode()
        for each in (ticks, bars)
    )

    assert "400 ticks" in of_ticks
    assert 'name="equity_seconds"' in of_ticks
    assert "300 bars" in of_bars
    assert 'name="equity_seconds"' not in of_bars
