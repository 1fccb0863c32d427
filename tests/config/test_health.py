import pytest
from django.db import OperationalError, connection

SECRET = "host 10.1.2.3 with password hunter2"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_anybody_may_ask_whether_the_server_is_well(db, client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-cache" in answer["Cache-Control"]


def test_a_server_without_its_database_is_alive_but_not_ready(db, client, monkeypatch):
    def refuse(*words):
        raise OperationalError(SECRET)

    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", refuse)
        answer = client.get("/readyz")

    assert client.get("/healthz").status_code == 200
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "missing": ["database"]})
    assert "hunter2" not in answer.content.decode()


def test_a_server_without_its_broker_is_not_ready(db, client, settings):
    settings.CHANNEL_REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, ["broker"])


def test_a_broker_that_answers_makes_a_server_ready(db, client, settings, require_services):
    settings.CHANNEL_REDIS_URL = f"{require_services.require_redis()}/12"

    assert client.get("/readyz").status_code == 200
