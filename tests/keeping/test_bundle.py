"""One zip holds all of an execution, and tells what is in it."""

import io
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
FILES = [
    *("README.txt", "manifest.json", "metrics.json", "report.json"),
    *("events.ndjson", "trades.ndjson", "equity.ndjson", "trades.csv", "equity.csv"),
]


def _url(execution: Any) -> str:
    return f"/api/trading/executions/{execution.pk}/bundle/"


def unpacked(answer: Any) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(answer.getvalue())) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.storage
def test_a_bundle_holds_what_the_api_tells(api: APIClient, finished: Any) -> None:
    path = f"/api/trading/executions/{finished.pk}/"

    files = unpacked(api.get(_url(finished)))

    assert list(files) == FILES
    assert orjson.loads(files["manifest.json"]) == finished.manifest
    assert orjson.loads(files["metrics.json"]) == finished.checkpoints.first().metrics
    assert orjson.loads(files["report.json"]) == api.get(f"{path}status/").json()
    for name in ("events", "trades", "equity"):
        assert files[f"{name}.ndjson"] == api.get(f"{path}{name}/export/").getvalue()
    for name in ("trades", "equity"):
        assert files[f"{name}.csv"] == api.get(f"{path}{name}/export/?format=csv").getvalue()


def test_its_readme_tells_the_hash_and_every_file(api: APIClient, finished: Any) -> None:
    readme = unpacked(api.get(_url(finished)))["README.txt"].decode()

    assert finished.tape_hash in readme
    assert finished.manifest_hash in readme
    assert all(name in readme for name in FILES)
    assert f"{finished.events_head} rows" in readme


def test_what_has_not_begun_has_a_bundle_too(api: APIClient, execution: Any) -> None:
    files = unpacked(api.get(_url(execution)))

    assert orjson.loads(files["metrics.json"]) is None
    assert files["events.ndjson"] == b""


def test_the_headers_name_the_file_and_how_long_it_holds(api: APIClient, finished: Any) -> None:
    answer = api.get(_url(finished))

    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="execution-{finished.pk}.zip"'
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert api.get(_url(finished), headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert api.head(_url(finished))["ETag"] == answer["ETag"]


def test_one_state_is_one_file(api: APIClient, finished: Any) -> None:
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    before = api.get(_url(finished))
    content = before.getvalue()

    archive_execution(finished)
    leftovers.sweep()

    after = api.get(_url(finished))
    assert (after["ETag"], after.getvalue()) == (before["ETag"], content)


def test_a_row_more_is_another_file(api: APIClient, execution: Any) -> None:
    from apps.executions import lifecycle

    tag = api.get(_url(execution))["ETag"]

    lifecycle.stop(execution)

    assert api.get(_url(execution), headers={"if-none-match": tag}).status_code == 200


def test_strangers_get_nothing(stranger_api: APIClient, anonymous_api: APIClient, finished: Any) -> None:
    assert stranger_api.get(_url(finished)).status_code == 403
    assert anonymous_api.get(_url(finished)).status_code == 401
    assert stranger_api.get("/api/trading/executions/987654321/bundle/").status_code == 404


def test_an_unknown_parameter_is_refused(api: APIClient, finished: Any) -> None:
    answer = api.get(_url(finished), {"format": "zip"})

    assert answer.status_code == 400
    assert "format" in answer.json()["error"]
