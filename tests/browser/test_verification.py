"""A run is verified by one press, and the page tells the outcome by itself."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, settled, start_backtest


@pytest.mark.parametrize("width", [1280, 360])
def test_one_press_verifies_a_run_and_the_outcome_comes_by_itself(
    width: int, signed_in: Page, complaints: Complaints
) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 800})
    start_backtest(page, pace=None)
    settled(page)
    part = page.locator("#verification")

    part.get_by_role("button", name="Verify").click()

    expect(part).to_contain_text("the same again", timeout=30_000)
    expect(part).to_contain_text("brought the same tape")
    expect(part.get_by_role("button", name="Verify again")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    assert complaints.heard == []
