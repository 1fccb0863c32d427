"""For pytest, by `-p tests.conformance.plugin`: only the tests that state a case, each with its cases in the report."""

import pytest

from tests.conformance.cases import CASES, SURFACES


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--surface", choices=sorted(SURFACES), help="Only the cases of this surface.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    surface = config.getoption("surface") or ""
    others = []
    for item in items:
        named = {str(name) for marker in item.iter_markers("case") for name in marker.args}
        if unknown := sorted(named - set(CASES)):
            raise pytest.UsageError(f"{item.nodeid} states {', '.join(unknown)}: tests/conformance/cases.py has none.")
        chosen = [name for name in CASES if name in named and name.startswith(surface)]
        item.user_properties += [("node", item.nodeid), *(("case", name) for name in chosen)]
        if not chosen:
            others.append(item)
    config.hook.pytest_deselected(items=others)
    left_out = set(others)
    items[:] = [item for item in items if item not in left_out]
