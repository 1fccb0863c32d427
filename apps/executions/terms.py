"""The terms of a back-test task: costs, fill rules and account, in the words of the engine's dataclasses for them.

The commissions and the balance are fields of the task itself, and the account's currency is the instrument's;
everything else is a member of its JSON fields `costs`, `fill_rules` and `account`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from reprlib import repr as shown
from typing import Any

from django.conf import settings

from apps.engine import strategies
from apps.engine.errors import did_you_mean
from apps.engine.types import Account, AccountKind, Costs, FillRules, Intrabar
from apps.errors import Invalid
from apps.executions.definitions import Task
from apps.executions.models import BacktestTask, TradingTask
from apps.market.models import Dataset

COMMISSIONS = {
    "commission_rate": "commission_rate",
    "commission_fixed": "commission_per_trade",
    "commission_per_unit": "commission_per_unit",
    "commission_minimum": "commission_minimum",
}
"""Fields of `Costs` that are fields of the task, and what they are called there."""

CURRENCY = {"currency": "quote_currency or settles_in of the instrument"}

INTRABAR = [rule.name.lower() for rule in Intrabar]
ACCOUNT_KINDS = [kind.name.lower() for kind in AccountKind]
NAMES = {"intrabar": ("an", "intrabar rule", INTRABAR), "kind": ("a", "kind of account", ACCOUNT_KINDS)}
"""Members that are names: what of, and which there are."""

CARRIED_BY = {
    "leverage": ("cross", "isolated"),
    "margin_call": ("cross",),
    "hedging": ("unchecked", "cross", "isolated"),
}
"""Members of an account, and the kinds that know them: what would be without effect is refused."""

LARGEST = 1e9  # as of the commissions: no price, and no cost of one unit, is as large
LARGEST_VALUE = 1e15  # as of the balance
SHARES = frozenset({"slippage_rate", "slippage_random"})  # a fill that costs all of its value is a slip of the pen
MOST_TIERS = 100
TIER = "[value traded so far, maker rate, taker rate]"
MOST_LATENCY = {"latency_bars": 1_000_000, "latency_seconds": 86_400 * 366}
EQUITY_SECONDS = 60  # between two points of a run on ticks
MOST_EQUITY_SECONDS = 86_400
TOLD_UNKNOWN = 10  # a hundred thousand unknown names are told no better than ten


@dataclass(frozen=True)
class Terms:
    """A JSON object whose members are fields of one of the engine's dataclasses; those left out have its defaults."""

    name: str
    engine: type[Costs] | type[FillRules] | type[Account]
    elsewhere: Mapping[str, str]
    """Fields of the dataclass that are no members, and what says them."""
    conflicts: Callable[[Mapping[str, Any]], dict[str, str]] = lambda complete: {}
    """What is wrong with members that are right each by itself, by the name of one of them."""

    @property
    def defaults(self) -> dict[str, Any]:
        return {member.name: member.default for member in fields(self.engine) if member.name not in self.elsewhere}

    def clean(self, value: object) -> dict[str, Any]:
        """The members in their types; Invalid names every wrong one, as `costs.spread`."""
        if not isinstance(value, Mapping):
            raise self._invalid({"": f"It must be an object, and not {shown(value)}."})
        defaults = self.defaults
        unknown = [name for name in value if name not in defaults][:TOLD_UNKNOWN]
        problems = {str(name)[:60]: self._unknown(str(name)[:60]) for name in unknown}
        cleaned = {}
        for name in (name for name in defaults if name in value):
            try:
                cleaned[name] = self._member(name, value[name])
            except ValueError as error:
                problems[name] = str(error)
        problems = problems or self.conflicts({**defaults, **cleaned})
        if problems:
            raise self._invalid(problems)
        return cleaned

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the object."""
        properties = {name: {**_schema(name, default), "default": default} for name, default in self.defaults.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _member(self, name: str, value: object) -> Any:
        """One member in its type. Raises ValueError with a sentence that says what would be right."""
        read = _reader(name, self.defaults[name])(value)
        if name in SHARES and not 0 <= read < 1:
            raise ValueError("It must be a share of the price: 0 or more and less than 1.")
        if name in MOST_LATENCY and not 0 <= read <= MOST_LATENCY[name]:
            raise ValueError(f"It must be from 0 to {MOST_LATENCY[name]}.")
        self.engine(**{name: read})
        return read

    def _unknown(self, name: str) -> str:
        if name in self.elsewhere:
            return f"It is no member, but {self.elsewhere[name]}."
        return f"There is no such member. {did_you_mean(name, self.defaults)}"

    def _invalid(self, problems: Mapping[str, str]) -> Invalid:
        placed = {f"{self.name}.{member}".rstrip("."): [text] for member, text in problems.items()}
        return Invalid("; ".join(f"{name}: {texts[0]}" for name, texts in placed.items()), fields=placed)


def _without_effect(account: Mapping[str, Any]) -> dict[str, str]:
    """What an account of this kind does not know."""
    kind = account["kind"]
    return {
        name: f"It has no effect on an account of the kind {kind}, only on {' and '.join(kinds)}."
        for name, kinds in CARRIED_BY.items()
        if account[name] and kind not in kinds
    }


COSTS = Terms("costs", Costs, {name: f"a field of the task itself: {told}" for name, told in COMMISSIONS.items()})
FILL_RULES = Terms("fill_rules", FillRules, {})
ACCOUNT = Terms("account", Account, CURRENCY, _without_effect)
ALL = (COSTS, FILL_RULES, ACCOUNT)


def costs_of(task: Task) -> dict[str, Any]:
    """Every field of the engine's `Costs`, as JSON."""
    commissions = {name: getattr(task, field) for name, field in COMMISSIONS.items()}
    complete = asdict(Costs(**commissions, **task.costs))
    return {**complete, "tiers": [list(tier) for tier in complete["tiers"]]}


def rules_of(task: BacktestTask | TradingTask) -> dict[str, Any]:
    """Every field of the engine's `FillRules`, as JSON: the task's, else the strategy's own, else the engine's."""
    own = strategies.get(task.config.strategy_type).fill_rules
    return asdict(FillRules(**{**own, **task.fill_rules}))


def ticks_of(task: BacktestTask | TradingTask) -> dict[str, Any]:
    """How much of a run on ticks is kept, by the name of the manifest's member; nothing for bars, which keep all."""
    if task.dataset.layout != Dataset.Layout.TICKS:
        return {}
    seconds = EQUITY_SECONDS if task.equity_seconds is None else task.equity_seconds
    return {"ticks": {"equity_seconds": seconds, "event_every": settings.TICK_EVENT_EVERY}}


def problem_of_equity_seconds(task: BacktestTask | TradingTask) -> str | None:
    """What is wrong with the task's distance between two points of the equity, if anything is."""
    if task.equity_seconds is None:
        return None
    if task.dataset.layout != Dataset.Layout.TICKS:
        return "Only ticks need it, and each bar has a point of its own: leave it out."
    if not 0 <= task.equity_seconds <= MOST_EQUITY_SECONDS:
        return f"It must be from 0, for a point a tick, to {MOST_EQUITY_SECONDS}."
    return None


def account_of(task: Task) -> dict[str, Any]:
    """The balance, and every field of the engine's `Account` but the currency, as JSON."""
    complete = asdict(Account(**task.account))
    return {"initial_balance": task.initial_balance, **{name: complete[name] for name in ACCOUNT.defaults}}


# Members by the type of their default. JSON knows the types: "0.1" and true are no numbers here.


def _reader(name: str, default: object) -> Callable[[object], Any]:
    if name in NAMES:
        return partial(_named, name)
    match default:
        case bool():
            return _boolean
        case int():
            return _whole
        case None:
            return lambda value: None if value is None else _number(value)
        case ():
            return _tiers
        case _:
            return _number


def _schema(name: str, default: object) -> dict[str, Any]:
    if name in NAMES:
        return {"type": "string", "enum": NAMES[name][2]}
    match default:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case None:
            return {"type": ["number", "null"]}
        case ():
            row = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
            return {"type": "array", "items": row, "maxItems": MOST_TIERS}
        case _:
            return {"type": "number"}


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"It must be true or false, and not {shown(value)}.")
    return value


def _number(value: object, below: float = LARGEST) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"It must be a number, and not {shown(value)}.")
    if not abs(value) < below:  # also not a number, and infinity
        raise ValueError(f"It is too large: less than {below:g} is possible.")
    return float(value)


def _whole(value: object) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else math.nan
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    if not isinstance(number, int):
        raise ValueError(f"It must be a whole number, and not {shown(value)}.")
    return number


def _named(member: str, value: object) -> str:
    article, noun, names = NAMES[member]
    if not isinstance(value, str):
        raise ValueError(f"It must be the name of {article} {noun}, and not {shown(value)}.")
    if value not in names:
        raise ValueError(f"There is no {noun} {shown(value)}. {did_you_mean(value[:60], names)}")
    return value


def _tiers(value: object) -> list[list[float]]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"It must be a list of {TIER}, and not {shown(value)}.")
    if len(value) > MOST_TIERS:
        raise ValueError(f"There may be {MOST_TIERS} tiers at most.")
    return [_tier(row) for row in value]


def _tier(row: object) -> list[float]:
    if not isinstance(row, list | tuple) or len(row) != 3:
        raise ValueError(f"Each tier must be {TIER}, and not {shown(row)}.")
    start, *rates = (_number(number, LARGEST_VALUE) for number in row)
    if start < 0:
        raise ValueError(f"A tier begins at a value of 0 or more, and not at {start:g}.")
    return [start, *rates]
