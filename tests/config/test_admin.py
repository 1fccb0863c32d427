"""Every page of the admin opens, and what services refuse is refused there."""

import pytest
from django.contrib import admin
from django.urls import reverse

from apps.accounts.models import User
from apps.market.models import Instrument
from apps.strategies.models import StrategyConfig


@pytest.fixture
def browser(client, db):
    client.force_login(User.objects.create_superuser("admin@example.org", "a key under the mat"))
    return client


@pytest.mark.parametrize(
    "model", sorted(admin.site._registry, key=lambda model: model._meta.label), ids=lambda m: m._meta.label
)
def test_the_list_and_the_form_of_every_model_open(browser, finished, model):
    prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert browser.get(reverse(f"{prefix}_changelist"), {"q": "1"}).status_code == 200
    assert browser.get(reverse(f"{prefix}_add")).status_code in (200, 403)
    if (row := model._default_manager.first()) is not None:
        assert browser.get(reverse(f"{prefix}_change", args=[row.pk])).status_code == 200


def test_tokens_are_not_shown_to_an_administrator(browser):
    assert not any("token" in model._meta.model_name for model in admin.site._registry)


def test_an_account_made_in_the_admin_can_sign_in(browser, anonymous_api):
    fields = {
        "email": "Made@Example.org",
        "name": "Mia",
        "password1": "seven old oak trees",
        "password2": "seven old oak trees",
    }

    answer = browser.post(reverse("admin:accounts_user_add"), {**fields, "usable_password": "true"})

    assert answer.status_code == 302
    credentials = {"email": "made@example.org", "password": "seven old oak trees"}
    assert anonymous_api.post("/api/accounts/auth/login/", credentials).status_code == 200


def test_an_instrument_that_the_service_refuses_is_refused_in_the_admin(browser):
    fields = {"symbol": "spy", "kind": "equity", "quote_currency": "usd", "price_increment": 0, "pip_size": "nan"}
    fields |= {"quantity_step": 1, "min_quantity": 0, "periods_per_year": 252}

    answer = browser.post(reverse("admin:market_instrument_add"), fields)

    assert answer.status_code == 200
    assert {"quote_currency", "price_increment", "pip_size"} >= set(answer.context["adminform"].form.errors) > set()
    assert not Instrument.objects.exists()


@pytest.mark.parametrize(
    ("strategy_type", "parameters"), [("sma_cros", "{}"), ("sma_cross", '{"fast": -1}'), ("sma_cross", "[1]")]
)
def test_parameters_that_the_strategy_refuses_are_refused_in_the_admin(browser, owner, strategy_type, parameters):
    fields = {"owner": owner.pk, "name": "mine", "strategy_type": strategy_type, "parameters": parameters}

    answer = browser.post(reverse("admin:strategies_strategyconfig_add"), fields)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not StrategyConfig.objects.exists()


def test_a_configuration_made_in_the_admin_is_complete(browser, owner):
    fields = {"owner": owner.pk, "name": "mine", "strategy_type": "sma_cross", "parameters": '{"fast": 5}'}

    browser.post(reverse("admin:strategies_strategyconfig_add"), fields)

    assert StrategyConfig.objects.get().parameters["slow"] > 5
