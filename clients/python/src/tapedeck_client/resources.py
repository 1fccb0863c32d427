"""What a user keeps on the server: strategies, configurations, data, back-test tasks."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tapedeck_client.answers import member
from tapedeck_client.calls import Call, act, create, get
from tapedeck_client.operations import D, Resource, operation, stream
from tapedeck_client.records import (
    BacktestTask,
    Bars,
    Config,
    Dataset,
    ExecutionSummary,
    Moved,
    Started,
    Strategy,
)
from tapedeck_client.steps import Steps, Stream
from tapedeck_client.tape import listed

STRATEGIES = "/api/trading/strategies/"
CONFIGS = "/api/trading/strategy-configs/"
DATASETS = "/api/market/datasets/"
TASKS = "/api/trading/backtest-tasks/"


class Strategies(Resource[D]):
    """What the server can run."""

    @operation
    def list(self) -> Steps[tuple[Strategy, ...]]:
        body = yield from self._exchange.ask(get(STRATEGIES))
        return tuple(map(Strategy.of, member(body, "strategies")))

    @operation
    def defaults(self, strategy_type: str) -> Steps[dict[str, Any]]:
        """The default parameters of one strategy."""
        body = yield from self._exchange.ask(get(f"{STRATEGIES}{strategy_type}/defaults/"))
        return dict(member(body, "defaults"))


class Configs(Resource[D]):
    """Named parameter sets of strategies."""

    @stream
    def list(self, *, strategy_type: str | None = None, search: str | None = None) -> Stream[Config]:
        yield from listed(self._exchange, CONFIGS, Config, strategy_type=strategy_type, search=search)

    @operation
    def get(self, config_id: int) -> Steps[Config]:
        return Config.of((yield from self._exchange.ask(get(f"{CONFIGS}{config_id}/"))))

    @operation
    def create(self, name: str, strategy_type: str, parameters: Mapping[str, Any] | None = None) -> Steps[Config]:
        """Parameters that are left out take their defaults."""
        body = {"name": name, "strategy_type": strategy_type, "parameters": dict(parameters or {})}
        return Config.of((yield from self._exchange.ask(create(CONFIGS, body))))

    @operation
    def update(self, /, config_id: int, **changes: Any) -> Steps[Config]:
        return Config.of((yield from self._exchange.ask(Call("PATCH", f"{CONFIGS}{config_id}/", body=changes))))

    @operation
    def delete(self, config_id: int) -> Steps[None]:
        yield from self._exchange.ask(Call("DELETE", f"{CONFIGS}{config_id}/"))


class Datasets(Resource[D]):
    """Series of bars or ticks, by versions that never change."""

    @stream
    def list(self, *, symbol: str | None = None, search: str | None = None) -> Stream[Dataset]:
        yield from listed(self._exchange, DATASETS, Dataset, symbol=symbol, search=search)

    @operation
    def get(self, dataset_id: int) -> Steps[Dataset]:
        return Dataset.of((yield from self._exchange.ask(get(f"{DATASETS}{dataset_id}/"))))

    @operation
    def upload(
        self, /, path: Path | str, *, symbol: str, timeframe: str = "", name: str = "", **more: str | float | bool
    ) -> Steps[Dataset]:
        """Import a .csv, .csv.gz or .parquet file of bars; a name that is there gets a new version.

        timeframe: of bars: `1m`, `4h`, `1d` or seconds. more: `layout="quote_bars"` or `"ticks"` for rows that are no
        bars, with `crossed="drop"` to leave crossed quotes out; what a new instrument is, as `kind="equity"`; and what
        the data is, as `source` and `licence`.
        """
        path = Path(path)
        fields = {"name": name or path.name, "symbol": symbol, **more}
        if timeframe:
            fields["timeframe_seconds"] = timeframe
        form = {field: str(value).lower() if isinstance(value, bool) else str(value) for field, value in fields.items()}
        with path.open("rb") as file:
            call = create(DATASETS, form=form, file=(path.name, file))
            return Dataset.of((yield from self._exchange.ask(call)))

    @operation
    def bars(
        self,
        dataset_id: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        max_points: int = 1000,
    ) -> Steps[Bars]:
        """The bars from start to end, folded to at most max_points."""
        query = {"start": iso(start), "end": iso(end), "max_points": max_points}
        return Bars.of((yield from self._exchange.ask(get(f"{DATASETS}{dataset_id}/bars/", **query))))

    @operation
    def delete(self, dataset_id: int) -> Steps[None]:
        yield from self._exchange.ask(Call("DELETE", f"{DATASETS}{dataset_id}/"))


class Backtests(Resource[D]):
    """Saved back-tests. What moves one moves its newest execution."""

    @stream
    def list(self, /, *, status: str | None = None, search: str | None = None, **filters: Any) -> Stream[BacktestTask]:
        yield from listed(self._exchange, TASKS, BacktestTask, status=status, search=search, **filters)

    @operation
    def get(self, task_id: int) -> Steps[BacktestTask]:
        return BacktestTask.of((yield from self._exchange.ask(get(f"{TASKS}{task_id}/"))))

    @operation
    def create(self, /, name: str, *, config: int, dataset: int, **terms: Any) -> Steps[BacktestTask]:
        """terms: `start_time`, `end_time`, `initial_balance`, `commission_rate` and all else that the API takes."""
        body = {"name": name, "config": config, "dataset": dataset, **_plain(terms)}
        return BacktestTask.of((yield from self._exchange.ask(create(TASKS, body))))

    @operation
    def update(self, /, task_id: int, **changes: Any) -> Steps[BacktestTask]:
        call = Call("PATCH", f"{TASKS}{task_id}/", body=_plain(changes))
        return BacktestTask.of((yield from self._exchange.ask(call)))

    @operation
    def delete(self, task_id: int) -> Steps[None]:
        yield from self._exchange.ask(Call("DELETE", f"{TASKS}{task_id}/"))

    @operation
    def start(self, task_id: int, *, reuse: bool = False) -> Steps[Started]:
        """reuse: answer with an equal run of yours, if there is one, instead of computing it again."""
        return Started.of((yield from self._exchange.ask(create(f"{TASKS}{task_id}/start/", {"reuse": reuse}))))

    @operation
    def restart(self, task_id: int) -> Steps[Started]:
        """Run it again from its first bar; only when its newest execution is over."""
        return Started.of((yield from self._exchange.ask(create(f"{TASKS}{task_id}/restart/"))))

    @operation
    def stop(self, task_id: int) -> Steps[Moved]:
        return Moved.of((yield from self._exchange.ask(act(f"{TASKS}{task_id}/stop/"))))

    @operation
    def pause(self, task_id: int) -> Steps[Moved]:
        return Moved.of((yield from self._exchange.ask(act(f"{TASKS}{task_id}/pause/"))))

    @operation
    def resume(self, task_id: int) -> Steps[Moved]:
        return Moved.of((yield from self._exchange.ask(act(f"{TASKS}{task_id}/resume/"))))

    @stream
    def executions(self, task_id: int) -> Stream[ExecutionSummary]:
        """Its runs, newest first."""
        yield from listed(self._exchange, f"{TASKS}{task_id}/executions/", ExecutionSummary)


def iso(moment: datetime | str | None) -> str | None:
    """As the API takes a time; one without a zone is UTC there."""
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _plain(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in terms.items()}
