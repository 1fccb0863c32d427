"""What goes into a run, in one spelling: equal inputs have equal hashes, and a changed field can be named."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import apps.engine
from apps.engine.kernels import OPTIONS
from apps.executions import manifests, services
from apps.executions.manifests import broken_fields, canonical, changed_code, leaves_of, manifest_hash, seal_of
from apps.executions.models import Execution
from apps.market.models import Dataset
from apps.strategies import sources
from tests.conftest import random_bars

NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.lists(NUMBERS, max_size=3)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
MANIFESTS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), max_size=5)


def shuffled(value: Any, random: Any) -> Any:
    """The same with its members in another order, and whole numbers spelt the other way."""
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name], random) for name in names}
    if isinstance(value, list):
        return [shuffled(each, random) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(repr(value))
    return float(value) if int(float(value)) == value else value


@given(manifest=MANIFESTS, random=st.randoms(use_true_random=False))
def test_neither_order_nor_spelling_changes_the_hash(manifest: dict[str, Any], random: Any) -> None:
    other = shuffled(manifest, random)

    assert manifest_hash(other) == manifest_hash(manifest)
    assert seal_of(other) == seal_of(manifest)


@given(manifest=MANIFESTS.filter(bool), data=st.data())
def test_a_changed_leaf_is_named_and_no_other(manifest: dict[str, Any], data: st.DataObject) -> None:
    sealed, hash_ = seal_of(manifest), manifest_hash(manifest)
    path = data.draw(st.sampled_from(sorted(leaves_of(manifest))))
    *parents, name = path.split(".")
    holder = manifest
    for parent in parents:
        holder = holder[parent]
    value = data.draw(VALUES.filter(lambda other: canonical(other) != canonical(holder[name])))

    holder[name] = value

    assert broken_fields(manifest, hash_, sealed) == [path]


@given(left=MANIFESTS, right=MANIFESTS)
def test_only_equal_manifests_have_equal_hashes(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert (manifest_hash(left) == manifest_hash(right)) == (canonical(left) == canonical(right))


def test_an_intact_manifest_has_no_broken_field() -> None:
    manifest = {"strategy": {"fast": 3}, "tiers": [[0, 0.1, 0.2]]}

    assert broken_fields(manifest, manifest_hash(manifest), seal_of(manifest)) == []


def test_what_was_added_and_what_is_gone_are_named() -> None:
    sealed = {"strategy": {"fast": 3, "slow": 8}}
    now = {"strategy": {"fast": 3, "length": 8}}

    broken = broken_fields(now, manifest_hash(sealed), seal_of(sealed))

    assert broken == ["strategy.length", "strategy.slow"]


def test_a_changed_seal_or_hash_is_told_from_a_changed_manifest() -> None:
    manifest = {"strategy": {"fast": 3}}
    hash_, seal = manifest_hash(manifest), seal_of(manifest)

    assert broken_fields(manifest, hash_, {"strategy.fast": "0" * 32}) == ["seal.strategy.fast"]
    assert broken_fields(manifest, "0" * 64, seal) == ["manifest_hash"]


def test_nan_has_no_place_in_a_manifest() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest_hash({"cash": float("nan")})


@pytest.mark.django_db
def test_equal_tasks_of_two_people_have_equal_manifests(
    make_task: Any, make_config: Any, import_dataset: Any, owner: Any, stranger: Any
) -> None:
    bars = random_bars(50)
    own = services.start(make_task(dataset=import_dataset(bars)))
    config = make_config(owner=stranger, name="theirs", parameters={"slow": 8.0, "fast": 3})
    dataset = import_dataset(bars, owner=stranger, name="same minutes")

    others = services.start(make_task(owner=stranger, name="another name", config=config, dataset=dataset))

    assert others.manifest_hash == own.manifest_hash
    assert others.seal == own.seal


@pytest.mark.storage
@pytest.mark.django_db
@pytest.mark.parametrize("balance", [10_000.0, 0.1 + 0.2, 9.87e14, 1e-9])
def test_a_database_gives_the_manifest_back_as_it_was_hashed(make_task: Any, balance: float) -> None:
    task = make_task(initial_balance=balance, costs={"tiers": [[0.0, 1e-7, 0.001], [1e14, 0.0, 2e-5]]})
    execution = services.start(task)

    stored = Execution.objects.get(pk=execution.pk)

    assert len(stored.manifest_hash) == 64
    assert manifest_hash(stored.manifest) == stored.manifest_hash
    assert broken_fields(stored.manifest, stored.manifest_hash, stored.seal) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"initial_balance": 10_001.0}, {"commission_rate": 0.001}, {"warm_up_bars": 0, "session": "09:30-16:00 UTC"}],
)
def test_another_term_is_another_manifest(make_task: Any, change: dict[str, Any]) -> None:
    task = make_task()
    version = task.dataset.latest
    before = manifests.manifest_of(task, version)

    services.update_backtest_task(task, **change)

    after = manifests.manifest_of(task, version)
    assert manifest_hash(after) != manifest_hash(before)
    differing = {path for path, value in leaves_of(after).items() if leaves_of(before)[path] != value}
    assert len(differing) == 1


@pytest.mark.django_db
def test_everything_that_goes_in_is_in_the_manifest(execution: Any) -> None:
    dataset = Dataset.objects.get()

    manifest = execution.manifest

    assert manifest["data"]["content_hash"] == dataset.latest.content_hash
    assert manifest["strategy"]["source"] == sources.digest_of("sma_cross")
    assert manifest["engine"]["version"] == apps.engine.ENGINE_VERSION
    assert manifest["engine"]["source"] == apps.engine.source_digest()
    assert manifest["engine"]["seed"] == 0
    assert set(manifest["engine"]["libraries"]) == {"numba", "numpy"}
    assert changed_code(manifest) == ({}, [])


def test_the_numbers_are_as_the_manifest_says() -> None:
    assert OPTIONS.get("fastmath", False) is manifests.NUMBERS["fastmath"]
    assert OPTIONS.get("parallel", False) is manifests.NUMBERS["parallel"]
    assert OPTIONS["error_model"] == manifests.NUMBERS["error_model"]
    engine = Path(apps.engine.__file__).parent
    for source in engine.rglob("*.py"):
        text = source.read_text()
        assert "fastmath=" not in text, source
        assert "parallel=True" not in text, source
        assert "float32" not in text, source


def test_one_changed_constant_changes_the_digest_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "engine"
    shutil.copytree(Path(apps.engine.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = apps.engine.source_digest()
    monkeypatch.setattr(apps.engine, "__file__", str(copy / "__init__.py"))
    assert apps.engine.source_digest() == before
    constants = copy / "series" / "timeframes.py"
    text = constants.read_text()
    assert "1_000_000" in text

    constants.write_text(text.replace("1_000_000", "1_000_001", 1))

    assert apps.engine.source_digest() != before
