"""L: the wrapper around LEAN."""

CASES: list[tuple[str, str]] = []
