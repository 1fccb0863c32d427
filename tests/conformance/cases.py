"""What the documents of the API ask for, one numbered case each: the ids that tests name by `@pytest.mark.case`."""

from dataclasses import dataclass

DOCUMENTED, IMPLIED, USUAL = "D", "I", "U"
REQUIRED = (DOCUMENTED, IMPLIED)


@dataclass(frozen=True)
class Case:
    """One thing that a client may rely on.

    said: D where the document says it, I where an example or a phrase of it implies it, U where only systems like
    this one are known for it.
    """

    id: str
    said: str
    title: str


TRADING_SYSTEM = [
    ("D", "every endpoint asks for a bearer token and answers 401 without a good one"),
    ("D", "the status of an execution has the documented members"),
    ("I", "progress is a float from 0 to 100 that never goes back"),
    ("I", "times are ISO 8601 in UTC, with Z"),
    ("D", "what is not there yet is null"),
    ("D", "a checkpoint has the documented members"),
    ("I", "amounts and ratios are strings with two decimals, counts are integers"),
    ("I", "without a checkpoint: false and null"),
    ("I", "drawdown and average loss are positive, rates are per cent"),
    ("I", "an undefined ratio is null"),
    ("I", "the figures of a checkpoint agree with each other"),
    ("D", "status answers 200, 403 or 404"),
    ("D", "404 says: Execution not found"),
    ("D", "403 says: Access denied"),
    ("I", "a path whose id is no whole number leads nowhere"),
    ("I", "without its slash a path leads to the same answer"),
    ("D", "the list of events has the documented members"),
    ("D", "an event has the documented members"),
    ("I", "sequences begin at 1, rise by 1, and are each journal's own"),
    ("D", "since_sequence gives only what lies above it"),
    ("I", "since_sequence=0 gives everything"),
    ("I", "since_sequence at the end gives an empty page"),
    ("I", "a since_sequence that is no number is refused in the documented words"),
    ("D", "event_type is an exact filter that leaves the sequences alone"),
    ("I", "an unknown event_type gives an empty list"),
    ("D", "page is 1 unless said; below 1 it is refused"),
    ("D", "page_size is 1000 unless said, and at most 1000"),
    ("I", "a page beyond the end is empty and leads back"),
    ("D", "count is of the whole selection"),
    ("D", "next and previous are absolute, keep the query, and lead through every row once"),
    ("I", "rows that arrive while one pages are neither lost nor doubled"),
    ("D", "a signal says buy or sell, with its price as a string"),
    ("D", "an executed trade has a direction, whole units and its price as a string"),
    ("D", "events are of the documented types"),
    ("U", "the further types of event of a strategy in layers"),
    ("D", "events answer 200, 400, 403 or 404"),
    ("D", "the list of trades has the documented members"),
    ("D", "a row of trades has the documented members"),
    ("D", "a trade has the documented members, layers in its details too"),
    ("I", "pips and result follow from the prices"),
    ("D", "since_sequence on trades"),
    ("D", "instrument is an exact filter"),
    ("D", "direction is long or short; anything else is refused"),
    ("D", "pages of trades are as those of events"),
    ("D", "directions are long and short"),
    ("I", "a trade is listed when it is closed"),
    ("D", "the equity curve has the documented members, and granularity_seconds"),
    ("D", "a point has a sequence, a time and a balance, which is a float"),
    ("D", "since_sequence on the equity curve"),
    ("D", "start_time and end_time are inclusive; without a zone they are UTC; nonsense is refused"),
    ("D", "max_points is kept to, and so are the first and the last point"),
    ("D", "granularity_seconds is an integer where points were left out, else null"),
    ("I", "max_points below 2 is refused"),
    ("D", "page_size of the equity curve is 500 unless said, and at most 1000"),
    ("I", "points are thinned first and paged then; count is of the thinned ones"),
    ("I", "with since_sequence only the new points are thinned, and keep their sequences"),
    ("D", "the latest metrics have the documented members"),
    ("I", "the latest metrics are the checkpoint of the status"),
    ("D", "the latest metrics answer 200, 403 or 404"),
    ("D", "every refusal carries its words as `error`"),
    ("D", "task types are backtest and trading"),
    ("D", "the six documented statuses"),
    ("I", "statuses change along the documented ways, and final ones never"),
    ("I", "each change of status is an event with from and to"),
    ("D", "the 101st ordinary call of a user within a minute is answered by 429"),
    ("D", "calls made in real time have 200 a minute"),
    ("D", "the headers X-RateLimit-Limit, -Remaining and -Reset are on every answer"),
    ("I", "429 says when to come back"),
    ("D", "five executions can be watched at the documented intervals"),
    ("D", "what is completed can be cached: strong ETag, immutable, 304"),
    ("D", "an older execution stays readable after a newer one"),
    ("D", "clients of ours back off exponentially after 429"),
    ("D", "other lists hold their rows as results"),
    ("I", "nobody sees what is another's"),
    ("I", "an event names its strategy"),
    ("I", "an execution's number is unique within its task"),
    ("I", "every call of the document's examples answers 200"),
    ("I", "of a million events any page takes 100 ms at most, and little memory"),
    ("U", "tasks, configurations, executions and accounts around it are kept and steered"),
]

SURFACES = {
    "T": [Case(f"T{number}", said, title) for number, (said, title) in enumerate(TRADING_SYSTEM, start=1)],
}
CASES = {case.id: case for cases in SURFACES.values() for case in cases}
