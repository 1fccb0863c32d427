"""C: the API of Cracktrader."""

CASES: list[tuple[str, str]] = []
