"""How pages spell numbers and draw small curves."""

import re

import pytest

from apps.dashboard.templatetags import tapedeck


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1234567.50", "1,234,567.50"),
        ("-1234.00", "−1,234.00"),
        (366, "366"),
        ("0.00", "0.00"),
        (None, "–"),
        (0, "0"),
        (1e-05, "0.00001"),
    ],
)
def test_digits_are_grouped_and_otherwise_left_alone(number: str | int | None, text: str) -> None:
    assert tapedeck.grouped(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(60, "1m"), (300, "5m"), (3600, "1h"), (86_400, "1d"), (90, "90s")])
def test_a_timeframe_is_said_in_its_largest_unit(seconds: int, text: str) -> None:
    assert tapedeck.timeframe(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "0.2 s"), (12, "12 s"), (65, "1 min 05 s"), (3720, "1 h 02 min"), (None, "–")]
)
def test_a_duration_is_said_in_words(seconds: float | None, text: str) -> None:
    assert tapedeck.elapsed(seconds) == text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"from": "created", "to": "running"}, "created → running"),
        ({"side": "buy", "units": 5000, "price": "1.20", "fee": "0.10"}, "buy 5,000 at 1.20, fee 0.10"),
        ({"reason": "nothing_to_close"}, "reason nothing to close"),
        ({}, ""),
    ],
)
def test_an_event_is_told(event: dict[str, object], text: str) -> None:
    assert tapedeck.told(event) == text


def test_costs_are_said_and_none_are_said_to_be_none() -> None:
    names = ("commission_rate", "commission_fixed", "commission_per_unit", "commission_minimum")

    free = tapedeck.costs(dict.fromkeys(names, 0.0), "USD")
    dear = tapedeck.costs(dict(zip(names, (0.0007, 1.5, 0.0, 0.0), strict=True)), "USD")

    assert free.startswith("none")
    assert dear == "0.07 % of the value + 1.5 USD a fill"


def test_a_sparkline_reaches_from_edge_to_edge_and_from_low_to_high() -> None:
    drawn = tapedeck.sparkline([100.0, 130.0, 70.0, 110.0])

    points = [tuple(map(float, pair.split(","))) for pair in drawn["points"].split()]
    assert (points[0][0], points[-1][0]) == (0, 100)
    assert (points[1][1], points[2][1]) == (2, 30)
    assert drawn["tone"] == "gain"
    assert re.search("100.00 to 110.00", drawn["label"])


@pytest.mark.parametrize("values", [[], [1.0]])
def test_too_few_points_are_no_curve(values: list[float]) -> None:
    assert tapedeck.sparkline(values)["points"] == ""


def test_a_flat_curve_is_a_line_in_the_middle() -> None:
    assert set(re.findall(r",([\d.]+)", tapedeck.sparkline([5.0, 5.0])["points"])) == {"16.0"}
