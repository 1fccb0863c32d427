"""The largest order of an instrument: a number, or none for no limit."""

import math

import pytest

from apps.market import services
from apps.market.models import Instrument

INSTRUMENTS = "/api/market/instruments/"
SPY = {"symbol": "SPY", "kind": "equity", "min_quantity": 2.0, "quantity_step": 1.0}


@pytest.mark.storage
@pytest.mark.parametrize(("given", "engine"), [(None, math.inf), (2.0, 2.0), (1e6, 1e6)])
def test_it_reaches_the_engine(owner, given, engine):
    instrument = services.create_instrument(owner=owner, **SPY, max_quantity=given)

    kept = Instrument.objects.get(pk=instrument.pk)

    assert kept.max_quantity == given
    assert services.engine_instrument(kept).max_quantity == engine


def test_the_api_takes_it_and_takes_it_away(api):
    made = api.post(INSTRUMENTS, {**SPY, "max_quantity": 500}).json()
    path = f"{INSTRUMENTS}{made['id']}/"

    assert made["max_quantity"] == 500.0
    assert api.patch(path, {"max_quantity": None}).json()["max_quantity"] is None
    assert api.post(INSTRUMENTS, {**SPY, "symbol": "QQQ"}).json()["max_quantity"] is None


@pytest.mark.parametrize("value", [0, -1, 1.5, 1e300, "nan", "inf", "many", [], True])
def test_nothing_could_be_ordered_below_the_smallest(api, value):
    answer = api.post(INSTRUMENTS, {**SPY, "max_quantity": value})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/max_quantity"]
    assert not Instrument.objects.exists()


def test_the_smallest_cannot_be_raised_above_it(api):
    path = f"{INSTRUMENTS}{api.post(INSTRUMENTS, {**SPY, 'max_quantity': 5}).json()['id']}/"

    answer = api.patch(path, {"min_quantity": 6})

    assert answer.status_code == 400
    assert Instrument.objects.get().min_quantity == 2.0


def test_it_comes_with_an_upload(upload, api):
    answer = upload(max_quantity="250")

    assert api.get(f"{INSTRUMENTS}{answer.data['instrument_id']}/").data["max_quantity"] == 250.0


def test_a_stranger_does_not_change_it(api, stranger_api):
    path = f"{INSTRUMENTS}{api.post(INSTRUMENTS, {**SPY, 'max_quantity': 5}).json()['id']}/"

    assert stranger_api.patch(path, {"max_quantity": 9}).status_code == 404
    assert Instrument.objects.get().max_quantity == 5.0
