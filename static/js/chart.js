// Price with fills, equity and drawdown of one execution: three panes on one time scale, as far zoomed as one likes.

import { AreaSeries, CandlestickSeries, LineSeries, createChart } from "lightweight-charts";
import { Feed } from "feed";
import { FillMarks } from "markers";
import { grouped, momentOf } from "spelling";

const SETTLE = 90; // ms after the last movement until finer or further data is asked for
const PANES = [6, 2.4, 1.4];
const ROOM = 0.02; // of the view, right of the newest bar
const NARROWEST = 20; // buckets

export class ExecutionChart {
  /** onLegend is told the index of the bucket under the pointer, else of the newest one. */
  constructor(element, { url, increment, onLegend, onProblem, onFollow }) {
    Object.assign(this, { element, onLegend, onProblem, onFollow });
    this.feed = new Feed(url);
    this.colours = {};
    this.isFollowing = this.showsAll = true;
    this.isHeld = false;
    this.turn = null; // of the newest question that is not answered yet
    this.make(increment);
    this.paint();
    this.listen();
  }

  get target() {
    return Math.round(Math.min(1500, Math.max(150, this.element.clientWidth / 2.5)));
  }

  make(increment) {
    this.chart = createChart(this.element, {
      autoSize: true,
      layout: { panes: { enableResize: true }, fontSize: 11 },
      timeScale: { timeVisible: true, minBarSpacing: 0.1, rightOffset: 0 },
      rightPriceScale: { minimumWidth: 82 },
      localization: { timeFormatter: (seconds) => `${momentOf(seconds)} UTC` },
      kineticScroll: { mouse: false },
    });
    const precision = Math.max(0, Math.min(8, Math.ceil(-Math.log10(increment) - 1e-9)));
    const quiet = { priceLineVisible: false, lastValueVisible: false };
    const money = { type: "custom", minMove: 0.01, formatter: (value) => grouped(value.toFixed(2)) };
    const percent = { type: "custom", minMove: 0.01, formatter: (value) => `${grouped(value.toFixed(2))} %` };
    const priceFormat = { type: "price", precision, minMove: 10 ** -precision };
    this.precision = precision;
    this.price = this.chart.addSeries(CandlestickSeries, { priceFormat, borderVisible: false, priceLineVisible: false }, 0);
    // the whole range of each bucket behind the line of its last values: folding hides no spike
    this.spread = this.chart.addSeries(CandlestickSeries, { ...quiet, priceFormat: money, borderVisible: false }, 1);
    this.equity = this.chart.addSeries(LineSeries, { priceLineVisible: false, priceFormat: money, lineWidth: 2 }, 1);
    this.drawdown = this.chart.addSeries(AreaSeries, { ...quiet, priceFormat: percent, lineWidth: 1, invertFilledArea: true }, 2);
    this.chart.panes().forEach((pane, index) => pane.setStretchFactor(PANES[index]));
    this.marks = new FillMarks(this.feed, this.colours);
    this.price.attachPrimitive(this.marks);
  }

  listen() {
    const { element } = this;
    const scale = this.chart.timeScale();
    scale.subscribeVisibleLogicalRangeChange(() => this.refineSoon());
    this.chart.subscribeCrosshairMove(({ time }) => this.tell(time));
    element.addEventListener("pointerdown", () => { this.isHeld = true; this.isFollowing = this.showsAll = false; this.onFollow(); });
    addEventListener("pointerup", () => { this.isHeld = false; this.refineSoon(); });
    element.addEventListener("wheel", () => { this.showsAll = false; this.onFollow(); }, { passive: true });
    element.addEventListener("keydown", (event) => this.key(event));
    document.documentElement.addEventListener("theme-changed", () => this.paint());
    new ResizeObserver(() => this.showsAll && this.fit()).observe(element);
  }

  key(event) {
    const deed = {
      ArrowLeft: () => this.move(-0.2),
      ArrowRight: () => this.move(0.2),
      "+": () => this.zoom(0.7),
      "=": () => this.zoom(0.7),
      "-": () => this.zoom(1.4),
      Home: () => this.showAll(),
      End: () => this.follow(),
    }[event.key];
    if (!deed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    deed();
  }

  // What is shown ---------------------------------------------------------------------------------------------------

  async showAll() {
    this.showsAll = true;
    this.marks.focus = null;
    await this.attempt(() => this.feed.loadAll(this.target), () => { this.draw(); this.fit(); });
    this.onFollow();
  }

  /** Keep the newest bar in view from now on. */
  follow() {
    this.isFollowing = true;
    this.marks.focus = null;
    this.onFollow();
    const [from, to] = this.view ?? [this.feed.first, this.feed.last];
    const span = to - from;
    return this.showsAll ? this.showAll() : this.show(this.feed.last - span * (1 - ROOM), this.feed.last + span * ROOM);
  }

  /** Put a moment into the middle, near enough to see single bars. */
  async jump(seconds) {
    this.isFollowing = this.showsAll = false;
    this.onFollow();
    const bar = Math.max(1, (this.feed.last - this.feed.first) / Math.max(1, this.feed.bars - 1));
    await this.show(seconds - 60 * bar, seconds + 60 * bar);
    this.marks.focus = seconds;
    this.marks.changed();
    this.tell();
  }

  /** Show a view (seconds UTC), with finer or further data where it needs them. */
  async show(from, to) {
    const shown = () => this.goTo(from, to);
    if (!this.feed.isStale(from, to)) return shown();
    return this.attempt(() => this.feed.load(from, to, this.target), () => { this.draw(); shown(); });
  }

  /** Take in what has happened since; asked again only when it is done. */
  async refresh() {
    if (this.isBusy || this.isHeld) return;
    const isComplete = this.feed.isAtEnd;
    if (!isComplete && !this.isFollowing) return this.attempt(() => this.feed.look(), () => {});
    if (this.showsAll && this.feed.times.length > 2 * this.target) return this.showAll();
    if (!isComplete) return this.follow();
    const before = this.feed.times.length;
    let changed = 0;
    await this.attempt(async () => { changed = await this.feed.grow(); }, () => {
      if (before === 0) this.draw();
      else this.update(changed);
      if (this.showsAll) this.fit();
      this.tell();
    });
  }

  zoom(factor) {
    this.showsAll = false;
    this.onFollow();
    const [from, to] = this.view ?? [];
    if (from === undefined) return;
    const middle = this.isFollowing ? to : (from + to) / 2;
    this.goTo(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  move(share) {
    this.isFollowing = this.showsAll = false;
    this.onFollow();
    const [from, to] = this.view ?? [];
    if (from !== undefined) this.goTo(from + share * (to - from), to + share * (to - from));
  }

  get view() {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    return range && this.feed.times.length ? [this.feed.timeAt(range.from), this.feed.timeAt(range.to)] : null;
  }

  goTo(from, to) {
    this.chart.timeScale().setVisibleLogicalRange({ from: this.feed.indexOf(from), to: this.feed.indexOf(to) });
  }

  fit() {
    const count = Math.max(this.feed.times.length, NARROWEST);
    this.chart.timeScale().setVisibleLogicalRange({ from: -0.5, to: count * (1 + ROOM) });
  }

  refineSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { view } = this;
      if (view && !this.isHeld && !this.isBusy && !this.showsAll && this.feed.isStale(...view)) this.show(...view);
    }, SETTLE);
  }

  get isBusy() {
    return this.turn !== null;
  }

  async attempt(load, then) {
    const turn = (this.turn = Symbol("turn"));
    try {
      await load();
      then();
      this.onProblem("");
    } catch (error) {
      if (error.name !== "AbortError") this.onProblem(error.message);
    } finally {
      if (this.turn === turn) this.turn = null;
      this.refineSoon();
    }
  }

  // How it is drawn -------------------------------------------------------------------------------------------------

  point(index) {
    const { columns } = this.feed;
    const time = columns.time[index];
    const equity = columns.equity[index];
    return {
      price: { time, open: columns.open[index], high: columns.high[index], low: columns.low[index], close: columns.close[index] },
      spread: { time, open: equity, high: columns.equity_high[index], low: columns.equity_low[index], close: equity },
      equity: { time, value: equity },
      drawdown: { time, value: columns.drawdown[index] },
    };
  }

  draw() {
    const points = this.feed.times.map((_, index) => this.point(index));
    for (const name of ["price", "spread", "equity", "drawdown"]) this[name].setData(points.map((point) => point[name]));
    this.marks.changed();
    this.tell();
    this.element.dataset.ready = String(points.length);
  }

  update(first) {
    for (let index = first; index < this.feed.times.length; index++) {
      const point = this.point(index);
      for (const name of ["price", "spread", "equity", "drawdown"]) this[name].update(point[name]);
    }
    this.marks.changed();
    this.element.dataset.ready = String(this.feed.times.length);
  }

  /** The bucket under the pointer, else the one jumped to, else the newest. */
  tell(time) {
    const { times } = this.feed;
    const pointed = time === undefined ? -1 : times.indexOf(time);
    const focused = this.marks.focusedBucket();
    this.onLegend(pointed >= 0 ? pointed : (focused ?? times.length - 1));
  }

  paint() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    Object.assign(this.colours, { buy: colour("buy"), sell: colour("sell"), focus: `${colour("accent")}33` });
    const line = colour("line");
    this.chart.applyOptions({
      layout: { background: { color: colour("panel") }, textColor: colour("dim"), panes: { separatorColor: line, separatorHoverColor: line } },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    const [up, down, accent, loss] = ["candle-up", "candle-down", "accent", "loss"].map(colour);
    this.price.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    const faint = `${accent}66`;
    this.spread.applyOptions({ upColor: faint, downColor: faint, wickUpColor: faint, wickDownColor: faint });
    this.equity.applyOptions({ color: accent });
    this.drawdown.applyOptions({ lineColor: loss, topColor: `${loss}0d`, bottomColor: `${loss}44` });
    this.marks.changed();
  }
}
