"""The API's description in Swagger UI and in Redoc: whole, from our own host, without a complaint of the browser."""

import pytest
from playwright.sync_api import Page


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_a_person_reads_the_description_of_the_api(page: Page, path: str) -> None:
    page.goto(path)

    page.get_by_text("/api/trading/backtest-tasks/{id}/start/").first.wait_for(state="attached")


def test_redoc_finds_what_is_searched_for(page: Page) -> None:
    page.goto("/api/redoc/")
    page.get_by_placeholder("Search").fill("pause")

    page.get_by_role("search").get_by_text("pause", exact=False).first.wait_for(state="attached")
