"""A theatre of each kind for the whole session, opened when the first schedule is to be played."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import services
from tests.faults.cluster import Unavailable
from tests.faults.theatre import Theatre, open_theatre


@pytest.fixture(scope="session")
def theatre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with opened(request.param, tmp_path_factory.mktemp("logs")) as made:
        yield made


@contextmanager
def opened(stack: str, logs: Path, ablation: str = "") -> Iterator[Theatre]:
    """A theatre, or a skip with the reason."""
    try:
        with open_theatre(stack, logs, ablation) as made:
            yield made
    except Unavailable as lack:
        services.missing(str(lack))
