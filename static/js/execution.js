// The page of one execution: the chart, and, until the run is over, everything that moves.

import { ExecutionChart } from "chart";
import { Follower } from "follow";
import { Events, Trades } from "rows";
import { elapsed, figure, grouped, momentOf, tone } from "spelling";

const REFRESH = 400; // ms between two looks at the chart's newest bars
const find = (id) => document.getElementById(id);
const page = find("execution");
const progress = (name) => page.querySelector(`[data-progress="${name}"]`) ?? document.querySelector(`[data-progress="${name}"]`);
const isOver = page.dataset.status === "stopped" || page.dataset.status === "completed" || page.dataset.status === "failed";

// The chart -----------------------------------------------------------------------------------------------------------

const legend = find("legend");
const follow = find("follow");
const problem = find("chart-problem");
const chart = new ExecutionChart(find("chart"), {
  url: page.dataset.chart,
  increment: Number(page.dataset.increment),
  onLegend: describe,
  onProblem(text) { problem.textContent = text; problem.hidden = !text; },
  onFollow() { follow.setAttribute("aria-pressed", String(chart.isFollowing)); },
});

function describe(index) {
  const { columns, fills } = chart.feed;
  legend.replaceChildren();
  if (index < 0) return;
  const at = (name) => columns[name][index];
  const price = (name) => at(name).toFixed(chart.precision);
  const parts = [
    ["", `${momentOf(at("time"))} UTC`],
    ["O", price("open")], ["H", price("high")], ["L", price("low")], ["C", price("close")],
    ["Equity", `${grouped(at("equity").toFixed(2))} ${page.dataset.currency}`],
    ["Drawdown", `${grouped(at("drawdown").toFixed(2))} %`],
  ];
  for (let group = fills.time.indexOf(at("time")); group >= 0 && fills.time[group] === at("time"); group++) {
    const side = fills.side[group] > 0 ? "▲ bought" : "▼ sold";
    parts.push([side, `${grouped(Number(fills.quantity[group].toPrecision(10)))} at ${fills.price[group].toFixed(chart.precision)}`]);
  }
  for (const [name, value] of parts) {
    const part = document.createElement("span");
    const bold = document.createElement("b");
    bold.textContent = value;
    part.append(name ? `${name} ` : "", bold);
    legend.append(part);
  }
}

document.addEventListener("click", ({ target }) => {
  const jump = target.closest("[data-jump]");
  if (!jump) return;
  for (const row of document.querySelectorAll("#trades tr[aria-selected]")) row.removeAttribute("aria-selected");
  jump.closest("tr").setAttribute("aria-selected", "true");
  chart.jump(Date.parse(jump.dataset.jump) / 1000);
  find("chart").scrollIntoView({ block: "center", behavior: "smooth" });
});
for (const button of document.querySelectorAll("[data-zoom]")) {
  const deed = { all: () => chart.showAll(), in: () => chart.zoom(0.6), out: () => chart.zoom(1.6) }[button.dataset.zoom];
  button.addEventListener("click", deed);
}
follow.addEventListener("click", () => {
  if (chart.isFollowing) { chart.isFollowing = chart.showsAll = false; chart.onFollow(); }
  else chart.follow();
});

// What moves ----------------------------------------------------------------------------------------------------------

const trades = new Trades(find("trades"), find("trade-row"), find("no-trades"));
const events = new Events(find("events"), find("event-row"));
let shownStatus = page.dataset.status;
let startedAt = Date.parse(page.dataset.started); // NaN until it starts

function takeStatus(status) {
  find("progress").value = status.progress;
  progress("percent").textContent = `${status.progress.toFixed(1)} %`;
  startedAt = Date.parse(status.started_at);
  if (status.completed_at) progress("elapsed").textContent = elapsed((Date.parse(status.completed_at) - startedAt) / 1000);
  if (status.error_message) {
    progress("error_message").textContent = status.error_message;
    find("failure").hidden = false;
  }
  if (status.checkpoint) takeFigures(status.checkpoint);
  if (status.status === shownStatus) return;
  page.dataset.status = shownStatus = status.status;
  document.body.dispatchEvent(new Event("status-changed")); // the parts that the server draws listen to it
}

function takeFigures(checkpoint) {
  for (const shown of document.querySelectorAll("[data-figure]")) {
    const value = checkpoint[shown.dataset.figure];
    const [number, unit] = figure(value, shown.dataset.form);
    const small = document.createElement("small");
    small.textContent = unit;
    shown.replaceChildren(number, ...(unit ? [" ", small] : []));
    shown.dataset.value = value ?? "";
    if (["change", "gain"].includes(shown.dataset.form)) shown.className = tone(value);
  }
}

function takeRows(rows) {
  trades.add(rows.trades);
  events.add(rows.events);
  progress("trades").textContent = grouped(follower.cursors.trades);
  progress("events").textContent = grouped(follower.cursors.events);
}

async function refresh() {
  await chart.refresh();
  if (chart.feed.last === null) return;
  progress("simulated_at").textContent = momentOf(chart.feed.last);
  progress("bars").textContent = grouped(chart.feed.processed);
  progress("total").textContent = grouped(chart.feed.total);
}

let follower = null;

function beginToFollow() {
  let timer = setInterval(tick, REFRESH);
  let isDue = true; // something has happened since the chart's last look
  function tick() {
    if (!Number.isNaN(startedAt) && shownStatus === "running") progress("elapsed").textContent = elapsed((Date.now() - startedAt) / 1000);
    if (isDue && !chart.isBusy && !document.hidden) { isDue = false; refresh(); }
  }
  const line = find("line");
  follower = new Follower({
    id: page.dataset.id,
    api: page.dataset.api,
    heads: { events: Number(page.dataset.events), trades: Number(page.dataset.trades) },
    on: {
      rows(rows) { isDue = true; takeRows(rows); },
      status(status) { isDue = true; takeStatus(status); },
      state(state, text) { line.dataset.state = state; line.textContent = text; },
      async end() {
        clearInterval(timer);
        follow.hidden = true;
        while (chart.isBusy || chart.isHeld) await new Promise((resolve) => setTimeout(resolve, 50));
        await refresh();
      },
    },
  });
  follower.start();
}

await chart.showAll();
if (!isOver) beginToFollow();
