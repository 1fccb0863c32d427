"""Imports as services do them: versions, instruments, what is kept and what leaves the store."""

import io

import numpy as np
import pytest

from apps.errors import Invalid
from apps.market import services, store
from apps.market.models import Dataset, DatasetVersion, Instrument
from tests.conftest import as_csv, random_bars


@pytest.fixture
def import_bars(owner):
    def make(bars=None, **changes):
        content = as_csv(random_bars(50) if bars is None else bars)
        values = {"owner": owner, "name": "minutes", "symbol": "SPY", "timeframe_seconds": 60, **changes}
        return services.import_bars(file=io.BytesIO(content), filename="bars.csv", **values)

    return make


def test_an_import_makes_dataset_instrument_and_version(import_bars, bars, owner):
    version = import_bars(bars, source="a friend", licence="CC0", is_synthetic=True)

    assert np.array_equal(store.load(version.content_hash), bars)
    assert (version.number, version.rows) == (1, 50)
    assert version.starts_at.isoformat() == "2024-01-01T00:00:00+00:00"
    assert version.ends_at.isoformat() == "2024-01-01T00:49:00+00:00"
    assert version.report["has_volume"] is True
    dataset = version.dataset
    assert (dataset.source, dataset.licence, dataset.is_synthetic) == ("a friend", "CC0", True)
    assert dataset.instrument.owner == owner


def test_the_same_rows_again_are_the_same_version(import_bars, stored_files):
    assert import_bars() == import_bars()
    assert len(stored_files()) == 1


def test_other_rows_are_the_next_version_and_the_old_ones_stay(import_bars):
    first = import_bars()
    second = import_bars(random_bars(60, seed=2))

    assert (first.dataset, second.number) == (second.dataset, 2)
    assert second.dataset.latest == second
    assert len(store.load(first.content_hash)) == 50


def test_two_datasets_of_equal_rows_share_one_file(import_bars, stored_files):
    assert import_bars(name="a").content_hash == import_bars(name="b").content_hash
    assert len(stored_files()) == 1


@pytest.mark.parametrize("changes", [{"symbol": "QQQ"}, {"timeframe_seconds": 30}])
def test_a_dataset_stays_of_one_instrument_and_timeframe(import_bars, stored_files, changes):
    import_bars()

    with pytest.raises(Invalid, match="another name") as refusal:
        import_bars(random_bars(60), **changes)

    assert refusal.value.fields.keys() == {"name"}
    assert DatasetVersion.objects.count() == len(stored_files()) == 1
    assert Instrument.objects.count() == 1


WRONG = {
    "no name": ({"name": " "}, {"name"}),
    "a name with a line end": ({"name": "a\nb"}, {"name"}),
    "a symbol with blanks": ({"symbol": "S P Y"}, {"symbol"}),
    "no symbol": ({"symbol": ""}, {"symbol"}),
    "a timeframe of nothing": ({"timeframe_seconds": 0}, {"timeframe_seconds"}),
    "an endless source": ({"source": "x" * 201}, {"source"}),
    "an instrument of nonsense": (
        {"instrument": {"kind": "fish", "price_increment": float("nan"), "periods_per_year": 1000}},
        {"kind", "price_increment", "periods_per_year"},
    ),
    "an unknown number": ({"instrument": {"leverage": 3}}, {"instrument"}),
    "all at once": ({"name": "", "symbol": "?", "timeframe_seconds": -1}, {"name", "symbol", "timeframe_seconds"}),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "fields"), WRONG.values(), ids=WRONG.keys())
def test_words_that_are_wrong_are_refused_together_and_nothing_is_kept(import_bars, stored_files, changes, fields):
    with pytest.raises(Invalid) as refusal:
        import_bars(**changes)

    assert refusal.value.fields.keys() == fields
    assert stored_files() == []
    assert not Dataset.objects.exists()
    assert not Instrument.objects.exists()


def test_an_import_that_the_database_refuses_leaves_no_file(import_bars, monkeypatch, stored_files):
    def fail(*words, **fields):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(services, "_version", fail)

    with pytest.raises(RuntimeError):
        import_bars()

    assert stored_files() == []
    assert not Dataset.objects.exists()


def test_rows_leave_the_store_with_the_last_version_that_holds_them(
    import_bars, stored_files, django_capture_on_commit_callbacks
):
    first, second = import_bars(name="a").dataset, import_bars(name="b").dataset

    with django_capture_on_commit_callbacks(execute=True):
        services.delete_dataset(first)
    after_first = stored_files()
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_dataset(second)

    assert (len(after_first), stored_files()) == (1, [])


def test_the_rows_of_a_deleted_user_leave_the_store(
    import_bars, owner, stored_files, django_capture_on_commit_callbacks
):
    import_bars()

    with django_capture_on_commit_callbacks(execute=True):
        Dataset.objects.all().delete()
        owner.delete()

    assert stored_files() == []


# Instruments


@pytest.mark.parametrize(
    ("symbol", "described", "expected"),
    [
        ("EUR_USD", {}, ("forex", "USD", 0.01, 0.0001, 1.0, 252)),
        ("usd_jpy", {}, ("forex", "JPY", 0.01, 0.01, 1.0, 252)),
        ("BTC_USD", {}, ("crypto", "USD", 0.01, 0.01, 1e-8, 365)),
        ("BTCUSDT", {"kind": "crypto"}, ("crypto", "USDT", 0.01, 0.01, 1e-8, 365)),
        ("SPY", {}, ("equity", "USD", 0.01, 0.01, 1.0, 252)),
        ("SPY", {"price_increment": 0.005, "quote_currency": "EUR"}, ("equity", "EUR", 0.005, 0.01, 1.0, 252)),
    ],
)
def test_a_new_instrument_is_as_usual_for_its_symbol(import_bars, symbol, described, expected):
    instrument = import_bars(symbol=symbol, instrument=described).dataset.instrument

    names = ("kind", "quote_currency", "price_increment", "pip_size", "quantity_step", "periods_per_year")
    assert tuple(getattr(instrument, name) for name in names) == expected
    assert instrument.symbol == symbol.upper()
    assert services.engine_instrument(instrument).price_increment == expected[2]


@pytest.mark.parametrize(("digits", "increment"), [(0, 1.0), (2, 0.01), (5, 1e-5), (7, 1e-7)])
def test_a_price_increment_is_read_off_the_prices(digits, increment):
    from apps.market.conventions import price_increment_of

    prices = np.round(np.random.default_rng(1).uniform(1, 2000, 5000), digits)

    assert price_increment_of(prices) == increment


def test_the_servers_instrument_is_used_where_it_is_as_described(import_bars):
    shared = services.create_instrument(owner=None, symbol="SPY", kind="equity")

    assert import_bars(name="a").dataset.instrument == shared
    assert import_bars(name="b", instrument={"kind": "equity"}).dataset.instrument == shared


def test_who_describes_another_instrument_gets_their_own(import_bars, owner):
    shared = services.create_instrument(owner=None, symbol="SPY", kind="equity")

    mine = import_bars(instrument={"price_increment": 0.5}).dataset.instrument

    assert (mine.owner, mine.price_increment) == (owner, 0.5)
    assert import_bars(name="other").dataset.instrument == mine != shared


def test_an_import_does_not_change_an_instrument(import_bars, stored_files):
    import_bars(instrument={"price_increment": 0.5})

    with pytest.raises(Invalid, match=r"SPY has 0\.5: change it there"):
        import_bars(random_bars(60), instrument={"price_increment": 0.25})

    assert Instrument.objects.get().price_increment == 0.5
    assert len(stored_files()) == 1


def test_strangers_do_not_meet_in_one_dataset(import_bars, owner, stranger):
    mine, theirs = import_bars(), import_bars(random_bars(60, seed=5), owner=stranger)

    assert mine.dataset != theirs.dataset
    assert theirs.number == 1
    assert list(Dataset.objects.visible_to(owner)) == [mine.dataset]


def test_rows_made_here_are_added_like_imported_ones(import_bars, bars):
    dataset = import_bars().dataset

    assert services.add_version(dataset, bars, {}) == dataset.latest
    assert services.add_version(dataset, random_bars(60, seed=3), {"made": True}).number == 2
