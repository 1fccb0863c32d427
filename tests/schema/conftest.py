"""Calls as a client makes them: what fails inside is an answer, too."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import signed_in


@pytest.fixture
def api(owner: Any) -> APIClient:
    """Signed in as the owner; a crash of the server is answered by 500."""
    client = signed_in(owner)
    client.handler.raise_request_exception = False
    client.raise_request_exception = False
    return client
