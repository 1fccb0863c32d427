"""Which feeds and brokers this server has."""

from apps.engine.errors import did_you_mean

MODES = ("paper",)
FEEDS = ("replay",)
BROKERS = ("paper",)


def problems_of(*, mode: str, feed: str, broker: str) -> dict[str, list[str]]:
    """Why these cannot be traded with, by field; empty where they can."""
    problems = {
        "feed": _unknown("feed", feed, FEEDS),
        "broker": _unknown("broker", broker, BROKERS),
        "mode": _unknown("mode", mode, MODES),
    }
    if mode == "live":
        problems["mode"] = "This server knows no venue that takes orders for money yet: trade with the mode paper."
    return {name: [sentence] for name, sentence in problems.items() if sentence}


def _unknown(noun: str, name: str, known: tuple[str, ...]) -> str:
    return "" if name in known else f"There is no {noun} {name[:60]!r}. {did_you_mean(name[:60], known)}"
