"""The author's guide: its code runs, its pictures and links are there, and its tables name everything there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from apps.engine.desk.orders import KEYWORDS
from apps.engine.types import (
    AccountKind,
    Costs,
    ExitReason,
    FillRules,
    Intrabar,
    OrderEventKind,
    PaymentKind,
    RejectionReason,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = DOCS / "strategies"
PAGES = sorted(GUIDE.glob("*.md"))
PICTURES = sorted((DOCS / "images").glob("*.svg"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LONGEST_PAGE = 250  # lines
LARGEST_PICTURE = 4096  # bytes


def text_of(name: str) -> str:
    return (GUIDE / name).read_text()


def anchors_of(page: Path) -> set[str]:
    """The headings of a page as links name them: small letters, dashes for blanks, no punctuation."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: Path) -> None:
    text = page.read_text()
    namespace: dict[str, Any] = {"__name__": f"guide_{page.stem}"}

    for block in BLOCK.finditer(text):
        lines_before = text.count("\n", 0, block.start(1))  # so that an error names the line of the page
        exec(compile("\n" * lines_before + block[1], str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_short_and_what_it_links_to_is_there(page: Path) -> None:
    text = page.read_text()

    links = [((page.parent / path) if path else page, anchor) for path, anchor in LINK.findall(BLOCK.sub("", text))]
    inside = [(target, anchor) for target, anchor in links if "://" not in str(target)]

    assert text.count("\n") < LONGEST_PAGE
    assert [target for target, _ in inside if not target.exists()] == []
    assert [anchor for target, anchor in inside if anchor and anchor not in anchors_of(target)] == []


def test_the_index_leads_to_every_page() -> None:
    links = [path for path, _ in LINK.findall(text_of("README.md"))]

    assert [page.name for page in PAGES if page.name not in (*links, "README.md")] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_is_small_and_says_what_it_shows(picture: Path) -> None:
    drawing = ElementTree.fromstring(picture.read_text())

    assert picture.stat().st_size < LARGEST_PICTURE
    assert drawing.findtext("{http://www.w3.org/2000/svg}title")


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("orders.md", sorted(KEYWORDS)),
        ("orders.md", [reason.name for reason in RejectionReason if reason]),
        ("orders.md", [kind.name for kind in OrderEventKind]),
        ("orders.md", [reason.name for reason in ExitReason]),
        ("fills.md", [rule.name.lower() for rule in Intrabar]),
        ("fills.md", list(FillRules.__dataclass_fields__)),
        ("costs.md", list(Costs.__dataclass_fields__)),
        ("accounts.md", [kind.name.lower() for kind in AccountKind]),
        ("accounts.md", [kind.name for kind in PaymentKind]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_page_names_everything_there_is(page: str, names: list[str]) -> None:
    text = text_of(page)

    assert [name for name in names if f"`{name}" not in text] == []
