"""A person at a browser: real Chromium on real processes, and a page that must not complain."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import services
from tests.acceptance.client import PASSWORD, Person
from tests.conftest import as_csv, random_bars
from tests.stack import Stack, running

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BARS = 1200
PATIENCE = 30_000  # ms


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """The processes' last words under a test that fails."""
    report = yield
    made = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(made, Stack):
        report.sections.append(("processes of the stack", made.logs()))
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    services.require_chromium()  # before a minute is spent on servers that nobody will look at
    with running("embedded", LEASE_SECONDS="3", RESEND_SECONDS="1") as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=services.require_chromium(), headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def person(stack: Stack, tmp_path: Path) -> Iterator[Person]:
    """Somebody with an account and a dataset called minutes.csv, who can also ask the API."""
    person = Person(stack)
    path = tmp_path / "minutes.csv"
    path.write_bytes(as_csv(random_bars(BARS)))
    person.upload(path, symbol="XYZ", timeframe="60")
    yield person
    person.http.close()


@pytest.fixture
def context(chromium: Browser, stack: Stack) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@dataclass
class Complaints:
    """What a page must never do: write errors to the console, or ask another host."""

    heard: list[str]

    def listen(self, page: Page, origin: str) -> None:
        own = (f"{origin}/", f"{origin.replace('http', 'ws', 1)}/", "data:", "blob:")
        page.on("console", lambda line: line.type in ("error", "warning") and self.heard.append(line.text))
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: request.url.startswith(own) or self.heard.append(request.url))
        page.on("websocket", lambda socket: socket.url.startswith(own) or self.heard.append(socket.url))


@pytest.fixture
def complaints() -> Complaints:
    return Complaints([])


@pytest.fixture
def page(context: BrowserContext, stack: Stack, complaints: Complaints) -> Iterator[Page]:
    """A new page; the test fails when it complained."""
    page = context.new_page()
    complaints.listen(page, stack.url)
    yield page
    assert complaints.heard == []


@pytest.fixture
def signed_in(page: Page, person: Person) -> Page:
    """The page, after `person` has signed in by the form."""
    page.goto("/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Executions", exact=True).wait_for()
    return page


def start_backtest(page: Page, *, pace: int | None, name: str = "") -> int:
    """Fill the form and send it; the id of the execution whose page it leads to."""
    page.get_by_role("link", name="New back-test").click()
    page.get_by_label("Strategy").select_option("sma_cross")
    page.get_by_label("Fast").fill("3")
    page.get_by_label("Slow").fill("8")
    page.get_by_label("Share of the value").fill("0.01")
    page.get_by_label("Name").fill(name)
    if pace:
        page.get_by_label("Pace").fill(str(pace))
    page.get_by_role("button", name="Start the back-test").click()
    page.wait_for_url("**/executions/*/")
    return int(page.url.rstrip("/").rpartition("/")[2])


def settled(page: Page) -> None:
    """Wait until the page says that the run is over, and the parts that the server draws are drawn anew."""
    page.locator("#line[data-state=ended]").wait_for()
    page.locator("#controls [data-status=completed]").wait_for()
    page.get_by_text("All figures").wait_for()


def shown_figures(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-figure]')]"
        ".map(({dataset}) => [dataset.figure, dataset.value]))"
    )
    return found


def shown_trades(page: Page) -> list[tuple[int, str]]:
    """(sequence, profit) of the rows of the trades table, newest first."""
    rows: list[list[Any]] = page.evaluate(
        "() => [...document.querySelectorAll('#trades tr[data-sequence]')]"
        ".map((row) => [Number(row.dataset.sequence), row.querySelector('[data-field=pnl]').textContent])"
    )
    return [(int(sequence), str(profit)) for sequence, profit in rows]
