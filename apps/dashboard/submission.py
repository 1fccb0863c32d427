"""From the filled form to a started execution, by the same services that the API calls."""

from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.dashboard.backtest_form import BacktestForm, ParametersForm
from apps.dashboard.forms import add_problems
from apps.errors import DomainError, Invalid
from apps.executions import services
from apps.executions.models import BacktestTask, Execution
from apps.strategies.models import StrategyConfig
from apps.strategies.services import clean, create_config


def start(owner: User, form: BacktestForm, parameters: ParametersForm) -> Execution | None:
    """The execution that the form asks for, started; None when it is refused, with every problem at its field."""
    values = _checked_parameters(form, parameters)
    if form.is_valid():
        try:
            services.check(BacktestTask(owner=owner, **form.task_fields))
        except Invalid as refusal:
            add_problems(form, refusal)
    if form.errors or parameters.errors:
        return None
    try:
        return _start(owner, form, values)
    except DomainError as refusal:
        add_problems(form, refusal)
        return None


def _checked_parameters(form: BacktestForm, parameters: ParametersForm) -> dict[str, Any]:
    """The parameters in their types; what the strategy says against them is put at their fields."""
    if not parameters.is_valid():
        return {}
    try:
        return clean(form.data.get("strategy_type", ""), parameters.cleaned_data)
    except Invalid as refusal:
        for name, problems in refusal.fields.items():
            parameters.add_error(name.removeprefix("parameters."), problems)
        return {}


def _start(owner: User, form: BacktestForm, values: dict[str, Any]) -> Execution:
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # a double click: the second one finds the name taken
        task = services.create_backtest_task(owner=owner, config=_config(owner, form, values), **form.task_fields)
        return services.start(task)


def _config(owner: User, form: BacktestForm, values: dict[str, Any]) -> StrategyConfig:
    """The user's configuration with these parameters, or a new one that is called like the back-test."""
    strategy_type = form.cleaned_data["strategy_type"]
    same = StrategyConfig.objects.visible_to(owner).filter(strategy_type=strategy_type, parameters=values).first()
    if same is not None:
        return same
    return create_config(owner=owner, name=form.name_or_made, strategy_type=strategy_type, parameters=values)
