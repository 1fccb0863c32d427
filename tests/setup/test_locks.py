"""Lock files pin everything by hash, say nothing of where it was fetched from, and agree with what was asked for."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted((ROOT / "requirements").glob("*.in"))
HOSTS = re.compile(
    rb"(pypi\.org|pythonhosted\.org|registry\.npmjs|npmmirror|registry\.yarnpkg|file:///|/work/|/home/[a-z]|/root/)"
)
DOCUMENTS = {".md"}  # prose may say what a line in a lock must not


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("Not a git checkout: nothing says which files are tracked.")
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file()]


def names(path: Path) -> set[str]:
    """Normalised names of the packages that a .in or .txt asks for."""
    found = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", path.read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@pytest.mark.parametrize("asked", LISTS, ids=lambda path: path.stem)
def test_everything_asked_for_is_locked(asked):
    assert names(asked) <= names(asked.with_suffix(".txt"))


@pytest.mark.parametrize("asked", LISTS, ids=lambda path: path.stem)
def test_every_locked_package_has_one_version_and_its_hashes(asked):
    text = asked.with_suffix(".txt").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)

    assert "://" not in text
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_lists_that_go_together_agree_on_versions():
    pins: dict[str, set[frozenset[str]]] = {}  # versions for different Pythons may differ, but not between lists
    for asked in LISTS:
        found = re.findall(r"^([\w.-]+)==(\S+)", asked.with_suffix(".txt").read_text(), re.MULTILINE)
        for name in {name for name, _ in found}:
            pins.setdefault(name, set()).add(frozenset(version for other, version in found if other == name))

    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_javascript_libraries_are_locked_by_hash_and_without_a_host():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert lock["packages"][""]["dependencies"] == asked
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().split()


def test_no_tracked_file_knows_a_registry_or_a_machine(tracked):
    known = {
        str(path.relative_to(ROOT)): sorted(set(found))
        for path in tracked
        if path.suffix not in DOCUMENTS and path != Path(__file__) and (found := HOSTS.findall(path.read_bytes()))
    }

    assert known == {}


def test_nothing_fetched_or_made_is_tracked(tracked):
    parts = {part for path in tracked for part in path.relative_to(ROOT).parts}

    assert not parts & {".venv", "node_modules", "var", ".setup", "uv.lock", "pylock.toml", ".env", "__pycache__"}
