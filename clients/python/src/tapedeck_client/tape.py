"""Reading the rows of an execution: each once and in order, whatever size the pages have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tapedeck_client.answers import Answer, member
from tapedeck_client.calls import get
from tapedeck_client.errors import BadAnswer
from tapedeck_client.exchange import Exchange
from tapedeck_client.records import EquityPoint, EventRow, Row, TradeRow
from tapedeck_client.steps import Give, Stream

R = TypeVar("R", bound=Row)
A = TypeVar("A", bound=Answer)
PAGE_ROWS = 1000
LIST_ROWS = 100


class Gap(BadAnswer):
    """Rows are missing between the last one read and what was sent."""


@dataclass(frozen=True)
class Journal(Generic[R]):
    """name: in addresses. member: of an answer that holds the rows."""

    name: str
    member: str
    row: type[R]


EVENTS = Journal("events", "events", EventRow)
TRADES = Journal("trades", "trades", TradeRow)
EQUITY = Journal("equity", "equity_curve", EquityPoint)
JOURNALS: Mapping[str, Journal[Any]] = {journal.name: journal for journal in (EVENTS, TRADES, EQUITY)}


class Cursor(Generic[R]):
    """The place in one journal: `sequence` is that of the last row taken.

    is_dense: no row is filtered out, so that the next row is the next number.
    """

    def __init__(self, journal: Journal[R], sequence: int = 0, *, is_dense: bool = True) -> None:
        self.journal, self.sequence, self.is_dense = journal, sequence, is_dense

    def take(self, bodies: Sequence[Any]) -> Stream[R]:
        """The rows that were not taken before; at a gap, those before it and then Gap."""
        rows: list[R] = []
        place = self.sequence
        is_whole = True
        for body in bodies:
            row = self.journal.row.of(body)
            if row.sequence <= place:
                continue
            is_whole = not self.is_dense or row.sequence == place + 1
            if not is_whole:
                break
            place = row.sequence
            rows.append(row)
        self.sequence = place
        yield Give(rows)
        if not is_whole:
            raise Gap(f"After {self.journal.name} {place} the server sent {row.sequence}.")


def drain(
    exchange: Exchange, execution_id: int, cursor: Cursor[R], *, page_size: int = PAGE_ROWS, **filters: Any
) -> Stream[R]:
    """Every row above the cursor that there is by now."""
    path = f"/api/trading/executions/{execution_id}/{cursor.journal.name}/"
    while True:
        since = cursor.sequence
        body = yield from exchange.ask(get(path, since_sequence=since, page_size=page_size, **filters))
        bodies, is_last = _page(body, cursor.journal.member)
        yield from cursor.take(bodies)
        # asked for by sequence and not by the number of the page: rows that are added meanwhile move nothing
        if is_last or cursor.sequence == since:
            return


def thinned(exchange: Exchange, execution_id: int, **query: Any) -> Stream[EquityPoint]:
    """The points of a thinned curve, whose sequences have gaps and change with where it begins: page by page."""
    path = f"/api/trading/executions/{execution_id}/{EQUITY.name}/"
    cursor = Cursor(EQUITY, query.get("since_sequence", 0), is_dense=False)
    is_last, number = False, 0
    while not is_last:
        number += 1
        body = yield from exchange.ask(get(path, page=number, page_size=PAGE_ROWS, **query))
        bodies, is_last = _page(body, EQUITY.member)
        yield from cursor.take(bodies)
        is_last = is_last or not bodies


def listed(exchange: Exchange, path: str, kind: type[A], **filters: Any) -> Stream[A]:
    """A list by pages: each thing once, also when new ones push others on to the next page."""
    seen: set[int] = set()
    is_last, number = False, 0
    while not is_last:
        number += 1
        body = yield from exchange.ask(get(path, page=number, page_size=LIST_ROWS, **filters))
        bodies, is_last = _page(body, "results")
        new = [one for one in bodies if member(one, "id") not in seen]
        seen.update(one["id"] for one in new)
        yield Give([kind.of(one) for one in new])
        is_last = is_last or not bodies


def _page(body: Any, member: str) -> tuple[Sequence[Any], bool]:
    """The rows of a page, and whether it is the last one."""
    if not isinstance(body, dict) or not isinstance(body.get(member), list):
        raise BadAnswer(f"The server answered a page without {member!r}: is it Tapedeck?")
    return body[member], body.get("next") is None
