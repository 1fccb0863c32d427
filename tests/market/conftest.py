import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from tests.conftest import as_csv, random_bars

DATASETS = "/api/market/datasets/"


@pytest.fixture(autouse=True)
def own_store(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store of this test alone."""
    from apps.market import store

    store._verify.cache_clear()
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    return tmp_path / "market"


@pytest.fixture
def stored_files(own_store: Any) -> Callable[[], list[str]]:
    return lambda: sorted(path.name for path in own_store.rglob("*") if path.is_file() and path.name != "lock")


@pytest.fixture
def upload(api: Any) -> Callable[..., Any]:
    """upload(content, filename, **changes): the answer to an upload by the owner."""

    def post(content: bytes | None = None, filename: str = "bars.csv", client: Any = api, **changes: Any) -> Any:
        file = io.BytesIO(as_csv(random_bars(50)) if content is None else content)
        file.name = filename
        fields = {"file": file, "name": "minutes", "symbol": "SPY", "timeframe_seconds": "1m", **changes}
        return client.post(DATASETS, {k: v for k, v in fields.items() if v is not None}, format="multipart")

    return post


@pytest.fixture
def bars() -> np.ndarray:
    return random_bars(50)
