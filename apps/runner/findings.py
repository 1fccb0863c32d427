"""What a verification found, for programs and in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.executions.models import Outcome


@dataclass
class Findings:
    """What does not fit together, in the order in which it was looked for."""

    changed: list[dict[str, Any]] = field(default_factory=list)
    """Of what went in, and of the result as a whole: field, check (sealed, data, code, result), expected, found."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The first row of each journal that differs."""
    compared: dict[str, int] = field(default_factory=dict)
    """How many bars were repeated, and how many rows of each journal were equal."""
    unchecked: list[str] = field(default_factory=list)
    """What an older execution has not recorded."""
    reason: str = ""
    """Why it cannot be run again."""

    def add(self, check: str, name: str, expected: Any, found: Any) -> None:
        self.changed.append({"field": name, "check": check, "expected": expected, "found": found})

    @property
    def outcome(self) -> Outcome:
        if self.changed or self.rows:
            return Outcome.DIFFERENT
        return Outcome.IMPOSSIBLE if self.reason else Outcome.EQUAL

    @property
    def report(self) -> dict[str, Any]:
        """What a Verification keeps; `summary` says it in words."""
        parts = {"changed": self.changed, "rows": self.rows, "compared": self.compared, "unchecked": self.unchecked}
        whole = {"summary": summary(self), **parts, "reason": self.reason or None}
        return dict(orjson.loads(orjson.dumps(whole)))  # a database refuses nan, and here it becomes null


def summary(findings: Findings) -> str:
    """What was found, in sentences."""
    by_check: dict[str, list[str]] = {}
    for each in findings.changed:
        by_check.setdefault(each["check"], []).append(each["field"])
    sentences = []
    if names := by_check.get("sealed"):
        sentences.append(f"The recorded manifest was changed afterwards: {', '.join(names)}.")
    if names := by_check.get("data"):
        sentences.append(f"The stored bars are not the ones it ran on any more ({', '.join(names)}).")
    if names := by_check.get("code"):
        sentences.append(f"The code has changed since it ran: {', '.join(names)}.")
    sentences += map(_row_sentence, findings.rows)
    if names := by_check.get("result"):
        sentences.append(f"The result has other values than it should have: {', '.join(names)}.")
    if findings.reason:
        sentences.append(f"It cannot be run again: {findings.reason.rstrip('.')}.")
    elif set(by_check) <= {"code"} and not findings.rows:
        sentences.append(_equal_sentence(findings))
    return " ".join(sentences)


def _equal_sentence(findings: Findings) -> str:
    compared = findings.compared
    rows = ", ".join(f"{compared.get(name, 0):,} {name}" for name in ("events", "trades"))
    points = f"{compared.get('equity', 0):,} points of equity"
    return f"{compared.get('bars', 0):,} bars were run again and brought the same tape: {rows} and {points}."


def _row_sentence(row: Mapping[str, Any]) -> str:
    place = f"Row {row['sequence']} of {row['journal']}"
    if row["found"] is None:
        return f"{place} is missing."
    if row["expected"] is None:
        return f"{place} should not be there."
    if row["differs"] is None:
        return f"{place} is not as it was written."
    return f"{place} differs in {row['differs']['member']}."
