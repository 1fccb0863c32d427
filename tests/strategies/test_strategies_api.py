import jsonschema
import pytest

URL = "/api/trading/strategies/"


@pytest.mark.case("T79")
def test_every_strategy_has_a_schema_that_its_defaults_satisfy(api):
    answer = api.get(URL)

    assert answer.data["count"] == len(answer.data["strategies"]) >= 4
    for definition in answer.data["strategies"]:
        assert set(definition) == {"id", "name", "description", "config_schema"}
        defaults = api.get(f"{URL}{definition['id']}/defaults/")
        assert defaults.data["strategy_id"] == definition["id"]
        jsonschema.Draft202012Validator.check_schema(definition["config_schema"])
        jsonschema.validate(defaults.data["defaults"], definition["config_schema"])


def test_an_unknown_strategy_is_not_found_and_the_probable_one_is_named(api):
    answer = api.get(f"{URL}sma_cros/defaults/")

    assert answer.status_code == 404
    assert "sma_cross" in answer.json()["error"]


@pytest.mark.parametrize("path", [URL, f"{URL}sma_cross/defaults/", "/api/trading/strategy-configs/"])
def test_who_is_not_signed_in_sees_no_strategy(db, anonymous_api, path):
    assert anonymous_api.get(path).status_code == 401
