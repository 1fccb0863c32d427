"""Strategies and data: what is there to see, for whom."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.engine import strategies
from apps.market.models import Dataset
from tests.conftest import random_bars

pytestmark = pytest.mark.django_db


def test_every_strategy_is_there_with_its_parameters(browser: Client) -> None:
    page = browser.get("/strategies/").content.decode()

    for strategy_type, strategy in strategies.all().items():
        assert strategy.title in page
        assert f"?strategy_type={strategy_type}" in page


def test_data_is_ones_own_or_shared(browser: Client, stranger: Any, import_dataset: Callable[..., Dataset]) -> None:
    import_dataset(name="mine")
    import_dataset(name="everybody's", owner=None, symbol="SPY")
    import_dataset(name="theirs", owner=stranger)

    shown = [(dataset.name, version.number) for dataset, version in browser.get("/data/").context["rows"]]

    assert shown == [("everybody's", 1), ("mine", 1)]


def test_the_newest_version_is_shown_in_as_many_queries_as_one(
    browser: Client, import_dataset: Callable[..., Dataset], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (100, 200):
        import_dataset(random_bars(count), name="grows")
        import_dataset(random_bars(count), name="grows too")

    with django_assert_num_queries(4):
        answer = browser.get("/data/")

    assert [version.rows for _, version in answer.context["rows"]] == [200, 200]


def test_without_data_it_says_how_to_bring_some(browser: Client) -> None:
    assert b"import_bars" in browser.get("/data/").content
