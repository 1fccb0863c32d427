from typing import Any

import pytest

PASSWORD = "a long walk by the sea"  # owner's, see tests/conftest.py


@pytest.fixture
def tokens(owner: Any) -> Any:
    """A pair of tokens of the owner."""
    from apps.accounts.services import issue

    return issue(owner)
