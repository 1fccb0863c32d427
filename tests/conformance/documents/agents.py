"""A: the multi-agent back end."""

CASES: list[tuple[str, str]] = []
