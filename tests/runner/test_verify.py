"""Verification finds whatever was changed, names the field or the row, and finds nothing where nothing was."""

from typing import Any

import numpy as np
import pytest

from apps.engine import strategies
from apps.engine.errors import UnknownStrategy
from apps.engine.strategies.sma_cross import SmaCross
from apps.events.models import Event
from apps.executions import lifecycle, manifests, services
from apps.executions.models import Execution
from apps.market import store
from apps.runner import verify as verifying
from apps.runner.findings import Findings
from apps.runner.run import run
from apps.runner.verify import verify
from tests.runner.conftest import footprint
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


def named(findings: Findings) -> list[str]:
    return [each["field"] for each in findings.changed]


def differing(findings: Findings) -> list[tuple[str, int]]:
    return [(row["journal"], row["sequence"]) for row in findings.rows]


# Nothing was changed


def test_an_untouched_execution_is_equal_and_stays_untouched(finished: Any) -> None:
    before = footprint(finished)

    findings = verify(finished)

    assert findings.outcome == "equal", findings.report
    assert (findings.changed, findings.rows, findings.unchecked) == ([], [], [])
    assert findings.compared["bars"] == finished.processed == 300
    assert findings.compared["trades"] == finished.trades_head > 5
    assert findings.compared["equity"] == finished.equity_head
    assert findings.compared["events"] == Event.objects.exclude(event_type="status_changed").count()
    assert footprint(finished) == before
    assert "300 bars were run again and brought the same tape" in findings.report["summary"]


@pytest.mark.parametrize("bars", [1, 7, 299])
def test_the_size_of_the_chunks_and_pages_changes_nothing(
    finished: Any, bars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = verify(finished)
    monkeypatch.setattr(verifying, "FIRST_CHUNK_BARS", bars)
    monkeypatch.setattr(verifying, "MAX_CHUNK_BARS", bars)
    monkeypatch.setattr("apps.runner.comparison.PAGE_ROWS", 3)

    assert verify(finished) == whole


@pytest.mark.parametrize("move", [lifecycle.pause, lifecycle.stop])
@pytest.mark.parametrize("bars", [1, 100, 233])
def test_a_tape_that_was_cut_short_is_the_begin_of_the_repeated_one(
    execution: Any, advance: Any, move: Any, bars: int
) -> None:
    claim, session = begin(execution)
    advance(claim, session, bars)
    move(claim.execution)

    findings = verify(execution)

    assert findings.outcome == "equal", findings.report
    assert findings.compared["bars"] == bars
    assert findings.compared["equity"] == bars


def test_an_execution_that_was_paused_resumed_and_taken_over_is_equal(execution: Any, advance: Any) -> None:
    for bars in (50, 60, 70):
        claim, session = begin(execution)
        advance(claim, session, bars)
        lifecycle.pause(claim.execution)
        lifecycle.resume(claim.execution)
    run(execution.pk)

    findings = verify(execution)

    assert findings.outcome == "equal", findings.report
    assert findings.compared["bars"] == 300


class Moody(SmaCross):
    """Trades as ever, until it stumbles."""

    def on_bar(self) -> None:
        self.bars_seen = getattr(self, "bars_seen", 0) + 1
        super().on_bar()
        if self.bars_seen == 150:
            raise ZeroDivisionError("a bad day")


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch, make_task: Any, make_config: Any) -> Any:
    """An execution that failed in the middle, through its author's code."""
    known = {**strategies.all(), "moody": Moody}
    monkeypatch.setattr(strategies, "all", lambda: known)
    monkeypatch.setattr(Moody, "strategy_type", "moody")
    task = make_task(config=make_config(strategy_type="moody"))
    failed = services.start(task)
    run(failed.pk)
    failed.refresh_from_db()
    assert failed.status == "failed"
    assert failed.equity_head > 100
    return failed


def test_an_execution_that_failed_fails_again_on_the_same_tape(moody: Any) -> None:
    findings = verify(moody)

    assert findings.outcome == "equal", findings.report
    assert findings.compared["equity"] == moody.equity_head


def test_a_retry_is_verified_from_its_first_bar_to_its_last(moody: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moody, "on_bar", SmaCross.on_bar)
    retried = services.retry(moody)
    run(retried.pk)

    findings = verify(retried)

    assert findings.outcome == "equal", findings.report
    assert findings.compared["bars"] == 300


def test_one_that_fails_now_and_did_not_then_is_different(moody: Any) -> None:
    Execution.objects.update(status="stopped", processed=300)

    findings = verify(moody)

    assert findings.outcome == "different"
    assert "status" in named(findings)


def test_one_that_failed_before_its_first_bar_fails_again(make_task: Any) -> None:
    from django.utils.dateparse import parse_datetime

    execution = services.start(make_task(start_time=parse_datetime("2031-01-01T00:00:00Z")))
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "failed"

    assert verify(execution).outcome == "equal"


def test_an_older_execution_is_verified_as_far_as_it_goes(finished: Any) -> None:
    old = {**finished.manifest, "engine": {"version": finished.manifest["engine"]["version"], "seed": 0}}
    del old["strategy"]["source"]
    Execution.objects.update(manifest=old, manifest_hash="", seal={}, tape_hash="")

    findings = verify(finished)

    assert findings.outcome == "equal"
    assert findings.compared["bars"] == 300
    assert {"seal", "tape_hash", "strategy.source", "engine.source"} <= set(findings.unchecked)


# What went in was changed


def test_one_flipped_candle_is_found(finished: Any) -> None:
    recorded = finished.manifest["data"]["content_hash"]
    bars = np.load(store.path_of(recorded), mmap_mode="r+")
    kept = bars[137]["close"].copy()
    bars[137]["close"] = np.nextafter(kept, np.inf)
    bars.flush()

    findings = verify(finished)

    assert findings.outcome == "different"
    assert named(findings) == ["data.content_hash"]
    assert findings.changed[0]["expected"] == recorded
    assert findings.changed[0]["found"] == store.hash_of(bars) != recorded
    assert "stored bars are not the ones it ran on" in findings.report["summary"]
    bars[137]["close"] = kept
    bars.flush()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("strategy.parameters.fast", 4),
        ("costs.commission_rate", 0.01),
        ("account.initial_balance", 10_000.5),
        ("rules.intrabar", "olhc"),
        ("instrument.pip_size", 0.5),
        ("engine.seed", 7),
        ("data.session", "09:00-10:00 UTC"),
    ],
)
def test_one_changed_field_of_the_manifest_is_named(finished: Any, path: str, value: Any) -> None:
    manifest = Execution.objects.get().manifest
    *parents, name = path.split(".")
    holder = manifest
    for parent in parents:
        holder = holder[parent]
    assert holder[name] != value
    holder[name] = value
    Execution.objects.update(manifest=manifest)

    findings = verify(finished)

    assert findings.outcome == "different"
    assert [each["field"] for each in findings.changed if each["check"] == "sealed"] == [path]
    assert next(each for each in findings.changed if each["field"] == path)["found"] == value
    assert f"was changed afterwards: {path}" in findings.report["summary"]


@pytest.mark.parametrize("manifest", [{}, {"strategy": 3}, {"data": {"content_hash": None}, "strategy": []}])
def test_a_manifest_that_is_none_any_more_is_no_reason_to_fail(finished: Any, manifest: Any) -> None:
    Execution.objects.update(manifest=manifest)

    findings = verify(finished)

    assert findings.outcome == "different"
    assert findings.reason


def test_another_engine_is_named_and_its_rows_are_compared_all_the_same(
    finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "ENGINE_VERSION", "another")
    monkeypatch.setattr(manifests, "source_digest", lambda: "f" * 16)
    manifests._engine_source.cache_clear()

    findings = verify(finished)

    manifests._engine_source.cache_clear()
    assert findings.outcome == "different"
    assert named(findings) == ["engine.source", "engine.version"]
    assert findings.rows == []
    assert "300 bars were run again and brought the same tape" in findings.report["summary"]


def test_a_strategy_that_trades_otherwise_is_found_by_its_first_row(
    finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = SmaCross.entry_quantity
    monkeypatch.setattr(SmaCross, "entry_quantity", lambda strategy: 2 * ours(strategy))

    findings = verify(finished)

    first = Event.objects.exclude(event_type="status_changed").order_by("sequence").first()
    assert findings.outcome == "different"
    assert ("events", first.sequence) in differing(findings)
    assert ("trades", 1) in differing(findings)
    assert findings.rows[0]["expected"]["event"]["units"] == 2 * findings.rows[0]["found"]["event"]["units"]


def test_data_that_is_gone_makes_it_impossible(finished: Any) -> None:
    store.delete(finished.manifest["data"]["content_hash"])

    findings = verify(finished)

    assert findings.outcome == "impossible"
    assert "missing" in findings.reason
    assert "It cannot be run again" in findings.report["summary"]


def test_a_file_that_holds_no_rows_makes_it_impossible(finished: Any) -> None:
    store.path_of(finished.manifest["data"]["content_hash"]).write_bytes(b"no rows")

    findings = verify(finished)

    assert findings.outcome == "impossible"
    assert "cannot be read" in findings.reason
    store.delete(finished.manifest["data"]["content_hash"])


def test_a_strategy_that_is_gone_makes_it_impossible(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(strategy_type: str) -> Any:
        raise UnknownStrategy(f"There is no strategy {strategy_type!r}.")

    monkeypatch.setattr(strategies, "get", gone)

    findings = verify(finished)

    assert findings.outcome == "impossible"
    assert "sma_cross" in findings.reason
