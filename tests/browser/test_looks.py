"""For everybody: both themes, a phone, a keyboard, a screen reader; and numbers that look the same from either side."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from apps.dashboard.templatetags import tapedeck
from tests.acceptance.client import PASSWORD, Person
from tests.browser.conftest import Complaints, settled, start_backtest
from tests.stack import Stack

PAGES = ["/executions/", "/backtests/new/?strategy_type=sma_cross", "/strategies/", "/data/", "/no/such/page/"]


def serious_findings(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {violation['id']} at {violation['nodes'][0]['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(
    theme: str, signed_in: Page, complaints: Complaints, chromium: Browser, stack: Stack
) -> None:
    page = signed_in
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    execution = start_backtest(page, pace=None)
    settled(page)

    findings = serious_findings(page)
    for path in ["/executions/", f"/executions/{execution}/", *PAGES[1:]]:
        page.goto(path)
        assert page.locator("html").get_attribute("data-theme") == theme
        findings += serious_findings(page)
    anonymous = chromium.new_page(base_url=stack.url, color_scheme=theme)
    for path in ("/sign-in/", "/register/"):
        anonymous.goto(path)
        findings += serious_findings(anonymous)
    anonymous.close()

    assert findings == []
    complaints.heard.remove("Failed to load resource: the server responded with a status of 404 (Not Found)")


def test_a_chosen_theme_stays(signed_in: Page) -> None:
    page = signed_in
    root = page.locator("html")
    before = root.get_attribute("data-theme")

    page.get_by_role("button", name="Switch between light and dark").click()
    after = root.get_attribute("data-theme")
    page.goto("/data/")

    assert {before, after} == {"light", "dark"}
    assert root.get_attribute("data-theme") == after


def test_a_phone_needs_no_sideways_scrolling(signed_in: Page) -> None:
    page = signed_in
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/backtests/new/")
    page.goto("/executions/")
    execution = start_backtest(page, pace=None)
    settled(page)

    for path in [f"/executions/{execution}/", *PAGES[:-1]]:
        page.goto(path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360, path


def test_a_keyboard_is_enough_to_start_a_back_test(page: Page, person: Person) -> None:
    page.goto("/")
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Start the first back-test").wait_for()

    reach(page, "Start the first back-test")
    page.keyboard.press("Enter")
    page.wait_for_url("**/backtests/new/")
    reach(page, "Start the back-test")
    page.keyboard.press("Enter")

    page.wait_for_url("**/executions/*/")
    settled(page)


def reach(page: Page, name: str) -> None:
    """Press Tab until the thing of this name has the focus, and see that it shows."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent.trim()") == name:
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            return
    raise AssertionError(f"no Tab leads to {name}")


def test_another_strategy_swaps_the_parameters_in_place(signed_in: Page) -> None:
    page = signed_in
    page.get_by_role("link", name="New back-test").click()
    page.get_by_label("Initial balance").fill("777")

    page.get_by_label("Strategy").select_option("rsi_reversion")

    expect(page.get_by_label("Fast")).to_have_count(0)
    expect(page.get_by_label("Period")).to_be_visible()
    expect(page.get_by_label("Initial balance")).to_have_value("777")


def test_a_choice_made_before_the_page_is_ready_is_made_good(signed_in: Page) -> None:
    page = signed_in
    early = (
        "document.addEventListener('readystatechange', () => { const choice = document.querySelector('select'); "
        "if (choice) choice.value = 'donchian_breakout'; }, { once: true });"
    )
    page.add_init_script(early)

    page.get_by_role("link", name="New back-test").click()

    expect(page.get_by_label("Entry")).to_be_visible()


NUMBERS = ["0.00", "-0.50", "12.30", "-1234567.89", "1000", None, "999999999.99"]
EVENTS: list[dict[str, Any]] = [
    {"from": "created", "to": "running"},
    {
        "direction": "long",
        "units": 5000,
        "price": "1.20000",
        "side": "buy",
        "fee": "0.10",
        "position": -5000,
    },
    {"signal": "sell", "kind": "order_submitted", "order": 2, "order_type": "market", "units": 0.5, "price": "1"},
    {"reason": "nothing_to_close", "units": 12345},
]


def test_the_page_spells_as_the_server_does(signed_in: Page) -> None:
    page = signed_in
    start_backtest(page, pace=None)
    settled(page)

    spelt = page.evaluate(
        """async ({ numbers, events, seconds }) => {
          const { grouped, signed, tone, told, words, elapsed, moment } = await import("spelling");
          return {
            grouped: numbers.map(grouped), signed: numbers.map(signed), tone: numbers.map(tone), told: events.map(told),
            words: words("trade_executed"), elapsed: seconds.map(elapsed), moment: moment("2017-05-03T10:00:59Z"),
          };
        }""",
        {"numbers": NUMBERS, "events": EVENTS, "seconds": [0.24, 9.96, 12, 65.9, 3725]},
    )

    assert spelt["grouped"] == [tapedeck.grouped(number) for number in NUMBERS]
    assert spelt["signed"] == [tapedeck.signed(number) for number in NUMBERS]
    assert spelt["tone"] == [tapedeck.tone(number) for number in NUMBERS]
    assert spelt["told"] == [tapedeck.told(event) for event in EVENTS]
    assert spelt["words"] == tapedeck.words("trade_executed")
    assert spelt["elapsed"] == [tapedeck.elapsed(seconds) for seconds in (0.24, 9.96, 12, 65.9, 3725)]
    assert f">{spelt['moment']}<" in tapedeck.moment("2017-05-03T10:00:59Z")
