"""Requests drawn from the description, and some that it forbids: no crash, and no answer that it does not tell.

Ten requests of each operation, always the same ones. With TAPEDECK_DRAWS=1000 so many, others each time, and besides
each limit of each parameter and member.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from rest_framework_simplejwt.tokens import AccessToken
from schemathesis import checks
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.schema import makers
from tests.schema.document import document, operations

DRAWS = os.environ.get("TAPEDECK_DRAWS")
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
phases = PhasesConfig(coverage=CoveragePhaseConfig(enabled=DRAWS is not None))
generation = GenerationConfig(deterministic=DRAWS is None, max_examples=int(DRAWS or 10))
projects = ProjectsConfig(default=ProjectConfig(phases=phases, generation=generation))
config = SchemathesisConfig(projects=projects, seed=None if DRAWS else 1)
schema = schemathesis.openapi.from_dict(document(), config=config)
schema.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As Django's own test client has it: after a request the connection stays, which holds the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def addresses(owner: Any) -> dict[str, str]:
    """For each path with an id, the id of a thing of the owner's."""
    owned = {operation.owned for operation in operations()} - {""}
    return {path: makers.path_to(path, owner).rstrip("/").rpartition("/")[2] for path in owned}


@schema.parametrize()
@settings(
    max_examples=int(DRAWS or 10),
    deadline=None,
    database=None,
    derandomize=DRAWS is None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_described(case: Any, owner: Any, addresses: dict[str, str]) -> None:
    head, found, _ = case.path.partition("}/")
    name = head.rpartition("{")[2]
    drawn = str(case.path_parameters.get(name, "")) if found else ""
    if drawn.isdecimal() and int(drawn) % 4:  # one in four leads nowhere
        case.path_parameters = {**case.path_parameters, name: addresses[head + found]}
    headers = {"Authorization": f"Bearer {AccessToken.for_user(owner)}", "Accept-Encoding": "identity"}

    case.call_and_validate(headers=headers, checks=CHECKS)
