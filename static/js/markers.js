// Fills on the price: ▲ under the bar for buys, ▼ above it for sells. Only what is in view is drawn, and what would
// overlap becomes one mark with a count, so that ten thousand fills cost no more than the hundred that can be seen.

const NEAR = 15; // pixels
const SIZE = 5;
const GAP = 6; // between the bar and the mark

export class FillMarks {
  constructor(feed, colours) {
    this.feed = feed;
    this.colours = colours;
    this.focus = null; // seconds UTC of a moment to point at
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  changed() {
    this.requestUpdate?.();
  }

  updateAllViews() {}

  paneViews() {
    return [{ zOrder: () => "top", renderer: () => this }];
  }

  draw(target) {
    const marks = this.marks();
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      this.drawFocus(context, mediaSize.height);
      context.font = "600 10px system-ui, sans-serif";
      context.textAlign = "center";
      for (const mark of marks) this.drawMark(context, mark);
    });
  }

  /** What to draw: one mark for all fills of a side that lie within NEAR pixels. */
  marks() {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    const { fills, columns } = this.feed;
    if (!range) return [];
    const marks = [];
    const open = new Map();
    for (let index = 0; index < fills.time.length; index++) {
      const bucket = this.feed.indexOf(fills.time[index]);
      if (bucket < range.from - 1 || bucket > range.to + 1) continue;
      const x = scale.logicalToCoordinate(Math.round(bucket));
      const side = fills.side[index];
      const edge = this.series.priceToCoordinate((side > 0 ? columns.low : columns.high)[Math.round(bucket)]);
      if (x === null || edge === null) continue;
      const last = open.get(side);
      if (last && x - last.x < NEAR) {
        last.count += fills.count[index];
        last.y = side > 0 ? Math.max(last.y, edge) : Math.min(last.y, edge);
      } else {
        const mark = { x, y: edge, side, count: fills.count[index] };
        open.set(side, mark);
        marks.push(mark);
      }
    }
    return marks;
  }

  /** Index of the bucket that holds the focus, if it is loaded. */
  focusedBucket() {
    if (this.focus === null) return null;
    const index = Math.floor(this.feed.indexOf(this.focus) + 1e-9);
    return index >= 0 && index < this.feed.times.length ? index : null;
  }

  drawFocus(context, height) {
    const bucket = this.focusedBucket();
    const x = bucket === null ? null : this.chart.timeScale().logicalToCoordinate(bucket);
    if (x === null) return;
    const width = Math.max(3, this.chart.timeScale().options().barSpacing);
    context.fillStyle = this.colours.focus;
    context.fillRect(x - width / 2, 0, width, height);
  }

  drawMark(context, { x, y, side, count }) {
    const tip = y + side * GAP;
    const base = tip + side * SIZE * 1.5;
    context.fillStyle = side > 0 ? this.colours.buy : this.colours.sell;
    context.beginPath();
    context.moveTo(x, tip);
    context.lineTo(x - SIZE, base);
    context.lineTo(x + SIZE, base);
    context.fill();
    if (count > 1) context.fillText(String(count), x, side > 0 ? base + 10 : base - 3);
  }
}
