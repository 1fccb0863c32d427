"""What the server answers. Times are aware UTC; figures that it serves as text are Decimals, exactly as served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tapedeck_client.answers import Answer

FINAL = frozenset({"stopped", "completed", "failed"})


@dataclass(frozen=True, slots=True)
class User(Answer):
    id: int
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Strategy(Answer):
    """config_schema: JSON Schema of its parameters."""

    id: str
    name: str
    description: str
    config_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config(Answer):
    """A strategy with parameters, under a name."""

    id: int
    name: str
    strategy_type: str
    parameters: Mapping[str, Any]
    description: str
    is_in_use: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DatasetVersion(Answer):
    """Rows that never change; starts_at and ends_at are the opens of the first and the last bar."""

    id: int
    number: int
    content_hash: str
    rows: int
    starts_at: datetime | None
    ends_at: datetime | None
    report: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dataset(Answer):
    """instrument: its symbol. layout: bars, quote_bars or ticks. versions: newest first; the lists leave them out."""

    id: int
    name: str
    instrument: str
    instrument_id: int
    kind: str
    layout: str
    timeframe_seconds: int
    source: str
    licence: str
    is_synthetic: bool
    is_shared: bool
    latest_version: DatasetVersion | None
    created_at: datetime
    versions: tuple[DatasetVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Bars(Answer):
    """Columns, one value a point; time is in seconds UTC. count: bars before they were folded to points."""

    version: int
    count: int
    points: int
    time: tuple[int, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BacktestTask(Answer):
    """What to run. status, latest_execution: of its newest execution; `created` and None before the first."""

    id: int
    name: str
    description: str
    config: int
    strategy_type: str
    dataset: int
    instrument: str
    start_time: datetime | None
    end_time: datetime | None
    initial_balance: float
    commission_rate: float
    commission_per_trade: float
    bars_per_second: float | None
    status: str
    latest_execution: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Started(Answer):
    """Which execution a task runs as."""

    message: str
    task_id: int
    execution_id: int


@dataclass(frozen=True, slots=True)
class Verification(Answer):
    """Whether a repetition brought the same tape: equal, different or impossible, once it is over.

    report: its `summary` in words, and the fields (`changed`) and first rows (`rows`) that differ.
    """

    id: int
    execution_id: int
    outcome: str
    progress: float
    report: Mapping[str, Any]
    requested_at: datetime
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class Moved(Answer):
    """What a task's newest execution became."""

    id: int
    execution_id: int
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class ExecutionSummary(Answer):
    """processed, total: bars. simulated_at: the time that the run has reached. duration: seconds."""

    id: int
    task_type: str
    task_id: int | None
    execution_number: int
    strategy_type: str
    status: str
    progress: float
    processed: int
    total: int | None
    simulated_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration: float | None
    error_message: str | None

    @property
    def is_over(self) -> bool:
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class ExecutionDetail(ExecutionSummary):
    """manifest: what went in. metrics: every figure so far, unrounded, shares as fractions; None before the first."""

    manifest: Mapping[str, Any] = field(default_factory=dict)
    manifest_hash: str = ""
    metrics: Mapping[str, float | int | None] | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint(Answer):
    """Rounded figures; total_return, win_rate and max_drawdown in per cent; None where one is undefined."""

    id: int
    processed: int
    total_return: Decimal | None
    total_pnl: Decimal | None
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Decimal | None
    max_drawdown: Decimal | None
    sharpe_ratio: Decimal | None
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Metrics(Answer):
    execution_id: int
    has_checkpoint: bool
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Status(Answer):
    """progress: per cent of the simulated time."""

    execution_id: int
    task_type: str
    task_id: int | None
    execution_number: int
    status: str
    progress: float
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    checkpoint: Checkpoint | None

    @property
    def is_over(self) -> bool:
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class Row(Answer):
    """sequence: 1, 2, 3 … in each journal of an execution, without gaps."""

    sequence: int


@dataclass(frozen=True, slots=True)
class EventRow(Row):
    """timestamp: in the market's time where the event has one."""

    event_type: str
    strategy_type: str
    timestamp: datetime
    event: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Trade(Answer):
    """A round trip. pnl is after fees, in the account's currency."""

    instrument: str
    direction: str
    units: float
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime
    exit_price: Decimal
    pnl: Decimal
    pips: Decimal
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TradeRow(Row):
    trade: Trade
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EquityPoint(Row):
    timestamp: datetime
    balance: float
