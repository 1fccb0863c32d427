"""A back-test as a person sees it: started from the form, watched to its end, and the figures are the API's."""

import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from apps.dashboard.templatetags.tapedeck import grouped, signed
from tests.acceptance.client import Person
from tests.browser.conftest import BARS, settled, shown_figures, shown_trades, start_backtest

NO_SOCKETS = """
window.WebSocket = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.onclose?.({ code: 1006 }), 20); }
  close() {}
};
"""


def assert_the_page_is_the_api(page: Page, person: Person, execution: int) -> None:
    """Figures, trades and the end of the curve, each in the API's own spelling."""
    metrics = person.get(f"/api/trading/executions/{execution}/metrics/latest/")["checkpoint"]
    trades = person.rows(execution, "trades")
    last = person.rows(execution, "equity")[-1]

    assert shown_figures(page) == {
        name: "" if metrics[name] is None else str(metrics[name]) for name in shown_figures(page)
    }
    expected = [(row["sequence"], signed(row["trade"]["pnl"])) for row in trades[::-1]]
    assert shown_trades(page) == expected[: len(shown_trades(page))]
    assert len(shown_trades(page)) == min(len(expected), len(shown_trades(page)))
    expect(page.locator("[data-progress=trades]")).to_have_text(grouped(len(trades)))
    expect(page.locator("[data-progress=bars]")).to_have_text(grouped(BARS))
    expect(page.locator("#legend")).to_contain_text(f"Equity {grouped(format(last['balance'], '.2f'))}")
    expect(page.locator("[data-progress=simulated_at]")).to_have_text(last["timestamp"][:16].replace("T", " "))


def test_it_is_watched_to_its_end_without_reload(signed_in: Page, person: Person) -> None:
    page = signed_in
    execution = start_backtest(page, pace=400)
    page.evaluate("() => { window.isTheSamePage = true; }")

    expect(page.locator("#line")).to_have_text("live")
    page.wait_for_selector("#trades tr[data-sequence]")
    seen = [page.evaluate(LOOK)]
    while seen[-1]["progress"] < 100:
        page.wait_for_timeout(150)
        seen.append(page.evaluate(LOOK))
    settled(page)

    assert page.evaluate("() => window.isTheSamePage")
    for moving in ("progress", "trades", "bars", "elapsed"):
        values = [look[moving] for look in seen]
        assert values == sorted(values) or moving == "elapsed", moving  # which ends with the server's clock
        assert len(set(values)) > 3, f"{moving} stood still: {values}"
    assert_the_page_is_the_api(page, person, execution)
    page.reload()
    expect(page.locator("#chart[data-ready]")).to_be_visible()
    assert_the_page_is_the_api(page, person, execution)


LOOK = """() => {
  const text = (name) => document.querySelector(`[data-progress=${name}]`).textContent;
  const number = (name) => Number(text(name).replace(/[^0-9.]/g, "") || 0);
  return { progress: Number(document.getElementById("progress").value), trades: number("trades"), bars: number("bars"),
           elapsed: number("elapsed") };
}"""


def test_a_cut_line_costs_no_row(signed_in: Page, person: Person) -> None:
    page, sockets = signed_in, []

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(socket.send)
        sockets.append(socket)

    page.route_web_socket(re.compile("/ws/executions/"), relay)
    execution = start_backtest(page, pace=300)
    page.wait_for_selector("#trades tr[data-sequence]")

    for _ in range(2):
        sockets[-1].close(code=3001, reason="cut by the test")
        expect(page.locator("#line")).to_contain_text("trying again")
        expect(page.locator("#line")).to_have_text("live")
    settled(page)

    assert len(sockets) == 3
    head = person.rows(execution, "trades")[-1]["sequence"]
    assert [sequence for sequence, _ in shown_trades(page)] == list(range(head, 0, -1))
    assert_the_page_is_the_api(page, person, execution)


def test_where_sockets_are_blocked_it_polls(signed_in: Page, person: Person) -> None:
    page = signed_in
    page.add_init_script(NO_SOCKETS)
    execution = start_backtest(page, pace=300)

    expect(page.locator("#line")).to_have_text("polling")
    page.wait_for_selector("#trades tr[data-sequence]")
    settled(page)

    head = person.rows(execution, "trades")[-1]["sequence"]
    assert [sequence for sequence, _ in shown_trades(page)] == list(range(head, 0, -1))
    assert_the_page_is_the_api(page, person, execution)


def test_pause_resume_and_stop_do_what_they_say(signed_in: Page, person: Person) -> None:
    page = signed_in
    page.on("dialog", lambda dialog: dialog.accept())
    execution = start_backtest(page, pace=100)
    page.locator("#controls [data-status=running]").wait_for()

    page.get_by_role("button", name="Pause").click()
    page.locator("#controls [data-status=paused]").wait_for()
    assert person.status(execution)["status"] == "paused"
    page.get_by_role("button", name="Resume").click()
    page.locator("#controls [data-status=running]").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator("#controls [data-status=stopped]").wait_for()

    expect(page.locator("#line")).to_have_text("ended")
    assert person.status(execution)["status"] == "stopped"
    expect(page.get_by_role("link", name="Run again with changes")).to_be_visible()


def test_what_another_tab_does_is_seen(signed_in: Page, person: Person) -> None:
    page = signed_in
    execution = start_backtest(page, pace=100)
    page.locator("#controls [data-status=running]").wait_for()

    person.call("post", f"/api/trading/executions/{execution}/pause/", 200)

    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    person.call("post", f"/api/trading/executions/{execution}/stop/", 200)


def test_a_row_of_the_list_moves_without_reload(signed_in: Page) -> None:
    page = signed_in
    execution = start_backtest(page, pace=300)
    page.get_by_role("link", name="Executions").first.click()
    page.evaluate("() => { window.isTheSamePage = true; }")
    row = page.locator(f"#execution-{execution}")

    expect(row.locator(".badge")).to_have_text("completed")

    assert page.evaluate("() => window.isTheSamePage")
    expect(row.locator(".sparkline")).to_be_visible()


def test_a_double_click_starts_one(signed_in: Page, person: Person) -> None:
    page = signed_in
    page.get_by_role("link", name="New back-test").click()

    page.get_by_role("button", name="Start the back-test").dblclick()
    page.wait_for_url("**/executions/*/")

    assert person.get("/api/trading/executions/")["count"] == 1


@pytest.fixture
def finished(signed_in: Page) -> Page:
    start_backtest(signed_in, pace=None)
    settled(signed_in)
    return signed_in


def test_a_trade_leads_to_its_bar(finished: Page) -> None:
    entry = finished.locator("#trades tr[data-sequence='20'] [data-field=entry_time]")
    time = entry.inner_text()

    entry.click()
    finished.mouse.move(0, 0)  # away from the chart, which would tell about the bar under the pointer

    expect(finished.locator("#legend")).to_contain_text(f"{time} UTC")
    expect(finished.locator("#legend")).to_contain_text("bought")
    expect(finished.locator("#trades tr[data-sequence='20']")).to_have_attribute("aria-selected", "true")


def test_zooming_in_brings_single_bars_and_back(finished: Page) -> None:
    finished.reload()  # a page that was there before the end has drawn bar by bar what it would fold now
    chart = finished.locator("#chart")
    expect(finished.locator("#chart[data-ready]")).to_be_visible()
    folded = int(chart.get_attribute("data-ready") or 0)
    assert folded < BARS

    chart.focus()
    for _ in range(8):
        finished.keyboard.press("+")
    expect(chart).not_to_have_attribute("data-ready", str(folded))
    finished.keyboard.press("Home")

    expect(chart).to_have_attribute("data-ready", str(folded))
