"""Rows as pandas DataFrames. pandas is imported when it is needed: it is optional, and slow to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapedeck_client.errors import MissingPackage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandas import DataFrame

    from tapedeck_client.records import EquityPoint, EventRow, TradeRow

EVENT_COLUMNS = ("event_type", "strategy_type", "timestamp", "created_at")
TRADE_TEXTS = ("instrument", "direction")
TRADE_TIMES = ("entry_time", "exit_time")
TRADE_NUMBERS = ("units", "entry_price", "exit_price", "pnl", "pips")


def require_pandas() -> None:
    """Raise MissingPackage before anything is fetched that could not be shown."""
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise MissingPackage("Frames need pandas: pip install 'tapedeck-client[pandas]'.") from error


def of_events(rows: Sequence[EventRow]) -> DataFrame:
    """A member of an event that has the name of a column is `event.<name>`."""
    records = [
        {
            **{name: getattr(row, name) for name in EVENT_COLUMNS},
            **{f"event.{name}" if name in EVENT_COLUMNS else name: value for name, value in row.event.items()},
        }
        for row in rows
    ]
    return _frame(rows, records, EVENT_COLUMNS, times=("timestamp", "created_at"))


def of_trades(rows: Sequence[TradeRow]) -> DataFrame:
    """The details of a trade are columns after its own; amounts that the server serves as text are numbers."""
    names = (*TRADE_TEXTS, *TRADE_TIMES)
    records = [
        {
            **{name: getattr(row.trade, name) for name in names},
            **{name: float(getattr(row.trade, name)) for name in TRADE_NUMBERS},
            **{name: _number(value) for name, value in row.trade.details.items()},
        }
        for row in rows
    ]
    return _frame(rows, records, (*names, *TRADE_NUMBERS), times=TRADE_TIMES)


def of_equity(rows: Sequence[EquityPoint]) -> DataFrame:
    records = [{"timestamp": row.timestamp, "balance": row.balance} for row in rows]
    return _frame(rows, records, ("timestamp", "balance"), times=("timestamp",))


def _frame(
    rows: Iterable[Any], records: Sequence[Mapping[str, Any]], columns: Sequence[str], times: Sequence[str]
) -> DataFrame:
    import pandas

    names = [*columns, *dict.fromkeys(name for record in records for name in record if name not in columns)]
    index = pandas.Index([row.sequence for row in rows], name="sequence", dtype="int64")
    frame = pandas.DataFrame(list(records), index=index, columns=names)
    for name in times:
        frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame


def _number(value: Any) -> Any:
    """A figure that was served as text, as a float; anything else as it is."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
