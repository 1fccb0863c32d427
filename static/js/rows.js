// Tables that grow at the top: rows are cloned from a <template> of the page and filled from the API's JSON.

import { grouped, moment, signed, told, tone, words } from "spelling";

const MOST_TRADES = 300; // older ones come back by the table's own button
const MOST_EVENTS = 60;

export class Trades {
  constructor(body, template, empty) {
    Object.assign(this, { body, template, empty });
  }

  /** rows: ascending, as the API serves them. */
  add(rows) {
    if (!rows.length) return;
    this.empty.hidden = true;
    this.body.prepend(...rows.slice(-MOST_TRADES).reverse().map((row) => this.row(row)));
    this.trim();
  }

  row({ sequence, trade }) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    const put = filler(row);
    row.dataset.sequence = sequence;
    row.classList.add("fresh");
    put("sequence", sequence);
    put("direction", trade.direction).dataset.side = trade.direction;
    put("entry_time", moment(trade.entry_time)).dataset.jump = trade.entry_time;
    put("entry_price", trade.entry_price);
    put("exit_time", moment(trade.exit_time)).dataset.jump = trade.exit_time;
    put("exit_price", trade.exit_price);
    put("units", grouped(trade.units));
    put("pnl", signed(trade.pnl)).className = `right ${tone(trade.pnl)}`;
    return row;
  }

  trim() {
    const rows = [...this.body.querySelectorAll("tr[data-sequence]")];
    rows.slice(MOST_TRADES).forEach((row) => row.remove());
    const oldest = rows.slice(0, MOST_TRADES).at(-1).dataset.sequence;
    const older = this.body.querySelector("#older-trades");
    older.hidden = Number(oldest) <= 1;
    older.querySelector("[name=before]").value = oldest;
  }
}

export class Events {
  constructor(list, template) {
    Object.assign(this, { list, template });
  }

  add(rows) {
    this.list.prepend(...rows.slice(-MOST_EVENTS).reverse().map((row) => this.row(row)));
    [...this.list.children].slice(MOST_EVENTS).forEach((item) => item.remove());
  }

  row({ sequence, event_type, timestamp, event }) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const put = filler(item);
    item.dataset.sequence = sequence;
    put("timestamp", moment(timestamp)).dateTime = timestamp;
    put("event_type", words(event_type));
    put("event", told(event));
    return item;
  }
}

/** put(field, text): fills the part of a row that is marked with the field, and returns it. */
const filler = (row) => (field, text) => {
  const part = row.querySelector(`[data-field="${field}"]`);
  part.textContent = text;
  return part;
};
