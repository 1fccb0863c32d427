"""How an instrument settles and what margin it needs: through the API, an upload and the admin, to the engine."""

from dataclasses import fields

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.engine import types as engine
from apps.market import services
from apps.market.models import Instrument
from tests.conftest import as_csv, random_bars

INSTRUMENTS = "/api/market/instruments/"
PERPETUAL = {"symbol": "BTC_USD", "kind": "crypto", "quantity_step": 1.0, "min_quantity": 1.0}
CONTRACT = {
    "multiplier": 100.0,
    "is_inverse": True,
    "settles_in": "BTC",
    "initial_margin": 0.02,
    "maintenance_margin": 0.01,
    "liquidation_fee": 0.0005,
}
PLAIN = {
    "multiplier": 1.0,
    "is_inverse": False,
    "settles_in": "",
    "initial_margin": 1.0,
    "maintenance_margin": 0.0,
    "liquidation_fee": 0.0,
}


def terms_of(instrument):
    return {name: getattr(instrument, name) for name in CONTRACT}


@pytest.mark.storage
@pytest.mark.parametrize("contract", [CONTRACT, PLAIN], ids=["inverse", "plain"])
def test_the_terms_of_a_contract_reach_the_engine(owner, contract):
    instrument = services.create_instrument(owner=owner, **PERPETUAL, **contract)

    kept = Instrument.objects.get(pk=instrument.pk)

    assert terms_of(kept) == contract
    assert terms_of(services.engine_instrument(kept)) == contract


def test_an_instrument_is_plain_unless_it_says_otherwise(owner):
    kept = services.create_instrument(owner=owner, **PERPETUAL)

    assert terms_of(kept) == PLAIN
    assert terms_of(services.engine_instrument(kept)) == terms_of(engine.Instrument("BTC_USD"))


def test_every_number_of_the_engine_is_known_here():
    known = {field.name for field in Instrument._meta.get_fields()}

    assert {field.name for field in fields(engine.Instrument)} <= known


def test_the_api_takes_a_contract_and_shows_it(api):
    made = api.post(INSTRUMENTS, {**PERPETUAL, **CONTRACT})
    shown = api.get(f"{INSTRUMENTS}{made.data['id']}/")

    assert made.status_code == 201
    for answer in (made, shown):
        assert {name: answer.data[name] for name in CONTRACT} == CONTRACT


WRONG = {
    "no multiplier": ({"multiplier": 0}, "/multiplier"),
    "a multiplier of nothing": ({"multiplier": None}, "/multiplier"),
    "a multiplier without an end": ({"multiplier": "inf"}, "/multiplier"),
    "a multiplier that is no number": ({"multiplier": "nan"}, "/multiplier"),
    "perhaps inverse": ({"is_inverse": "perhaps"}, "/is_inverse"),
    "a list for inverse": ({"is_inverse": []}, "/is_inverse"),
    "inverse without its currency": ({"settles_in": ""}, "/settles_in"),
    "inverse in its quote currency": ({"settles_in": "USD"}, "/settles_in"),
    "a currency in small letters": ({"settles_in": "btc"}, "/settles_in"),
    "an endless currency": ({"settles_in": "B" * 11}, "/settles_in"),
    "no initial margin": ({"initial_margin": 0}, "/initial_margin"),
    "more margin than value": ({"initial_margin": 1.01}, "/initial_margin"),
    "a margin that is no number": ({"initial_margin": "nan"}, "/initial_margin"),
    "a margin below nothing": ({"maintenance_margin": -0.1}, "/maintenance_margin"),
    "dearer to keep than to open": ({"maintenance_margin": 0.03}, "/maintenance_margin"),
    "a maintenance that is no number": ({"maintenance_margin": "nan"}, "/maintenance_margin"),
    "a fee of everything": ({"liquidation_fee": 1}, "/liquidation_fee"),
    "a fee below nothing": ({"liquidation_fee": -0.1}, "/liquidation_fee"),
    "a fee in words": ({"liquidation_fee": "dear"}, "/liquidation_fee"),
    "a fee that is no number": ({"liquidation_fee": "nan"}, "/liquidation_fee"),
}


@pytest.mark.parametrize(("changes", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_a_contract_that_cannot_be_is_refused_by_field(api, changes, pointer):
    answer = api.post(INSTRUMENTS, {**PERPETUAL, **CONTRACT, **changes})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]
    assert not Instrument.objects.exists()


def test_margins_are_judged_together_when_one_of_them_changes(api):
    path = f"{INSTRUMENTS}{api.post(INSTRUMENTS, {**PERPETUAL, **CONTRACT}).data['id']}/"

    refused = api.patch(path, {"initial_margin": 0.005})
    taken = api.patch(path, {"initial_margin": 0.005, "maintenance_margin": 0.004})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/maintenance_margin")
    assert (taken.status_code, taken.data["initial_margin"]) == (200, 0.005)


def test_a_contract_comes_with_an_upload(upload, api):
    told = {name: str(value) for name, value in CONTRACT.items()}

    answer = upload(symbol="BTC_USD", kind="crypto", **told)

    instrument = api.get(f"{INSTRUMENTS}{answer.data['instrument_id']}/").data
    assert {name: instrument[name] for name in CONTRACT} == CONTRACT


def test_an_upload_that_does_not_say_how_a_contract_settles_does_not_contradict_it(upload, api):
    first = upload(symbol="BTC_USD", kind="crypto", is_inverse="true", settles_in="BTC")

    more = upload(as_csv(random_bars(60)), symbol="BTC_USD")
    contrary = upload(as_csv(random_bars(70)), symbol="BTC_USD", is_inverse="false")

    assert (first.status_code, more.status_code) == (201, 201)
    assert (contrary.status_code, contrary.data["errors"][0]["pointer"]) == (400, "/is_inverse")


def test_a_wrong_contract_in_an_upload_is_refused_and_nothing_is_kept(upload, stored_files):
    answer = upload(symbol="BTC_USD", is_inverse="true", initial_margin="2", multiplier="many", liquidation_fee="x")

    assert answer.status_code == 400
    assert {problem["pointer"] for problem in answer.data["errors"]} == {"/multiplier", "/liquidation_fee"}
    assert stored_files() == []


def test_a_stranger_does_not_change_a_contract(api, stranger_api):
    path = f"{INSTRUMENTS}{api.post(INSTRUMENTS, {**PERPETUAL, **CONTRACT}).data['id']}/"

    assert stranger_api.patch(path, {"initial_margin": 0.5}).status_code == 404
    assert terms_of(Instrument.objects.get()) == CONTRACT


@pytest.fixture
def administrator(client, db):
    client.force_login(User.objects.create_superuser("admin@example.org", "a key under the mat"))
    return client


ADMIN = {**PERPETUAL, "quote_currency": "USD", "price_increment": 0.5, "pip_size": 0.5, "periods_per_year": 365}


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, PLAIN), (dict.fromkeys(PLAIN, ""), PLAIN), ({**CONTRACT, "is_inverse": "on"}, CONTRACT)],
    ids=["left out", "left empty", "filled in"],
)
def test_the_admin_takes_a_contract_and_what_is_empty_is_plain(administrator, said, kept):
    answer = administrator.post(reverse("admin:market_instrument_add"), {**ADMIN, **said})

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert terms_of(Instrument.objects.get()) == kept


def test_the_admin_refuses_a_contract_that_the_service_refuses(administrator):
    wrong = {"initial_margin": "2", "multiplier": "0", "is_inverse": "on"}

    answer = administrator.post(reverse("admin:market_instrument_add"), {**ADMIN, **wrong})

    assert set(answer.context["adminform"].form.errors) == {"initial_margin", "multiplier", "settles_in"}
    assert not Instrument.objects.exists()
