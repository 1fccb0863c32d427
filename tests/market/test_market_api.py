import gzip
import io

import pytest

from apps.market import services, store
from apps.market.models import Dataset, Instrument
from tests.conftest import as_csv, random_bars
from tests.market.conftest import DATASETS

INSTRUMENTS = "/api/market/instruments/"
SPY = {"symbol": "spy", "name": "S&P 500", "kind": "equity", "price_increment": 0.01}


# Uploads


def test_an_upload_is_answered_with_what_was_found(upload, owner):
    answer = upload(source="a friend")

    assert answer.status_code == 201
    assert answer["Location"] == f"{DATASETS}{answer.data['id']}/"
    assert (answer.data["name"], answer.data["instrument"], answer.data["timeframe_seconds"]) == ("minutes", "SPY", 60)
    version = answer.data["versions"][0]
    assert version == answer.data["latest_version"]
    assert (version["rows"], version["number"], version["report"]["gaps"]) == (50, 1, 0)
    assert answer.json()["versions"][0]["starts_at"] == "2024-01-01T00:00:00Z"
    assert Dataset.objects.get().owner == owner


@pytest.mark.parametrize("timeframe", ["60", "1m", "60s", 60])
def test_a_timeframe_may_be_written_in_several_ways(upload, timeframe):
    assert upload(timeframe_seconds=timeframe).data["timeframe_seconds"] == 60


def test_a_compressed_file_and_a_large_one_are_taken_too(upload, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100  # the rest is read from a temporary file

    assert upload(gzip.compress(as_csv(random_bars(5000))), "bars.csv.gz").data["latest_version"]["rows"] == 5000
    assert upload(as_csv(random_bars(5000)), "plain.CSV").data["latest_version"]["number"] == 1


def test_parquet_is_taken(upload):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    bars, file = random_bars(100), io.BytesIO()
    parquet.write_table(pyarrow.table({"time": bars["time"], **{n: bars[n] for n in bars.dtype.names[1:]}}), file)

    assert upload(file.getvalue(), "bars.parquet").data["latest_version"]["content_hash"] == store.hash_of(bars)


def test_numbers_of_a_new_instrument_come_with_the_file(upload, api):
    answer = upload(symbol="BTC_USDT", kind="crypto", quantity_step="0.001", min_quantity="0", periods_per_year="365")

    instrument = api.get(f"{INSTRUMENTS}{answer.data['instrument_id']}/").data
    assert (instrument["quantity_step"], instrument["min_quantity"], instrument["kind"]) == (0.001, 0.0, "crypto")


WRONG = {
    "no file": ({"file": None}, {"/file"}),
    "a word for a file": ({"file": "bars"}, {"/file"}),
    "nothing at all": (
        {"file": None, "name": None, "symbol": None, "timeframe_seconds": None},
        {"/file", "/name", "/symbol", "/timeframe_seconds"},
    ),
    "a timeframe in years": ({"timeframe_seconds": "1y"}, {"/timeframe_seconds"}),
    "a kind of fish": ({"kind": "fish", "name": "x" * 200}, {"/kind", "/name"}),
    "increments that are none": ({"price_increment": "0", "pip_size": "-1"}, {"/price_increment", "/pip_size"}),
    "increments that are no numbers": ({"price_increment": "nan", "pip_size": "x"}, {"/price_increment", "/pip_size"}),
    "a name with a NUL": ({"name": "a\0b"}, {"/name"}),
}


@pytest.mark.parametrize(("changes", "pointers"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_upload_is_refused_by_field(upload, stored_files, changes, pointers):
    answer = upload(**changes)

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.data["errors"]} == pointers
    assert not Dataset.objects.exists()
    assert stored_files() == []


JUNK = {
    "an empty file": (b"", "bars.csv", 400),
    "binary junk": (bytes(range(256)) * 100, "bars.csv", 400),
    "half a gzip": (gzip.compress(as_csv(random_bars(1000)))[:-100], "bars.csv.gz", 400),
    "another header": (b"a,b,c\n1,2,3\n", "bars.csv", 400),
    "junk in parquet": (b"PAR1 and nothing more", "bars.parquet", 400),
    "a spreadsheet": (b"PK\x03\x04", "bars.xlsx", 422),
}


@pytest.mark.parametrize(("content", "filename", "status"), JUNK.values(), ids=JUNK.keys())
def test_junk_is_refused_and_nothing_is_kept(upload, stored_files, content, filename, status):
    answer = upload(content, filename)

    assert answer.status_code == status
    assert answer.json()["error"]
    assert answer.json()["errors"][0]["pointer"] == "/file"
    assert not Dataset.objects.exists()
    assert not Instrument.objects.exists()
    assert stored_files() == []


@pytest.mark.parametrize(
    "filename", ["../../../etc/cron.d/bars.csv", "/tmp/bars.csv", "a\\..\\bars.csv", "x" * 300 + ".csv"]
)
def test_a_files_name_says_nothing_about_where_it_is_kept(upload, stored_files, own_store, filename):
    answer = upload(filename=filename)

    assert answer.status_code == 201
    assert stored_files() == [f"{answer.data['latest_version']['content_hash']}.npy"]
    assert [path.name for path in own_store.parent.iterdir()] == ["market"]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(upload, settings, monkeypatch, stored_files):
    settings.MAX_UPLOAD_MB = 1
    monkeypatch.setattr(services, "import_bars", None)

    just_above = upload(b"x" * (1024 * 1024 + 1))
    far_above = upload(b"x" * (3 * 1024 * 1024))

    assert (just_above.status_code, just_above.json()["code"]) == (413, "too_large")
    assert far_above.status_code == 413
    assert stored_files() == []


@pytest.mark.parametrize("kind", ["json", "form"])
def test_an_upload_that_is_no_form_with_a_file_is_refused(api, kind):
    types = {"json": "application/json", "form": "application/x-www-form-urlencoded"}

    assert api.post(DATASETS, b"{}", content_type=types[kind]).status_code == 415


# Datasets


def test_a_dataset_with_its_versions_is_shown(api, upload):
    upload()
    number = upload(as_csv(random_bars(60, seed=2))).data["id"]

    answer = api.get(f"{DATASETS}{number}/")

    assert [version["number"] for version in answer.data["versions"]] == [2, 1]
    assert answer.data["latest_version"]["rows"] == 60


def test_shared_datasets_are_seen_by_all_and_changed_by_none(api, stranger_api, import_dataset):
    shared = import_dataset(owner=None, name="for all")
    path = f"{DATASETS}{shared.pk}/"

    for client in (api, stranger_api):
        assert client.get(DATASETS).data["results"][0]["is_shared"] is True
        assert client.get(path).status_code == client.get(f"{path}bars/").status_code == 200
        assert client.delete(path).status_code == 403
        assert client.delete(f"{INSTRUMENTS}{shared.instrument_id}/").status_code == 403
        assert client.patch(f"{INSTRUMENTS}{shared.instrument_id}/", {"name": "mine"}).status_code == 403
    assert Dataset.objects.count() == 1
    assert Instrument.objects.get().name == ""


def test_a_strangers_data_does_not_exist(stranger_api, import_dataset):
    mine = import_dataset()

    assert stranger_api.get(DATASETS).data["results"] == stranger_api.get(INSTRUMENTS).data["results"] == []
    for path in (f"{DATASETS}{mine.pk}/", f"{DATASETS}{mine.pk}/bars/", f"{INSTRUMENTS}{mine.instrument_id}/"):
        assert stranger_api.get(path).status_code == 404
    assert stranger_api.delete(f"{DATASETS}{mine.pk}/").status_code == 404
    assert stranger_api.patch(f"{INSTRUMENTS}{mine.instrument_id}/", {"name": "x"}).status_code == 404
    assert Dataset.objects.filter(pk=mine.pk).exists()


@pytest.mark.parametrize("path", [DATASETS, INSTRUMENTS, f"{DATASETS}1/", f"{DATASETS}1/bars/", f"{INSTRUMENTS}1/"])
def test_who_is_not_signed_in_sees_no_data(db, anonymous_api, path):
    answer = anonymous_api.get(path)

    assert answer.status_code == 401
    assert answer.json()["error"]


def test_a_dataset_that_a_task_uses_is_not_deleted(api, make_task):
    dataset = make_task().dataset

    answer = api.delete(f"{DATASETS}{dataset.pk}/")

    assert (answer.status_code, answer.data["code"]) == (409, "in_use")
    assert Dataset.objects.filter(pk=dataset.pk).exists()


def test_an_unused_dataset_is_deleted(api, import_dataset):
    assert api.delete(f"{DATASETS}{import_dataset().pk}/").status_code == 204
    assert not Dataset.objects.exists()


def test_lists_are_narrowed(api, import_dataset):
    import_dataset(name="euro")
    import_dataset(name="shares", symbol="SPY", is_synthetic=True)

    def names(**query):
        return [row["name"] for row in api.get(DATASETS, query).data["results"]]

    assert names(symbol="eur_usd") == ["euro"]
    assert names(search="SHAR") == ["shares"]
    assert names(is_synthetic="true") == ["shares"]
    assert names(timeframe_seconds=3600) == []
    assert [row["symbol"] for row in api.get(INSTRUMENTS, {"kind": "equity"}).data["results"]] == ["SPY"]


@pytest.mark.parametrize("query", [{"symbl": "SPY"}, {"timeframe_seconds": "x"}, {"search": "\0"}])
def test_a_parameter_that_cannot_be_meant_is_refused(api, query):
    answer = api.get(DATASETS, query)

    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_a_list_costs_the_same_whatever_its_length(api, import_dataset, django_assert_max_num_queries):
    for number in range(12):
        import_dataset(name=f"number {number}")

    with django_assert_max_num_queries(5):
        assert len(api.get(DATASETS).data["results"]) == 12


# Bars


@pytest.fixture
def dataset(import_dataset):
    return import_dataset(random_bars(300))


def test_bars_are_served_in_columns(api, dataset):
    body = api.get(f"{DATASETS}{dataset.pk}/bars/").json()

    bars = random_bars(300)
    assert (body["version"], body["count"], body["points"]) == (1, 300, 300)
    assert body["time"] == (bars["time"] // 1_000_000).tolist()
    assert {name: body[name] for name in ("open", "high", "low", "close", "volume")} == {
        name: bars[name].tolist() for name in ("open", "high", "low", "close", "volume")
    }


def test_a_part_of_the_bars_can_be_asked_for(api, dataset):
    query = {"start": "2024-01-01T00:10:00Z", "end": "2024-01-01T01:20:00+01:00"}

    body = api.get(f"{DATASETS}{dataset.pk}/bars/", query).json()

    assert (body["count"], body["time"][0], body["time"][-1]) == (11, 1_704_067_800, 1_704_068_400)


def test_fewer_points_hide_no_extreme(api, dataset):
    body = api.get(f"{DATASETS}{dataset.pk}/bars/", {"max_points": 7}).json()

    bars = random_bars(300)
    assert body["points"] == len(body["time"]) <= 7
    assert (body["count"], max(body["high"]), min(body["low"])) == (300, bars["high"].max(), bars["low"].min())


def test_a_period_without_bars_is_empty(api, dataset):
    body = api.get(f"{DATASETS}{dataset.pk}/bars/", {"start": "2030-01-01T00:00:00Z"}).json()

    assert (body["count"], body["points"], body["time"]) == (0, 0, [])


def test_an_old_version_can_be_asked_for(api, dataset, import_dataset):
    import_dataset(random_bars(60, seed=9))

    path = f"{DATASETS}{dataset.pk}/bars/"
    assert (api.get(path).json()["count"], api.get(path, {"version": 1}).json()["count"]) == (60, 300)
    assert api.get(path, {"version": 3}).status_code == 404


WRONG_QUERIES = [
    {"start": "yesterday"}, {"end": "\0"}, {"max_points": "0"}, {"max_points": "1e3"},
    {"max_points": "99999999999999999999"}, {"version": "-1"}, {"begin": "2024-01-01"},
]  # fmt: skip


@pytest.mark.parametrize("query", WRONG_QUERIES, ids=str)
def test_a_question_about_bars_that_makes_no_sense_is_refused_by_name(api, dataset, query):
    answer = api.get(f"{DATASETS}{dataset.pk}/bars/", query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_damaged_rows_are_said_to_be_damaged(api, dataset):
    store.path_of(dataset.latest.content_hash).unlink()

    answer = api.get(f"{DATASETS}{dataset.pk}/bars/")

    assert (answer.status_code, answer.json()["code"]) == (409, "data_damaged")


# Instruments


def test_an_instrument_is_kept_under_its_symbol_in_capitals(api):
    answer = api.post(INSTRUMENTS, SPY)

    assert answer.status_code == 201
    assert (answer.data["symbol"], answer.data["is_shared"], answer.data["periods_per_year"]) == ("SPY", False, 252)


WRONG_INSTRUMENTS = {
    "no symbol": ({"symbol": " "}, {"/symbol"}),
    "a symbol with a blank": ({"symbol": "S PY"}, {"/symbol"}),
    "a kind of fish": ({"kind": "fish", "name": "x" * 121}, {"/kind", "/name"}),
    "half a character": ({"kind": "\N{SNOWMAN}"}, {"/kind"}),
    "numbers that are none": (
        {"price_increment": -0.01, "pip_size": 1e300, "quantity_step": 0, "min_quantity": -1, "periods_per_year": 0},
        {"/price_increment", "/pip_size", "/quantity_step", "/min_quantity", "/periods_per_year"},
    ),
    "a currency in small letters": ({"quote_currency": "usd"}, {"/quote_currency"}),
    "words for numbers": (
        {"price_increment": [], "pip_size": "a", "quantity_step": "nan", "min_quantity": "inf"},
        {"/price_increment", "/pip_size", "/quantity_step", "/min_quantity"},
    ),
}


@pytest.mark.parametrize(("changes", "pointers"), WRONG_INSTRUMENTS.values(), ids=WRONG_INSTRUMENTS.keys())
def test_a_wrong_instrument_is_refused_by_field_and_not_kept(api, changes, pointers):
    answer = api.post(INSTRUMENTS, {**SPY, **changes})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.data["errors"]} == pointers
    assert not Instrument.objects.exists()


def test_a_symbol_is_unique_among_mine_only(api, stranger_api):
    services.create_instrument(owner=None, symbol="SPY", kind="equity")

    assert api.post(INSTRUMENTS, SPY).status_code == 201
    assert stranger_api.post(INSTRUMENTS, SPY).status_code == 201
    assert api.post(INSTRUMENTS, SPY).data["errors"][0]["pointer"] == "/symbol"
    assert Instrument.objects.count() == 3


def test_an_instrument_can_be_changed_by_its_owner(api):
    path = f"{INSTRUMENTS}{api.post(INSTRUMENTS, SPY).data['id']}/"

    assert api.patch(path, {"price_increment": 0.05}).data["price_increment"] == 0.05
    assert api.patch(path, {"price_increment": -1}).status_code == 400
    assert api.get(path).data["price_increment"] == 0.05


def test_an_instrument_with_datasets_is_not_deleted(api, import_dataset):
    instrument = import_dataset().instrument

    assert api.delete(f"{INSTRUMENTS}{instrument.pk}/").status_code == 409
    Dataset.objects.all().delete()
    assert api.delete(f"{INSTRUMENTS}{instrument.pk}/").status_code == 204
