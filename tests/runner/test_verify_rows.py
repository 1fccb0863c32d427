"""Verification finds a row or a figure that was changed in the database, and names it."""

from typing import Any

import numpy as np
import orjson
import pytest
from django.db import OperationalError

from apps.equity.blocks import unpack
from apps.equity.journal import equity
from apps.equity.models import EquityBlock
from apps.events.models import Event
from apps.executions import services
from apps.executions.models import Execution
from apps.market import store
from apps.runner.run import run
from apps.runner.verify import verify
from apps.trades.models import Trade
from tests.conftest import random_bars
from tests.runner.test_verify import differing, named

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
MODELS = {"events": Event, "trades": Trade}


def with_balances(execution: Any, change: Any) -> None:
    """Write the equity of an execution anew, its balances changed."""
    points = [unpack(block.points) for block in EquityBlock.objects.filter(execution=execution).order_by("sequence")]
    EquityBlock.objects.filter(execution=execution).delete()
    whole = np.concatenate(points)
    change(whole["balance"])
    equity.write(execution.pk, 1, whole)


def test_a_changed_row_is_found_even_where_nothing_can_be_run_again(finished: Any) -> None:
    store.delete(finished.manifest["data"]["content_hash"])
    body = Trade.objects.get(execution=finished, sequence=3).body
    Trade.objects.filter(sequence=3).update(body=body.replace('"pnl":"', '"pnl":"1'))

    findings = verify(finished)

    assert findings.outcome == "different"
    assert named(findings) == ["tape_hash"]
    assert findings.reason


@pytest.mark.parametrize(("journal", "sequence"), [("events", 2), ("events", 9), ("trades", 1), ("trades", 4)])
def test_one_changed_row_is_named_with_what_should_stand_there(finished: Any, journal: str, sequence: int) -> None:
    rows = MODELS[journal].objects.filter(execution=finished, sequence=sequence)
    body = rows.get().body
    assert '"price":"' in body or '"entry_price":"' in body
    tampered = body.replace('price":"', 'price":"9', 1)
    rows.update(body=tampered)

    findings = verify(finished)

    assert findings.outcome == "different"
    assert differing(findings) == [(journal, sequence)]
    assert named(findings) == ["tape_hash"]
    row = findings.rows[0]
    original, found = orjson.loads(body), orjson.loads(tampered)
    assert row["expected"] == {name: value for name, value in original.items() if name != "created_at"}
    assert row["found"] == {name: value for name, value in found.items() if name != "created_at"}
    assert f"Row {sequence} of {journal} differs in " in findings.report["summary"]
    assert row["differs"]["member"].endswith("price")
    assert row["differs"]["member"] in findings.report["summary"]
    assert row["differs"]["found"] == f"9{row['differs']['expected']}"


@pytest.mark.parametrize("sequence", [1, 150, 300])
def test_one_changed_point_is_named(finished: Any, sequence: int) -> None:
    def nudge(balances: np.ndarray) -> None:
        balances[sequence - 1] = np.nextafter(balances[sequence - 1], np.inf)

    with_balances(finished, nudge)

    findings = verify(finished)

    assert findings.outcome == "different"
    assert differing(findings) == [("equity", sequence)]
    assert named(findings) == ["tape_hash"]


@pytest.mark.parametrize("journal", ["events", "trades"])
def test_a_missing_row_is_named(finished: Any, journal: str) -> None:
    MODELS[journal].objects.filter(execution=finished, sequence=5).delete()

    assert differing(verify(finished)) == [(journal, 5)]


@pytest.mark.parametrize("journal", ["events", "trades"])
def test_a_row_too_many_is_named(finished: Any, journal: str) -> None:
    model, head = MODELS[journal], getattr(finished, f"{journal}_head")
    last = model.objects.filter(
        execution=finished, sequence=head - 1
    ).get()  # the very last event is a change of status
    columns = {field.attname: getattr(last, field.attname) for field in model._meta.concrete_fields}
    body = last.body.replace(f'"sequence":{head - 1},', f'"sequence":{head + 1},')
    model.objects.create(**{**columns, "sequence": head + 1, "body": body})
    Execution.objects.update(**{f"{journal}_head": head + 1})

    findings = verify(finished)

    assert differing(findings) == [(journal, head + 1)]
    assert findings.rows[0]["expected"] is None


def test_a_lowered_head_does_not_hide_a_row(finished: Any) -> None:
    Execution.objects.update(trades_head=finished.trades_head - 1)

    findings = verify(finished)

    assert differing(findings) == [("trades", finished.trades_head)]
    assert findings.rows[0]["found"] is None


@pytest.mark.parametrize("body", ["", "{", "not a row at all", '{"sequence":4,"trade":', '{"sequence":5,"trade":{}}'])
def test_a_row_that_is_none_is_named(finished: Any, body: str) -> None:
    Trade.objects.filter(execution=finished, sequence=4).update(body=body)

    findings = verify(finished)

    assert differing(findings) == [("trades", 4)]
    assert "tape_hash" in named(findings)


def test_points_that_cannot_be_read_are_named(finished: Any) -> None:
    EquityBlock.objects.filter(execution=finished).update(points=b"not compressed")

    findings = verify(finished)

    assert differing(findings) == [("equity", 1)]
    assert findings.rows[0]["found"] is None
    assert "tape_hash" in named(findings)


def test_a_database_that_goes_away_is_no_finding(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(execution: Any) -> str:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("apps.runner.tape.hash_of", gone)

    with pytest.raises(OperationalError):
        verify(finished)


def test_a_changed_figure_is_named(finished: Any) -> None:
    checkpoint = finished.checkpoints.first()
    checkpoint.metrics["sharpe"] = 99.0
    checkpoint.save()

    findings = verify(finished)

    assert findings.outcome == "different"
    assert named(findings) == ["metrics.sharpe"]
    assert findings.changed[0]["found"] == 99.0


def test_a_changed_hash_of_the_tape_is_found(finished: Any) -> None:
    Execution.objects.update(tape_hash="0" * 64)

    assert named(verify(finished)) == ["tape_hash"]


def test_each_journal_tells_its_own_first_difference(finished: Any) -> None:
    for model in (Event, Trade):
        for sequence in (3, 6):
            row = model.objects.filter(execution=finished, sequence=sequence)
            row.update(body=row.get().body.replace('price":"', 'price":"9', 1))
    with_balances(finished, lambda balances: balances.__setitem__(slice(10, 20), 1.0))

    findings = verify(finished)

    assert differing(findings) == [("events", 3), ("trades", 3), ("equity", 11)]


def test_more_bars_than_a_page_holds_are_compared_to_the_end(make_task: Any, import_dataset: Any) -> None:
    execution = services.start(make_task(dataset=import_dataset(random_bars(6000, seed=4))))
    run(execution.pk)
    last = Trade.objects.filter(execution=execution).order_by("-sequence").first()
    Trade.objects.filter(execution=execution, sequence=last.sequence).update(
        body=last.body.replace('"pnl":"', '"pnl":"1')
    )

    findings = verify(execution)

    assert differing(findings) == [("trades", last.sequence)]
    assert findings.compared["bars"] == 6000
    assert findings.compared["equity"] == 6000
