"""One stack of each kind for the whole session, and its logs under every test that fails on it."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.acceptance.client import Person
from tests.stack import KINDS, Stack, running


@pytest.fixture(scope="session", params=KINDS)
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A server of real processes whose workers' leases are short, so that a lost one is missed soon."""
    with running(request.param, LEASE_SECONDS="3", RESEND_SECONDS="1") as made:
        yield made


@pytest.fixture(scope="module")
def new_person(stack: Stack) -> Iterator[Callable[[], Person]]:
    """new_person(): somebody who has just registered and signed in."""
    with ExitStack() as undo:

        def register() -> Person:
            person = Person(stack)
            undo.callback(person.http.close)
            return person

        yield register


@pytest.fixture
def person(new_person: Callable[[], Person]) -> Person:
    return new_person()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    report = yield
    made = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(made, Stack):
        report.sections.append(("processes of the stack", made.logs()))
    return report
