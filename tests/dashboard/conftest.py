"""Browsers without a browser: signed in as the owner, as a stranger, as nobody."""

from typing import Any

import pytest
from django.test import Client

from apps.dashboard import charts


@pytest.fixture
def browser(owner: Any) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def stranger_browser(stranger: Any) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


@pytest.fixture
def empty_caches() -> None:
    """As in a web process that has just started."""
    charts._curve.cache_clear()
    charts._thin_curve.cache_clear()
    charts._fills.cache_clear()
