"""What may be done with strategies and their named parameter sets, for every door alike."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import RestrictedError

from apps.accounts import audit
from apps.accounts.models import User
from apps.engine import strategies
from apps.engine.errors import ParameterErrors, UnknownStrategy
from apps.engine.strategy import Strategy
from apps.errors import Conflict, Invalid, NotFound
from apps.strategies.models import StrategyConfig

TAKEN = "You have another configuration of this name."


class ConfigInUse(Conflict):
    code = "config_in_use"


def definitions() -> list[dict[str, Any]]:
    """Every strategy of this server: id, name, description and the JSON Schema of its parameters."""
    return [definition_of(strategy) for strategy in strategies.all().values()]


def definition_of(strategy: type[Strategy]) -> dict[str, Any]:
    schema = strategy.schema()
    return {
        "id": strategy.strategy_type,
        "name": strategy.title,
        "description": schema["description"],
        "config_schema": schema,
    }


def find(strategy_type: str) -> type[Strategy]:
    """The strategy of this id; NotFound says which was probably meant."""
    try:
        return strategies.get(strategy_type)
    except UnknownStrategy as error:
        raise NotFound(error.message, fields={"strategy_type": [error.message]}) from error


def clean(strategy_type: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters complete and in their types; Invalid names every wrong one, as `parameters.<name>`."""
    try:
        strategy = strategies.get(strategy_type)
        return strategy.clean(parameters)
    except UnknownStrategy as error:
        raise Invalid(error.message, fields={"strategy_type": [error.message]}) from error
    except ParameterErrors as error:
        fields = {f"parameters.{name}": sentences for name, sentences in error.problems.items()}
        raise Invalid(error.message, fields=fields) from error


def create_config(
    *, owner: User, name: str, strategy_type: str, parameters: Mapping[str, Any], description: str = ""
) -> StrategyConfig:
    """A new named parameter set; Invalid names every wrong field, and then nothing is written."""
    config = StrategyConfig(owner=owner, name=name, strategy_type=strategy_type, description=description)
    _check(config, parameters)
    _save(config, "created")
    return config


def copy_config(config: StrategyConfig, new_name: str) -> StrategyConfig:
    """The same parameters under another name. Raises Invalid, by `new_name`."""
    try:
        return create_config(
            owner=config.owner,
            name=new_name,
            strategy_type=config.strategy_type,
            parameters=config.parameters,
            description=config.description,
        )
    except Invalid as error:
        fields = {"new_name" if name == "name" else name: problems for name, problems in error.fields.items()}
        raise Invalid(error.message, fields=fields) from error


def update_config(config: StrategyConfig, **changes: Any) -> StrategyConfig:
    """Change a parameter set; executions that were started with it keep what they were started with."""
    fields = list(changes)
    parameters = changes.pop("parameters", config.parameters)
    for field, value in changes.items():
        setattr(config, field, value)
    _check(config, parameters)
    _save(config, "changed", fields)
    return config


def delete_config(config: StrategyConfig) -> None:
    """Delete a parameter set that no task uses."""
    try:
        with transaction.atomic():
            audit.note(config.owner_id, "deleted", "strategy_config", config.pk)
            config.delete()
    except RestrictedError as error:
        tasks = len(error.restricted_objects)
        raise ConfigInUse(f"{config.name} is used by {tasks} task(s); delete those first.") from None


def _check(config: StrategyConfig, parameters: Mapping[str, Any]) -> None:
    """Put the cleaned parameters into the config, or raise Invalid with every problem by field."""
    problems: dict[str, list[str]] = {}
    if not config.name.strip():
        problems["name"] = ["A configuration needs a name."]
    elif StrategyConfig.objects.filter(owner_id=config.owner_id, name=config.name).exclude(pk=config.pk).exists():
        problems["name"] = [TAKEN]
    try:
        config.parameters = clean(config.strategy_type, parameters)
    except Invalid as refusal:
        problems.update(refusal.fields)
    if problems:
        raise _invalid(problems)


def _save(config: StrategyConfig, action: str, fields: Iterable[str] = ()) -> None:
    try:
        with transaction.atomic():
            config.save()
            audit.note(config.owner_id, action, "strategy_config", config.pk, fields=fields)
    except IntegrityError:  # two of one name at once
        raise _invalid({"name": [TAKEN]}) from None


def _invalid(problems: dict[str, list[str]]) -> Invalid:
    return Invalid("; ".join(f"{name}: {texts[0]}" for name, texts in problems.items()), fields=problems)
