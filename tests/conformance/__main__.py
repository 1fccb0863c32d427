"""`python -m tests.conformance`: run every test that states a case of a documented surface, and print the table."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conformance.cases import CASES, REQUIRED, SURFACES
from tests.conformance.table import read_report, verdicts


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    cases = [case for case in CASES.values() if case.id.startswith(options.surface or "")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        _run(report, options.surface)
        if not report.exists():
            sys.exit("The tests did not run; their words are above.")
        outcomes = read_report(report)
    found = verdicts(cases, outcomes)
    for verdict in found:
        print(verdict.as_json() if options.json else verdict.as_text())
    if not options.json:
        for said in sorted({case.said for case in cases}):
            of_kind = [verdict for verdict in found if verdict.case.said == said]
            print(f"{said}: {sum(verdict.passes for verdict in of_kind)} of {len(of_kind)} pass")
    return int(any(not verdict.passes for verdict in found if verdict.case.said in REQUIRED))


def _run(report: Path, surface: str | None) -> None:
    """What pytest says goes to stderr: stdout is for the table alone."""
    chosen = ["--surface", surface] if surface else []
    command = [sys.executable, "-m", "tests", "-q", "-p", "tests.conformance.plugin", *chosen]
    command += ["--continue-on-collection-errors", f"--junitxml={report}"]
    subprocess.run(command, stdout=sys.stderr)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("manage.py conformance", description="Which documented cases hold, and by what.")
    parser.add_argument("--surface", choices=sorted(SURFACES), help="One surface alone: T is the native one.")
    parser.add_argument("--json", action="store_true", help="One object a line: id, test, passes, why and more.")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
