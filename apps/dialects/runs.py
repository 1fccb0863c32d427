"""How a dialect starts a run: what a foreign client asks for, as a configuration, a task and an execution of ours."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.dialects import names
from apps.dialects.models import Surface
from apps.executions import services
from apps.executions.manifests import canonical
from apps.executions.models import Execution
from apps.market.models import Dataset
from apps.strategies import services as strategies
from apps.strategies.models import StrategyConfig


@dataclass(frozen=True)
class Wanted:
    """A back-test in our words. terms: further fields of a BacktestTask, by name."""

    strategy_type: str
    parameters: Mapping[str, Any]
    dataset: Dataset
    terms: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    reference: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What the client wants to hear again; never a secret."""


def start(user: User, surface: Surface, wanted: Wanted) -> Execution:
    """A new execution, sent to the workers when the transaction commits.

    Raises what the native API does, in its words: Invalid by field, Conflict, a quota's refusal; then nothing is
    written.
    """
    with transaction.atomic():
        config = _config(user, surface, wanted)
        title = wanted.title or f"{surface} {wanted.strategy_type}"
        task = services.create_backtest_task(
            owner=user,
            config=config,
            dataset=wanted.dataset,
            name=f"{title[:100]} · {secrets.token_hex(4)}",
            **wanted.terms,
        )
        execution = services.start(task)
        names.name(execution, surface=surface, reference=wanted.reference, request=wanted.request)
    return execution


def _config(user: User, surface: Surface, wanted: Wanted) -> StrategyConfig:
    """The same strategy with the same parameters is one configuration, however often it is asked for."""
    parameters = strategies.clean(wanted.strategy_type, wanted.parameters)
    digest = sha256(canonical([wanted.strategy_type, parameters])).hexdigest()[:12]
    name = f"{surface} {wanted.strategy_type[:80]} {digest}"
    known = StrategyConfig.objects.visible_to(user).filter(name=name, strategy_type=wanted.strategy_type).first()
    if known is not None and canonical(known.parameters) == canonical(parameters):
        return known
    if known is not None:  # somebody changed it by hand
        name = f"{name} {secrets.token_hex(4)}"
    return strategies.create_config(owner=user, name=name, strategy_type=wanted.strategy_type, parameters=parameters)
