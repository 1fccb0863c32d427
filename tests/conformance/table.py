"""From the report of a test run to a verdict on each case."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.conformance.cases import Case

UNSTATED = "no test states it"


@dataclass(frozen=True)
class Outcome:
    """One test that ran, or was skipped, and what kept it from passing; empty when it passed."""

    test: str
    cases: frozenset[str]
    why: str


@dataclass(frozen=True)
class Verdict:
    case: Case
    tests: list[str]
    why: str
    """Empty when all tests of the case passed."""

    @property
    def passes(self) -> bool:
        return not self.why

    def as_json(self) -> str:
        """`test` is the one that decides: the first that did not pass, else the first of all."""
        case = self.case
        test = self.tests[0] if self.tests else None
        row = {"id": case.id, "said": case.said, "title": case.title, "test": test, "passes": self.passes}
        return json.dumps({**row, "why": self.why or None, "tests": self.tests})

    def as_text(self) -> str:
        more = f" and {len(self.tests) - 1} more" if len(self.tests) > 1 else ""
        row = f"{self.case.id:5}{self.case.said}  {'passes' if self.passes else 'NO':8}{self.case.title}"
        lines = [row, *(f"{'':16}{test}{more}" for test in self.tests[:1])]
        if self.why:
            lines.append(f"{'':16}{self.why}")
        return "\n".join(lines)


def read_report(path: Path) -> list[Outcome]:
    """The tests of a JUnit report that carry cases; a test that ran on two databases is there twice."""
    found = []
    for element in ElementTree.parse(path).iter("testcase"):
        properties = [(entry.get("name"), entry.get("value", "")) for entry in element.iter("property")]
        cases = frozenset(value for name, value in properties if name == "case")
        if cases:
            node = next(value for name, value in properties if name == "node")
            found.append(Outcome(node.partition("[")[0], cases, _trouble(element, node)))
    return found


def _trouble(element: ElementTree.Element, node: str) -> str:
    for kind in ("failure", "error", "skipped"):
        if (child := element.find(kind)) is not None:
            word = "not yet" if child.get("type") == "pytest.xfail" else {"skipped": "skipped"}.get(kind, "failed")
            message = (child.get("message") or "").strip().split("\n", 1)[0]
            parameters = node.partition("[")[2].rpartition("]")[0]
            return f"{word}{f' with {parameters}' if parameters else ''}: {message}"
    return ""


def verdicts(cases: Iterable[Case], outcomes: Iterable[Outcome]) -> list[Verdict]:
    """One verdict a case, in the order of the cases: it passes when it has tests and each of them passed."""
    outcomes = list(outcomes)
    found = []
    for case in cases:
        own = sorted((outcome for outcome in outcomes if case.id in outcome.cases), key=lambda each: not each.why)
        why = own[0].why if own else UNSTATED
        found.append(Verdict(case, list(dict.fromkeys(outcome.test for outcome in own)), why))
    return found
