"""The timeframe of a task: bars that are made of its dataset's, for a strategy that looks at coarser ones."""

from apps.engine.series.timeframes import LENGTHS, SECOND, Timeframe, Unit
from apps.errors import Invalid
from apps.market.conventions import MAX_TIMEFRAME_SECONDS, UNIT_SECONDS, timeframe_text

DAY = UNIT_SECONDS["d"]
MONTHS_A_YEAR = 12
LEAST_MONTH = 28 * DAY


def clean(text: str, own_seconds: int) -> str:
    """The timeframe in its usual spelling; empty for the dataset's own. Raises Invalid with what would be right.

    A coarser bar must hold whole bars of the dataset: months are made of bars that divide a day. Ticks, of which
    own_seconds is 0, make bars of any.
    """
    if not (text := text.strip()):
        return ""
    try:
        timeframe = Timeframe.parse(text)
    except ValueError as error:
        raise _invalid(str(error)) from None
    seconds = _seconds(timeframe)
    if seconds > MAX_TIMEFRAME_SECONDS:
        raise _invalid(f"{timeframe} is too long: 366d or 12mo are possible.")
    if own_seconds == 0:
        return str(timeframe)
    if (DAY if timeframe.unit == Unit.MONTH else seconds) % own_seconds:
        raise _invalid(f"{timeframe} is no multiple of the dataset's bars of {_multiples(seconds, own_seconds)}")
    return "" if timeframe.unit != Unit.MONTH and seconds == own_seconds else str(timeframe)


def of_dataset(own_seconds: int) -> Timeframe | None:
    """The timeframe of a dataset's own bars; None for ticks."""
    return Timeframe(own_seconds, Unit.SECOND) if own_seconds else None


def _seconds(timeframe: Timeframe) -> int:
    """How long a bar is; of months, the least that they may be."""
    if timeframe.unit == Unit.MONTH:
        return timeframe.count * (LEAST_MONTH if timeframe.count <= MONTHS_A_YEAR else MAX_TIMEFRAME_SECONDS)
    return timeframe.count * LENGTHS[timeframe.unit] // SECOND


def _multiples(seconds: int, own_seconds: int) -> str:
    """The dataset's timeframe, and the multiples of it that are nearest to so many seconds."""
    below = seconds // own_seconds * own_seconds
    near = [timeframe_text(each) for each in (below, below + own_seconds) if 0 < each <= MAX_TIMEFRAME_SECONDS]
    return f"{timeframe_text(own_seconds)}: {' or '.join(near)} would be one."


def _invalid(sentence: str) -> Invalid:
    return Invalid(sentence, fields={"timeframe": [sentence]})
