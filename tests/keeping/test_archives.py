"""An archived execution is read like any other."""

from typing import Any

import pytest
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.journal import archive
from apps.journal.rowfile import FileDamaged, RowFile
from apps.keeping import archiving, leftovers
from apps.keeping.archiving import archive_execution
from apps.keeping.models import Leftover
from tests.keeping.conftest import reading_of, table_rows

pytestmark = pytest.mark.storage


def test_readers_find_the_same_rows_in_the_file_as_in_the_tables(finished):
    before = reading_of(finished)

    archive_execution(finished)
    between = reading_of(finished)
    leftovers.sweep()

    assert reading_of(finished) == between == before
    assert before.tape_hash == finished.tape_hash
    assert table_rows(finished) == 0
    assert not Leftover.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "events/?since_sequence=3&page_size=7",
        "events/?since_sequence=3&page_size=7&page=2",
        "events/?event_type=trade_executed&page_size=5&page=2",
        "trades/?direction=short&since_sequence=2",
        "trades/?instrument=EUR_USD",
        "equity/?since_sequence=100&page_size=50",
        "equity/?max_points=20",
        "equity/?start_time=2024-01-01T01:00:00Z&end_time=2024-01-01T02:00:00Z",
        "equity/?start_time=2024-01-01T01:00:00Z&max_points=10&since_sequence=70",
    ],
)
def test_the_api_answers_the_same_before_and_after(finished, api, address):
    address = f"/api/trading/executions/{finished.pk}/{address}"
    before = api.get(address)
    assert before.status_code == 200

    archive_execution(finished)
    leftovers.sweep()

    assert api.get(address).content == before.content


def test_an_archive_answers_every_question_of_readers_as_the_table_does(finished, monkeypatch):
    from apps.equity.models import EquityBlock
    from apps.events.models import Event

    monkeypatch.setattr(archiving, "ARCHIVE_PART_BYTES", 3000)
    archive_execution(finished)  # the rows are still in the tables, too
    sequence = st.integers(0, finished.events_head + 2)
    kinds = st.sampled_from(["strategy_signal", "trade_executed", "status_changed", "no such type"])
    lookups = st.fixed_dictionaries(
        {},
        optional={
            "sequence__gt": sequence,
            "sequence__gte": sequence,
            "sequence__lte": sequence,
            "sequence__in": st.lists(sequence, max_size=4),
            "event_type": kinds,
        },
    )
    some_kinds = st.lists(kinds, max_size=2).map(lambda names: Q(event_type__in=names))
    conditions = st.lists(st.one_of(some_kinds, some_kinds.map(lambda one: ~one), st.just(Q())), max_size=2)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(lookups=lookups, conditions=conditions, start=st.integers(0, 9), size=st.integers(0, 9))
    def check(lookups: dict[str, Any], conditions: list[Q], start: int, size: int) -> None:
        table = Event.objects.filter(execution_id=finished.pk).order_by("sequence")
        file = archive.rows_of(Event, finished.pk)
        assert isinstance(file, archive.ArchivedRows)
        wanted, found = (
            rows.filter(**lookups).filter(*conditions).values_list("sequence", "body") for rows in (table, file)
        )
        assert found.count() == wanted.count()
        assert (found.first(), found.last()) == (wanted.first(), wanted.last())
        assert list(found.iterator()) == list(wanted)
        assert list(found[start : start + size]) == list(wanted[start : start + size])

    check()
    blocks = archive.rows_of(EquityBlock, finished.pk).filter(last_sequence__gte=2, ends_at__gte=0)
    kept = EquityBlock.objects.get(execution=finished)
    assert [bytes(points) for points in blocks.values_list("points", flat=True)] == [bytes(kept.points)]


def test_an_archived_execution_can_be_verified(archived):
    from apps.runner.verify import verify

    findings = verify(archived)

    assert (findings.outcome, findings.changed, findings.rows) == ("equal", [], [])
    assert findings.compared["trades"] == archived.trades_head


def test_pages_and_charts_show_the_same_before_and_after(finished, owner, client):
    from django.urls import reverse

    from apps.dashboard import charts

    client.force_login(owner)
    addresses = [reverse(f"dashboard:{name}", args=[finished.pk]) for name in ("chart", "older-trades")]

    def shown() -> list[bytes]:
        for cache in (charts._curve, charts._thin_curve, charts._fills):
            cache.cache_clear()
        answers = [client.get(address) for address in addresses]
        assert [answer.status_code for answer in answers] == [200, 200]
        return [answer.content for answer in answers]

    before = shown()
    archive_execution(finished)
    leftovers.sweep()

    assert shown() == before
    assert client.get(reverse("dashboard:execution", args=[finished.pk])).status_code == 200
    assert client.get(reverse("dashboard:executions")).status_code == 200


def test_the_file_is_found_anywhere_in_the_middle(finished, monkeypatch):
    before = reading_of(finished)
    monkeypatch.setattr(archiving, "ARCHIVE_PART_BYTES", 2000)  # many parts of a few rows

    archive_execution(finished)
    leftovers.sweep()

    with RowFile(archive.path_of(finished.pk)) as file:
        assert len(file.names) > 10
    assert reading_of(finished) == before
    from apps.events.journal import events

    for after in range(finished.events_head):
        assert events.since(finished.pk, after, 3) == before.events[after : after + 3]


def test_a_lost_or_damaged_file_is_told_in_words(archived, api):
    path = archive.path_of(archived.pk)
    address = f"/api/trading/executions/{archived.pk}/events/"
    content = path.read_bytes()

    path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    damaged = api.get(address)
    path.write_bytes(content[:-30])
    truncated = api.get(address)
    path.unlink()
    lost = api.get(address)

    assert [answer.status_code for answer in (damaged, truncated, lost)] == [409, 409, 409]
    assert "damaged at events_event/000000000001.jsonl.zst" in damaged.json()["error"]
    assert "damaged at its directory" in truncated.json()["error"]
    assert "missing" in lost.json()["error"]
    with pytest.raises(FileDamaged):
        reading_of(archived)


def test_nobody_but_its_owner_reads_an_archived_execution(archived, stranger_api, anonymous_api):
    address = f"/api/trading/executions/{archived.pk}/events/"

    assert stranger_api.get(address).status_code == 403
    assert anonymous_api.get(address).status_code == 401


def test_an_archive_is_for_its_owner_on_the_machine_alone(archived):
    assert archive.path_of(archived.pk).stat().st_mode & 0o077 == 0
