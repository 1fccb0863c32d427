import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.services import register
from apps.market import services, store
from apps.market.models import Dataset, DatasetVersion, Instrument
from tests.conftest import as_csv, random_bars

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]


def in_threads(work, count):
    def closing(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(closing, range(count)))


def import_bars(owner, seed):
    words = {"owner": owner, "name": "minutes", "symbol": "SPY", "timeframe_seconds": 60}
    return services.import_bars(file=io.BytesIO(as_csv(random_bars(200, seed=seed))), filename="bars.csv", **words)


def test_imports_at_once_make_one_dataset_with_versions_one_after_the_other():
    owner = register(email="owner@example.org", password="a long walk by the sea")

    in_threads(lambda number: import_bars(owner, seed=number), 4)

    assert (Dataset.objects.count(), Instrument.objects.count()) == (1, 1)
    assert sorted(DatasetVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_rows_that_are_imported_while_they_are_deleted_are_there_whenever_a_version_says_so():
    owner = register(email="owner@example.org", password="a long walk by the sea")

    def work(number):
        for _ in range(5):
            if number % 2:
                Dataset.objects.all().delete()
            else:
                import_bars(owner, seed=1)

    in_threads(work, 4)

    for version in DatasetVersion.objects.all():
        assert len(store.load(version.content_hash)) == version.rows
