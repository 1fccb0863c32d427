"""J: the API of Jesse."""

CASES: list[tuple[str, str]] = []
