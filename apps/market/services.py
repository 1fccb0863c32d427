"""What may be done with instruments and datasets, for every door alike."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, RestrictedError

from apps.accounts.models import User
from apps.engine import types as engine
from apps.engine.types import Array
from apps.errors import Conflict, Invalid
from apps.market import conventions, importers, instruments, quality, store
from apps.market.models import Dataset, DatasetVersion, Instrument

LONGEST = {"source": 200, "licence": 120}


class InUse(Conflict):
    code = "in_use"


# Instruments


def create_instrument(*, owner: User | None, symbol: str, **described: Any) -> Instrument:
    """A new instrument of the user's (or, without an owner, of the server's). Raises Invalid by field."""
    instrument = Instrument(owner=owner, symbol=symbol, **described)
    _save(instrument)
    return instrument


def update_instrument(instrument: Instrument, **changes: Any) -> Instrument:
    """Change an instrument; executions that were started before keep the numbers they were started with."""
    for name, value in changes.items():
        setattr(instrument, name, value)
    _save(instrument)
    return instrument


def delete_instrument(instrument: Instrument) -> None:
    """Delete an instrument that no dataset is of."""
    try:
        instrument.delete()
    except RestrictedError:
        raise InUse(f"{instrument.symbol} has datasets; delete those first.") from None


def problems_of(instrument: Instrument) -> dict[str, list[str]]:
    """What is wrong with an instrument, by field."""
    problems = instruments.problems_of(instrument)
    if "symbol" not in problems and _namesakes(instrument).exists():
        problems["symbol"] = ["There is an instrument of this symbol already."]
    return problems


def engine_instrument(instrument: Instrument) -> engine.Instrument:
    """The numbers of an instrument that a fill needs; what the model leaves open stays as the engine has it."""
    numbers = {field.name: getattr(instrument, field.name, None) for field in fields(engine.Instrument)}
    return engine.Instrument(**{name: value for name, value in numbers.items() if value is not None})


# Datasets


def import_bars(
    *,
    owner: User | None,
    name: str,
    symbol: str,
    timeframe_seconds: int,
    file: BinaryIO,
    filename: str,
    instrument: Mapping[str, Any] | None = None,
    source: str = "",
    licence: str = "",
    is_synthetic: bool = False,
) -> DatasetVersion:
    """Read a file of bars into a dataset, making the dataset and the instrument where they are new.

    instrument: fields of the instrument; those left out are as usual for such a symbol. The same rows again are the
    same version. Raises Invalid by field (BadFile for the content) and then nothing is written.
    """
    about = {"source": source, "licence": licence, "is_synthetic": is_synthetic}
    described = dict(instrument or {})
    _refuse_words(name, symbol, timeframe_seconds, described, about)  # before a large file is read for nothing
    raw = importers.read(file, filename)
    checked = quality.check(raw.bars, timeframe_seconds, raw.place)
    checked.report["has_volume"] = raw.has_volume
    return import_rows(
        owner=owner,
        name=name,
        symbol=symbol,
        timeframe_seconds=timeframe_seconds,
        checked=checked,
        instrument=described,
        **about,
    )


def import_rows(
    *,
    owner: User | None,
    name: str,
    symbol: str,
    timeframe_seconds: int,
    checked: quality.Checked,
    instrument: Mapping[str, Any] | None = None,
    **about: Any,
) -> DatasetVersion:
    """Put checked bars into a dataset, as `import_bars` does. Not within a transaction: it waits for other imports."""
    name, symbol, described = name.strip(), symbol.strip().upper(), dict(instrument or {})
    _refuse_words(name, symbol, timeframe_seconds, described, about)
    with store.kept():
        content_hash = store.save(checked.bars)
        try:
            with transaction.atomic():
                dataset = _dataset(owner, name, symbol, timeframe_seconds, described, checked.bars, about)
                return _version(dataset, content_hash, checked.bars, checked.report)
        except BaseException:
            _delete_unused(content_hash)
            raise


def add_version(dataset: Dataset, bars: Array, report: Mapping[str, Any]) -> DatasetVersion:
    """The version of the dataset that holds these rows: an existing one, else the next number."""
    with store.kept(), transaction.atomic():
        return _version(dataset, store.save(bars), bars, report)


def delete_dataset(dataset: Dataset) -> None:
    """Delete a dataset that no task and no execution uses."""
    try:
        dataset.delete()
    except RestrictedError:
        raise InUse(f"{dataset.name} is used by back-test tasks; delete those first.") from None


def forget(content_hash: str) -> None:
    """Delete stored rows when no version of any dataset holds them any more."""
    with store.kept():
        _delete_unused(content_hash)


# The parts


def _save(instrument: Instrument) -> None:
    instrument.symbol = instrument.symbol.strip().upper()
    if problems := problems_of(instrument):
        raise _invalid(problems)
    try:
        with transaction.atomic():
            instrument.save()
    except IntegrityError:  # two at once
        raise _invalid({"symbol": ["There is an instrument of this symbol already."]}) from None


def _namesakes(instrument: Instrument) -> QuerySet[Instrument]:
    others = Instrument.objects.filter(owner_id=instrument.owner_id, symbol=instrument.symbol)
    return others.exclude(pk=instrument.pk)


def _refuse_words(
    name: str, symbol: str, timeframe_seconds: int, described: Mapping[str, Any], about: Mapping[str, Any]
) -> None:
    """Raise Invalid with every problem of what is said about a file, by field."""
    problems: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= 120 or not name.isprintable():
        problems["name"] = ["A dataset needs a name of 1 to 120 printable characters."]
    if not 0 < timeframe_seconds <= conventions.MAX_TIMEFRAME_SECONDS:
        problems["timeframe_seconds"] = ["It must be more than 0 seconds and at most 366 days."]
    for field, longest in LONGEST.items():
        if len(about.get(field, "")) > longest:
            problems[field] = [f"It may have {longest} characters at most."]
    if unknown := described.keys() - instruments.DESCRIBED:
        problems["instrument"] = [f"An instrument has no {', '.join(sorted(unknown))}."]
    else:
        sample = Instrument(symbol=symbol.strip().upper(), **{"kind": Instrument.Kind.EQUITY, **described})
        problems |= instruments.problems_of(sample)
    if problems:
        raise _invalid(problems)


def _dataset(
    owner: User | None,
    name: str,
    symbol: str,
    timeframe_seconds: int,
    described: Mapping[str, Any],
    bars: Array,
    about: Mapping[str, Any],
) -> Dataset:
    """The owner's dataset of this name, or a new one. Raises Invalid when it is of something else."""
    found = Dataset.objects.select_for_update(of=("self",)).select_related("instrument")  # lest it be deleted meanwhile
    dataset = found.filter(owner=owner, name=name).first()
    if dataset is None:
        instrument = _instrument(owner, symbol, described, bars)
        return Dataset.objects.create(
            owner=owner, name=name, instrument=instrument, timeframe_seconds=timeframe_seconds, **about
        )
    if dataset.instrument.symbol != symbol or dataset.timeframe_seconds != timeframe_seconds:
        held = f"{dataset.instrument.symbol} by {dataset.timeframe_seconds} s"
        raise _invalid({"name": [f"Your dataset {name} holds {held}: give these bars another name."]})
    _refuse_difference(dataset.instrument, described)
    return dataset


def _instrument(owner: User | None, symbol: str, described: Mapping[str, Any], bars: Array) -> Instrument:
    """The owner's instrument of this symbol, else the server's if it is as described, else a new one."""
    if own := Instrument.objects.filter(owner=owner, symbol=symbol).first():
        _refuse_difference(own, described)
        return own
    shared = Instrument.objects.filter(owner=None, symbol=symbol).first()
    if shared is not None and not _differences(shared, described):
        return shared
    usual = conventions.usual_numbers(symbol, described.get("kind"), bars["close"])
    return create_instrument(owner=owner, symbol=symbol, **{**usual, **described})


def _differences(instrument: Instrument, described: Mapping[str, Any]) -> list[str]:
    return [field for field, value in described.items() if getattr(instrument, field) != value]


def _refuse_difference(instrument: Instrument, described: Mapping[str, Any]) -> None:
    """An import does not change an instrument that other datasets may be of."""
    if differing := _differences(instrument, described):
        raise _invalid(
            {
                field: [f"The instrument {instrument.symbol} has {getattr(instrument, field)}: change it there."]
                for field in differing
            }
        )


def _version(dataset: Dataset, content_hash: str, bars: Array, report: Mapping[str, Any]) -> DatasetVersion:
    Dataset.objects.select_for_update().get(pk=dataset.pk)  # numbers are given one after the other
    if known := dataset.versions.filter(content_hash=content_hash).first():
        return known
    newest = dataset.latest
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=newest.number + 1 if newest else 1,
        content_hash=content_hash,
        rows=len(bars),
        starts_at=quality.moment(bars["time"][0]),
        ends_at=quality.moment(bars["time"][-1]),
        report=dict(report),
    )


def _delete_unused(content_hash: str) -> None:
    if not DatasetVersion.objects.filter(content_hash=content_hash).exists():
        store.delete(content_hash)


def _invalid(problems: Mapping[str, list[str]]) -> Invalid:
    return Invalid("; ".join(f"{field}: {texts[0]}" for field, texts in problems.items()), fields=problems)
