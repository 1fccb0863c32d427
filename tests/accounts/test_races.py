from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts import services


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_refresh_token_at_once_one_goes_on():
    user = services.register(email="owner@example.org", password="a long walk by the sea")
    refresh = services.issue(user).refresh

    def rotate(_):
        try:
            return services.rotate(refresh).refresh
        except services.NotSignedIn:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        given = [found for found in pool.map(rotate, range(4)) if found]

    assert len(given) == 1
    assert services.rotate(given[0]).access
