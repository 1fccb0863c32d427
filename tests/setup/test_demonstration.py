"""What the demonstration puts into a new server, without starting one."""

import pytest
from django.contrib.auth import authenticate

from apps.accounts.models import User
from apps.executions import lifecycle
from apps.executions.models import Execution
from apps.market import bundled
from apps.market.models import Dataset
from apps.runner import demonstration

pytestmark = pytest.mark.django_db


@pytest.fixture
def installed():
    for entry in bundled.missing():
        bundled.install(entry)
    demonstration.ensure_user(new_password=False)


def test_the_bundled_data_belongs_to_the_server_and_says_what_it_is(installed):
    held = {dataset.name: dataset for dataset in Dataset.objects.filter(owner=None)}

    assert {dataset.instrument.symbol for dataset in held.values()} == {"EUR_USD", "AAPL", "MSFT", "SYN_USD", "SYN_FX"}
    assert all(dataset.licence and dataset.source for dataset in held.values())
    made_up = {dataset.instrument.symbol for dataset in held.values() if dataset.is_synthetic}
    assert made_up == {"SYN_USD", "SYN_FX"}
    ticks = held["SYN_FX ticks, synthetic"]
    assert (ticks.layout, ticks.timeframe_seconds, ticks.latest.rows) == ("ticks", 0, 200_000)
    assert bundled.missing() == []


def test_the_instruments_have_the_numbers_of_the_index(installed):
    euro = Dataset.objects.get(instrument__symbol="EUR_USD").instrument

    assert (euro.price_increment, euro.pip_size, euro.kind) == (0.00001, 0.0001, "forex")


def test_the_password_is_known_while_it_is_new():
    first = demonstration.ensure_user(new_password=False)

    assert authenticate(email=demonstration.EMAIL, password=first) is not None
    assert demonstration.ensure_user(new_password=False) is None
    assert authenticate(email=demonstration.EMAIL, password=first) is not None


def test_a_new_password_makes_the_old_one_worthless():
    old = demonstration.ensure_user(new_password=False)

    new = demonstration.ensure_user(new_password=True)

    assert authenticate(email=demonstration.EMAIL, password=new) is not None
    assert authenticate(email=demonstration.EMAIL, password=old) is None
    assert User.objects.count() == 1


def test_a_second_start_goes_on_with_what_is_there(installed):
    first = demonstration.start()

    assert demonstration.start() == first
    assert Execution.objects.count() == 2


def test_when_the_watched_run_has_ended_another_one_is_started(installed):
    finished, watched = demonstration.start()
    lifecycle.stop(watched)

    again = demonstration.start()

    assert again[0] == finished
    assert again[1].execution_number == 2
