"""What may be done with instruments and datasets, for every door alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, RestrictedError

from apps.accounts.models import User
from apps.engine import types as engine
from apps.engine.types import Array
from apps.errors import Conflict, Invalid
from apps.market import conventions, importers, instruments, quality, store
from apps.market.importers.raw import NAMES
from apps.market.models import Dataset, DatasetVersion, Instrument
from apps.market.series import Series
from apps.market.tick_quality import TickCheck


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


def import_file(
    *,
    owner: User | None,
    name: str,
    symbol: str,
    file: BinaryIO,
    filename: str,
    layout: str = Dataset.Layout.BARS,
    timeframe_seconds: int = 0,
    crossed: str = quality.REFUSE,
    instrument: Mapping[str, Any] | None = None,
    **about: Any,
) -> DatasetVersion:
    """Read a file of rows into a dataset, making the dataset and the instrument where they are new.

    timeframe_seconds: of bars; 0 for ticks. crossed: what becomes of quotes whose ask is below their bid, of
    `quality.CROSSED`. instrument: fields of the instrument; those left out are as usual for such a symbol. about:
    source, licence, is_synthetic. The same rows again are the same version. Raises Invalid by field (BadFile for the
    content) and then nothing is written.
    """
    series = Series.of(owner, name, symbol, layout, timeframe_seconds, instrument, about)
    problems = series.problems()  # before a large file is read for nothing
    if crossed not in quality.CROSSED:
        problems["crossed"] = [f"It must be one of {', '.join(quality.CROSSED)}."]
    if crossed != quality.REFUSE and layout == Dataset.Layout.BARS:
        problems["crossed"] = ["Bars have no bid and ask that could be crossed: leave it out."]
    if problems:
        raise _invalid(problems)
    raw = importers.read(file, filename, NAMES[layout])
    if layout == Dataset.Layout.TICKS:
        check = TickCheck(crossed)
        return _write(series, map(check.take, raw.pieces), check.report, check.refuse_empty)
    whole = raw.whole()
    checked = quality.check(whole.rows, timeframe_seconds, whole.place, crossed=crossed)
    if layout == Dataset.Layout.BARS:
        checked.report["has_volume"] = "volume" in raw.columns
    return _write(series, [checked.rows], checked.report)


def import_bars(**described: Any) -> DatasetVersion:
    """`import_file` of bars."""
    return import_file(layout=Dataset.Layout.BARS, **described)


def import_rows(
    *,
    owner: User | None,
    name: str,
    symbol: str,
    checked: quality.Checked,
    layout: str = Dataset.Layout.BARS,
    timeframe_seconds: int = 0,
    instrument: Mapping[str, Any] | None = None,
    **about: Any,
) -> DatasetVersion:
    """Put checked rows into a dataset, as `import_file` does. Not within a transaction: it waits for other imports."""
    series = Series.of(owner, name, symbol, layout, timeframe_seconds, instrument, about)
    if problems := series.problems():
        raise _invalid(problems)
    return _write(series, [checked.rows], checked.report)


def add_version(dataset: Dataset, rows: Array, report: Mapping[str, Any]) -> DatasetVersion:
    """The version of the dataset that holds these rows: an existing one, else the next number."""
    with store.kept(), transaction.atomic():
        return _version(dataset, store.save(rows), rows, report)


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


def _write(
    series: Series, pieces: Iterable[Array], report: Mapping[str, Any], at_end: Callable[[], None] = lambda: None
) -> DatasetVersion:
    """Put sound rows into the store piece by piece, then into the dataset; what is refused on the way leaves nothing.

    report: complete when the last piece was taken. at_end: called then.
    """
    with store.Writer(NAMES[series.layout]) as writer:
        for rows in pieces:
            writer.append(rows)
        at_end()
        with store.kept():
            content_hash = writer.keep()
            try:
                rows = store.load(content_hash)
                with transaction.atomic():
                    return _version(_dataset(series, rows), content_hash, rows, report)
            except BaseException:
                _delete_unused(content_hash)
                raise


def _dataset(series: Series, rows: Array) -> Dataset:
    """The owner's dataset of this name, or a new one. Raises Invalid when it is of something else."""
    found = Dataset.objects.select_for_update(of=("self",)).select_related("instrument")  # lest it be deleted meanwhile
    dataset = found.filter(owner=series.owner, name=series.name).first()
    if dataset is None:
        return Dataset.objects.create(
            owner=series.owner,
            name=series.name,
            instrument=_instrument(series, rows),
            layout=series.layout,
            timeframe_seconds=series.timeframe_seconds,
            **series.about,
        )
    of = (dataset.instrument.symbol, dataset.layout, dataset.timeframe_seconds)
    if of != (series.symbol, series.layout, series.timeframe_seconds):
        by = f" by {dataset.timeframe_seconds} s" if dataset.timeframe_seconds else ""
        held = f"{dataset.get_layout_display()} of {dataset.instrument.symbol}{by}"
        raise _invalid({"name": [f"Your dataset {series.name} holds {held}: give these rows another name."]})
    _refuse_difference(dataset.instrument, series.instrument)
    return dataset


def _instrument(series: Series, rows: Array) -> Instrument:
    """The owner's instrument of this symbol, else the server's if it is as described, else a new one."""
    symbol, described = series.symbol, series.instrument
    if own := Instrument.objects.filter(owner=series.owner, symbol=symbol).first():
        _refuse_difference(own, described)
        return own
    shared = Instrument.objects.filter(owner=None, symbol=symbol).first()
    if shared is not None and not _differences(shared, described):
        return shared
    usual = conventions.usual_numbers(symbol, described.get("kind"), conventions.some_prices(rows))
    return create_instrument(owner=series.owner, symbol=symbol, **{**usual, **described})


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


def _version(dataset: Dataset, content_hash: str, rows: Array, report: Mapping[str, Any]) -> DatasetVersion:
    Dataset.objects.select_for_update().get(pk=dataset.pk)  # numbers are given one after the other
    if known := dataset.versions.filter(content_hash=content_hash).first():
        return known
    newest = dataset.latest
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=newest.number + 1 if newest else 1,
        content_hash=content_hash,
        rows=len(rows),
        starts_at=quality.moment(rows["time"][0]),
        ends_at=quality.moment(rows["time"][-1]),
        report=dict(report),
    )


def _delete_unused(content_hash: str) -> None:
    if not DatasetVersion.objects.filter(content_hash=content_hash).exists():
        store.delete(content_hash)


def _invalid(problems: Mapping[str, list[str]]) -> Invalid:
    return Invalid("; ".join(f"{field}: {texts[0]}" for field, texts in problems.items()), fields=problems)
