import pytest

from apps.strategies.models import StrategyConfig

URL = "/api/trading/strategy-configs/"
CONFIG = {"name": "slow and sure", "strategy_type": "sma_cross", "parameters": {"fast": 20, "slow": 100}}


@pytest.mark.case("T79")
def test_a_configuration_is_kept_complete(api, owner):
    answer = api.post(URL, CONFIG)

    assert answer.status_code == 201
    assert set(answer.data) == {
        "id", "user_id", "name", "strategy_type", "parameters", "description", "is_in_use", "created_at", "updated_at",
    }  # fmt: skip
    assert answer.data["user_id"] == owner.pk
    assert answer.data["is_in_use"] is False
    assert answer.data["parameters"] == {
        **api.get("/api/trading/strategies/sma_cross/defaults/").data["defaults"],
        "fast": 20,
        "slow": 100,
    }
    assert api.get(f"{URL}{answer.data['id']}/").data == answer.data


WRONG = {
    "no name": ({"name": "  "}, {"/name"}),
    "a name that is endless": ({"name": "x" * 121}, {"/name"}),
    "a name with a NUL": ({"name": "a\0b"}, {"/name"}),
    "an unknown strategy": ({"strategy_type": "sma_cros"}, {"/strategy_type"}),
    "an unknown parameter": ({"parameters": {"fats": 3}}, {"/parameters/fats"}),
    "a parameter out of range": ({"parameters": {"fast": -3}}, {"/parameters/fast"}),
    "a parameter with a NUL": ({"parameters": {"a\0": "\0"}}, {"/parameters/a\0"}),
    "parameters in a list": ({"parameters": [1]}, {"/parameters"}),
    "several at once": ({"name": " ", "parameters": {"fast": "x", "slow": True}}, {"/name"}),
    "several rules at once": (
        {"name": "taken", "parameters": {"fast": "x", "slow": True}},
        {"/name", "/parameters/fast", "/parameters/slow"},
    ),
}


@pytest.mark.parametrize(("changes", "pointers"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_configuration_is_refused_by_field_and_not_kept(api, make_config, changes, pointers):
    make_config(name="taken")

    answer = api.post(URL, {**CONFIG, **changes})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.data["errors"]} == pointers
    assert StrategyConfig.objects.count() == 1


def test_two_users_may_use_one_name(api, stranger_api):
    assert api.post(URL, CONFIG).status_code == 201
    assert stranger_api.post(URL, CONFIG).status_code == 201
    assert api.post(URL, CONFIG).data["errors"][0]["pointer"] == "/name"


@pytest.mark.storage
def test_the_loser_of_two_who_take_one_name_at_once_is_told_by_field(api, monkeypatch):
    api.post(URL, CONFIG)
    monkeypatch.setattr("apps.strategies.services._check", lambda config, parameters: None)

    answer = api.post(URL, CONFIG)

    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, "/name")
    assert StrategyConfig.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_strangers_configuration_does_not_exist(stranger_api, make_config, method):
    config = make_config()

    answer = getattr(stranger_api, method)(f"{URL}{config.pk}/", CONFIG if method != "get" else None)

    assert answer.status_code == 404
    assert StrategyConfig.objects.get().name == config.name


def test_lists_show_only_what_is_mine(api, stranger_api, make_config):
    make_config()

    assert api.get(URL).data["count"] == 1
    assert stranger_api.get(URL).data["results"] == []


def test_a_change_of_one_field_keeps_the_others(api, make_config):
    config = make_config(description="as it was")

    answer = api.patch(f"{URL}{config.pk}/", {"parameters": {"fast": 4, "slow": 9}})

    assert answer.status_code == 200
    assert (answer.data["name"], answer.data["description"]) == (config.name, "as it was")
    assert answer.data["parameters"]["slow"] == 9


def test_a_configuration_that_a_task_uses_is_not_deleted(api, execution):
    config = execution.backtest_task.config
    assert api.get(f"{URL}{config.pk}/").data["is_in_use"] is True

    answer = api.delete(f"{URL}{config.pk}/")

    assert (answer.status_code, answer.data["code"]) == (409, "config_in_use")
    assert StrategyConfig.objects.filter(pk=config.pk).exists()


def test_an_unused_configuration_is_deleted(api, make_config):
    assert api.delete(f"{URL}{make_config().pk}/").status_code == 204
    assert not StrategyConfig.objects.exists()


def test_a_list_is_narrowed_by_strategy_and_by_words(api, make_config):
    make_config(name="one", strategy_type="sma_cross")
    make_config(name="two", strategy_type="rsi_reversion", description="for Mondays")

    assert [row["name"] for row in api.get(URL, {"strategy_type": "sma_cross"}).data["results"]] == ["one"]
    assert [row["name"] for row in api.get(URL, {"search": "monday"}).data["results"]] == ["two"]


@pytest.mark.parametrize("query", [{"strategy": "sma_cross"}, {"search": "\0"}, {"ordering": "name"}])
def test_a_parameter_that_cannot_be_meant_is_refused(api, query):
    answer = api.get(URL, query)

    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_a_list_comes_in_pages(api, make_config, django_assert_max_num_queries):
    for number in range(25):
        make_config(name=f"number {number}")

    with django_assert_max_num_queries(4):
        first = api.get(URL)

    assert (first.data["count"], len(first.data["results"])) == (25, 20)
    assert len(api.get(first.data["next"]).data["results"]) == 5
    assert len(api.get(URL, {"page_size": 1000}).data["results"]) == 25


@pytest.mark.parametrize("path", ["0/", "999999999999999999/", "x/", "1.5/"])
def test_what_is_no_id_is_not_found(api, path):
    assert api.get(URL + path).status_code == 404
