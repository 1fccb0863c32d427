// The part of the chart's data that the browser holds: a window three screens wide, at about one bucket every two
// pixels. Positions are carried from one window to the next by time, because the same time has another index there.

const MARGIN = 1; // screens on either side
const EDGE = 0.25; // of a screen: nearer to the end of what is loaded, more is loaded
const COLUMNS = ["time", "open", "high", "low", "close", "equity", "equity_low", "equity_high", "drawdown"];

export class Feed {
  constructor(url) {
    this.url = url;
    this.columns = Object.fromEntries(COLUMNS.map((name) => [name, []]));
    this.fills = { time: [], side: [], count: [], quantity: [], price: [] };
    this.step = 1; // bars a bucket
    this.bars = 0; // done
    this.processed = this.total = 0; // rows done, and there are
    this.first = this.last = null; // times of its first and its last bar
    this.asked = null; // the view that the window was loaded for; null means the whole run
    this.aborter = null;
  }

  get times() {
    return this.columns.time;
  }

  /** Load the whole run in at most `target` buckets. */
  async loadAll(target) {
    this.target = target;
    this.take(await this.fetch({ points: target }));
    this.asked = null;
  }

  /** Load what lies around a view (seconds UTC), `target` buckets a screen. */
  async load(from, to, target) {
    this.target = target;
    const span = to - from;
    const start = Math.max(this.first, from - MARGIN * span);
    const end = Math.min(this.last, to + MARGIN * span);
    const points = Math.max(2, Math.ceil((target * (end - start)) / span));
    this.take(await this.fetch({ start: Math.floor(start), end: Math.ceil(end), points: Math.min(points, 5000) }));
    this.asked = { from, to };
  }

  /** Take in what has happened since the last bucket, in the same buckets; the index of the first changed one. */
  async grow() {
    const { times } = this;
    if (!times.length) {
      this.take(await this.fetch({ points: this.target }));
      return 0;
    }
    const newer = await this.fetch({ start: times.at(-1), step: this.step, points: 5000 });
    const at = times.indexOf(newer.time[0]);
    if (at < 0) return times.length; // the window was loaded anew in the meantime
    for (const name of COLUMNS) this.columns[name].splice(at, Infinity, ...newer[name]);
    const kept = this.fills.time.findIndex((time) => time >= newer.time[0]);
    for (const [name, values] of Object.entries(newer.fills)) {
      this.fills[name].splice(kept < 0 ? this.fills.time.length : kept, Infinity, ...values);
    }
    this.note(newer);
    return at;
  }

  /** Learn how far the run is, and nothing else: what is shown lies in its past. */
  async look() {
    this.note(await this.fetch({ start: this.last, points: 2 }));
  }

  /** Whether the window reaches to the run's newest bar. */
  get isAtEnd() {
    return this.last === null || (this.times.at(-1) ?? -Infinity) + this.width >= this.last;
  }

  /** Seconds of a bucket, as the last two say. */
  get width() {
    const { times } = this;
    return times.length > 1 ? times.at(-1) - times.at(-2) : 1;
  }

  /** Whether a view needs another window: too near an edge, or much too coarse or too fine. */
  isStale(from, to) {
    const { times, asked } = this;
    if (!times.length) return false;
    const span = to - from;
    if (asked && Math.abs(asked.from - from) + Math.abs(asked.to - to) < 0.04 * span) return false;
    if (asked && times[0] > this.first && from - EDGE * span < times[0]) return true;
    if (asked && !this.isAtEnd && to + EDGE * span > times.at(-1)) return true;
    const shown = this.indexOf(Math.min(to, this.last)) - this.indexOf(Math.max(from, this.first));
    return shown > 1.5 * this.target || (shown < this.target / 4 && this.step > 1);
  }

  /** The fractional index of a time among the loaded buckets. */
  indexOf(time) {
    const { times, width } = this;
    const end = times.length - 1;
    if (end < 0) return 0;
    if (time <= times[0]) return (time - times[0]) / width;
    if (time >= times[end]) return end + (time - times[end]) / width;
    const next = firstAbove(times, time);
    return next - 1 + (time - times[next - 1]) / (times[next] - times[next - 1]);
  }

  /** The time of a fractional index; the inverse of `indexOf`. */
  timeAt(index) {
    const { times, width } = this;
    const end = times.length - 1;
    if (index <= 0) return times[0] + index * width;
    if (index >= end) return times[end] + (index - end) * width;
    const whole = Math.floor(index);
    return times[whole] + (index - whole) * (times[whole + 1] - times[whole]);
  }

  take(answer) {
    for (const name of COLUMNS) this.columns[name] = answer[name];
    this.fills = answer.fills;
    this.step = answer.step;
    this.note(answer);
  }

  note({ bars, processed, total, first, last }) {
    Object.assign(this, { bars, processed, total, first, last });
  }

  /** One answer of the chart endpoint; a newer question takes an older one back. */
  async fetch(query) {
    this.aborter?.abort();
    this.aborter = new AbortController();
    const response = await fetch(`${this.url}?${new URLSearchParams(query)}`, { signal: this.aborter.signal });
    if (!response.ok) throw new Error(`The chart could not be loaded: the server answered ${response.status}.`);
    return response.json();
  }
}

/** Index of the first of ascending `values` that is above `value`. */
export function firstAbove(values, value) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
