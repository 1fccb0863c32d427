// Follows one execution from the last rows it has: by WebSocket, and by polling where sockets are blocked.
//
//   connecting ──► catching-up ──► live ──► ended
//        ▲              │            │
//        └── waiting ◄──┴────────────┘        waiting: the line is lost, the next try is due soon
//             │    ▲
//             ▼    │
//            polling                          every POLL ms, with a try for a socket every RETRY ms
//
// Rows are told by their sequence: whatever is cut, the next answer goes on after the last row that was taken.

const NEVER = Number.MAX_SAFE_INTEGER; // equity comes with the chart's own data, on its buckets
const FIRST_WAIT = 1_000; // times SPREAD: when a server restarts, its pages must not all come back at once
const SPREAD = () => 0.3 + 1.2 * Math.random();
const LONGEST_WAIT = 15_000;
const TRIES = 2; // sockets that never opened, before polling
const POLL = 2_000;
const RETRY = 30_000;
const SILENCE = 40_000; // a running execution that says nothing for so long has lost its line
const SIGNED_OUT = 4401;
const REFUSED = [4400, 4403, 4404];
const JOURNALS = ["events", "trades"];
const TERMINAL = ["stopped", "completed", "failed"];

export class Follower {
  /** heads: the last sequence of each journal that the page shows. on: rows, status, state, end. */
  constructor({ id, api, heads, on }) {
    Object.assign(this, { id, api, on });
    this.cursors = { ...heads };
    this.heads = { ...heads };
    this.failures = 0; // sockets in a row that never opened
    this.wait = FIRST_WAIT;
    this.isOver = false;
    this.heardAt = Date.now();
  }

  start() {
    this.connect();
    addEventListener("online", () => this.checkLine(0));
    addEventListener("pagehide", () => this.socket?.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.checkLine(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.checkLine(SILENCE / 4));
    setInterval(() => this.status === "running" && this.checkLine(SILENCE), SILENCE / 4);
  }

  get isCaughtUp() {
    return JOURNALS.every((name) => this.cursors[name] >= this.heads[name]);
  }

  connect() {
    clearTimeout(this.timer);
    this.say(this.state === "polling" ? "polling" : "connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const since = JOURNALS.map((name) => `since_${name}=${this.cursors[name]}`).join("&");
    const socket = new WebSocket(`${scheme}://${location.host}/ws/executions/${this.id}/?${since}&since_equity=${NEVER}`);
    this.socket = socket;
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      this.failures = 0;
      this.stopPolling();
      this.say("catching-up", `catching up from #${this.cursors.events}`);
    };
    socket.onmessage = ({ data }) => this.socket === socket && this.take(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (this.socket !== socket || this.isOver) return;
      if (!wasOpen) this.failures += 1;
      this.lose(code);
    };
  }

  take(frame) {
    this.heardAt = Date.now();
    this.wait = FIRST_WAIT;
    if (frame.type === "rows") this.takeRows(frame, frame.heads);
    if (frame.type === "status") this.takeStatus(frame);
    if (frame.type === "end") return this.end();
    if (this.isCaughtUp) this.say("live");
  }

  takeRows(rows, heads) {
    Object.assign(this.heads, heads);
    const fresh = {};
    for (const name of JOURNALS) {
      fresh[name] = (rows[name] ?? []).filter(({ sequence }) => sequence > this.cursors[name]);
      this.cursors[name] = fresh[name].at(-1)?.sequence ?? this.cursors[name];
    }
    if (JOURNALS.some((name) => fresh[name].length)) this.on.rows(fresh);
  }

  takeStatus(status) {
    this.status = status.status;
    this.on.status(status);
  }

  lose(code) {
    if (code === SIGNED_OUT) return this.say("waiting", "signed out: reload to sign in");
    if (REFUSED.includes(code)) return this.say("ended", "this execution cannot be followed any more");
    if (this.failures >= TRIES) return this.poll();
    this.say("waiting", "connection lost, trying again");
    this.timer = setTimeout(() => this.connect(), this.wait * SPREAD());
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  /** Begin anew from the last rows when nothing was heard for `silence` ms. */
  checkLine(silence) {
    if (this.isOver || this.poller || Date.now() - this.heardAt < silence) return;
    const stale = this.socket;
    this.socket = null;
    stale?.close();
    this.heardAt = Date.now();
    this.connect();
  }

  end() {
    this.isOver = true;
    this.stopPolling();
    this.say("ended");
    this.on.end();
  }

  say(state, text = state) {
    if (this.state === state && this.text === text) return;
    Object.assign(this, { state, text });
    this.on.state(state, text);
  }

  // Polling ---------------------------------------------------------------------------------------------------------

  poll() {
    if (this.poller) return;
    this.say("polling");
    this.poller = setInterval(() => this.ask(), POLL);
    this.retrier = setInterval(() => this.connect(), RETRY * SPREAD());
    this.ask();
  }

  stopPolling() {
    clearInterval(this.poller);
    clearInterval(this.retrier);
    this.poller = this.retrier = null;
  }

  /** One round: the status first, then the rows, so that a final status is followed by all there is. */
  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const status = await this.get("status/");
      for (const name of JOURNALS) await this.askJournal(name);
      if (!this.poller) return;
      this.say("polling");
      this.takeStatus(status);
      if (TERMINAL.includes(status.status)) this.end();
    } catch {
      if (this.poller) this.say("waiting", "the server does not answer, trying again");
    } finally {
      this.isAsking = false;
    }
  }

  async askJournal(name) {
    for (;;) {
      const answer = await this.get(`${name}/?since_sequence=${this.cursors[name]}`);
      const rows = answer[name];
      this.takeRows({ [name]: rows }, { [name]: this.cursors[name] + answer.count });
      if (rows.length >= answer.count) return;
    }
  }

  async get(path) {
    const response = await fetch(this.api + path, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  }
}
