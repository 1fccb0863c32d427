"""The table tells the truth: what failed, what was skipped, what nothing states."""

import json
import re
from pathlib import Path

import pytest

from tests.conformance.cases import CASES, SURFACES, Case
from tests.conformance.table import UNSTATED, read_report, verdicts

TESTS = Path(__file__).resolve().parents[1]
CASE = Case("T1", "D", "a case")


def report(folder: Path, *tests: str) -> Path:
    path = folder / "report.xml"
    path.write_text(f"<testsuites><testsuite>{''.join(tests)}</testsuite></testsuites>")
    return path


def run_of(node: str, *cases: str, ending: str = "") -> str:
    properties = [("node", node), *(("case", name) for name in cases)]
    told = "".join(f'<property name="{name}" value="{value}" />' for name, value in properties)
    return f"<testcase><properties>{told}</properties>{ending}</testcase>"


def test_a_case_passes_when_each_of_its_tests_did(tmp_path: Path) -> None:
    path = report(tmp_path, run_of("a.py::one[x]", "T1"), run_of("a.py::one[y]", "T1"), run_of("b.py::two", "T1", "T2"))

    (verdict,) = verdicts([CASE], read_report(path))

    assert verdict.passes
    assert json.loads(verdict.as_json()) == {
        "id": "T1",
        "said": "D",
        "title": "a case",
        "test": "a.py::one",
        "passes": True,
        "why": None,
        "tests": ["a.py::one", "b.py::two"],
    }
    assert "passes" in verdict.as_text()


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        ('<failure message="assert 1 == 2&#10;more" />', "failed with y: assert 1 == 2"),
        ('<error message="setup failed" />', "failed with y: setup failed"),
        ('<skipped type="pytest.skip" message="No PostgreSQL" />', "skipped with y: No PostgreSQL"),
        ('<skipped type="pytest.xfail" message="There is none." />', "not yet with y: There is none."),
    ],
)
def test_one_test_that_did_not_pass_decides(tmp_path: Path, ending: str, why: str) -> None:
    path = report(tmp_path, run_of("a.py::one", "T1"), run_of("b.py::two[y]", "T1", ending=ending))

    (verdict,) = verdicts([CASE], read_report(path))

    assert not verdict.passes
    assert (verdict.why, verdict.tests[0]) == (why, "b.py::two")
    assert why in verdict.as_text()


def test_a_case_that_nothing_states_does_not_pass(tmp_path: Path) -> None:
    (verdict,) = verdicts([CASE], read_report(report(tmp_path, run_of("a.py::one", "T2"), run_of("a.py::none"))))

    assert (verdict.passes, verdict.why, verdict.tests) == (False, UNSTATED, [])


def test_every_case_of_the_native_surface_is_listed_once() -> None:
    assert [case.id for case in SURFACES["T"]] == [f"T{number}" for number in range(1, 80)]
    assert {case.said for case in CASES.values()} == {"D", "I", "U"}
    assert len({case.title for case in CASES.values()}) == len(CASES)


def test_tests_name_only_cases_that_there_are() -> None:
    named = set()
    for path in TESTS.rglob("test_*.py"):
        for names in re.findall(r"mark\.case\(([^)]*)\)", path.read_text()):
            named |= set(re.findall(r'"(\w+)"', names))

    assert len(named) > 60
    assert named <= set(CASES)
