// The HTTP API of Tapedeck, made of its description by `python3 manage.py typescript`.
// A shape that is sent ends in Request; `Operations` holds every call by its name.

/** An API key without its text, which is shown once and kept nowhere. */
export interface ApiKey {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  scope: ScopeEnum;
  /** The first characters, by which its owner knows it again. */
  prefix: string;
  /** When it was made. */
  created_at: string;
  /** When it ceases to open anything; null: never. */
  expires_at: string | null;
  /** When it was revoked; null unless it was. */
  revoked_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
}

/** One change of a thing of yours. */
export interface AuditEntry {
  /** The number by which it is asked for. */
  id: number;
  /** When. */
  at: string;
  /** created, changed, deleted, started, retried, moved or revoked. */
  action: string;
  /** Of the thing. */
  kind: string;
  /** Its id. */
  subject: number;
  /** The status before; empty where there was none. */
  before?: string;
  /** The status then. */
  after?: string;
  /** Names of what was changed. */
  fields_changed: string[];
  /** The user who did it; null: the server itself, or one now deleted. */
  actor: number | null;
  /** The first characters of the API key it came with. */
  key?: string | null;
  /** Where your request came from; null where it was not yours. */
  address: string | null;
  /** The X-Request-ID of the request. */
  request_id?: string;
}

/** A task; `config` and `dataset` are ids that the user can see. */
export interface BacktestTask {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config: number;
  /** The id of a strategy. */
  strategy_type: string;
  /** A dataset that you see. */
  dataset: number;
  /** The symbol of the instrument. */
  instrument: string;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** Slow the run down so that it can be watched; empty: as fast as it goes. */
  bars_per_second?: number | null;
  /** Of the latest execution; created when there is none. */
  status: string;
  /** The newest execution; null when it was never started. */
  latest_execution: number | null;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
}

/** A task; `config` and `dataset` are ids that the user can see. */
export interface BacktestTaskRequest {
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config: number;
  /** A dataset that you see. */
  dataset: number;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** Slow the run down so that it can be watched; empty: as fast as it goes. */
  bars_per_second?: number | null;
}

/** Columns of bars, one value a point; `count` is how many rows there are, before folding. Of quote bars and ticks the prices are the middle of bid and ask, and the volume is the number of ticks. */
export interface Bars {
  /** The number of the dataset's version. */
  version: number;
  /** How many there are, on all pages. */
  count: number;
  /** How many points there are. */
  points: number;
  /** Seconds UTC of each point's first bar. */
  time: number[];
  /** The first price of each point. */
  open: number[];
  /** The highest price of each point. */
  high: number[];
  /** The lowest price of each point. */
  low: number[];
  /** The last price of each point. */
  close: number[];
  /** The volume of each point. */
  volume: number[];
}

/** Items by themselves: each is carried out or refused, whatever becomes of the others. */
export interface BatchRequest {
  /** What to start. */
  items: ItemRequest[];
}

/** A field of the manifest or of the result. */
export interface Changed {
  /** Its dotted path: data.content_hash, strategy.parameters.fast. */
  field: string;
  check: CheckEnum;
  /** Null where only a digest of it is known. */
  expected: unknown;
  /** What is there now. */
  found: unknown;
}

/** * `sealed` - sealed * `data` - data * `code` - code * `result` - result */
export type CheckEnum = "sealed" | "data" | "code" | "result";

/** The figures after a recorded piece of the run. */
export interface Checkpoint {
  /** It rises with each checkpoint. */
  id: number;
  /** Bars done. */
  processed: number;
  /** Realised and unrealised profit, as "12.50"; null where it is undefined. */
  total_pnl: string | null;
  /** Profit in per cent of the initial balance, as "12.50"; null where it is undefined. */
  total_return: string | null;
  /** Winning trades in per cent of all, as "12.50"; null where it is undefined. */
  win_rate: string | null;
  /** Largest fall from a peak, in per cent of it, as "12.50"; null where it is undefined. */
  max_drawdown: string | null;
  /** Profit of what is closed, as "12.50"; null where it is undefined. */
  realized_pnl: string | null;
  /** Profit of what is open, as "12.50"; null where it is undefined. */
  unrealized_pnl: string | null;
  /** Mean return by its deviation, a year, as "12.50"; null where it is undefined. */
  sharpe_ratio: string | null;
  /** Sum of the wins by sum of the losses, as "12.50"; null where it is undefined. */
  profit_factor: string | null;
  /** Mean profit of a winning trade, as "12.50"; null where it is undefined. */
  average_win: string | null;
  /** Mean loss of a losing trade, positive, as "12.50"; null where it is undefined. */
  average_loss: string | null;
  /** Closed trades. */
  total_trades: number;
  /** Of them, those with a profit. */
  winning_trades: number;
  /** Of them, those without a profit. */
  losing_trades: number;
  /** When it was written. */
  created_at: string;
}

/** What a copy needs. */
export interface CopyRequest {
  /** The copy's name. */
  new_name: string;
}

/** E-mail and password; `username` is another name for the e-mail, for clients that know no other. */
export interface CredentialsRequest {
  /** The e-mail address of the account. */
  email?: string;
  /** The e-mail address, for clients that know no other name for it. */
  username?: string;
  /** The password of the account. */
  password: string;
}

/** * `refuse` - refuse * `drop` - drop */
export type CrossedEnum = "refuse" | "drop";

/** A dataset with its newest version. */
export interface Dataset {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  /** The symbol of the instrument. */
  instrument: string;
  /** The instrument. */
  instrument_id: number;
  /** The kind of the instrument. */
  kind: string;
  /** What its rows are: bars, bars of bid and ask, or ticks of bid and ask. * `bars` - bars * `quote_bars` - quote bars * `ticks` - ticks */
  layout?: LayoutEnum;
  /** Length of one bar; 0 for ticks. */
  timeframe_seconds: number;
  /** Where the rows come from. */
  source?: string;
  /** Under which terms the rows may be used. */
  licence?: string;
  /** Made by a generator, not by a market. */
  is_synthetic?: boolean;
  /** Whether it is the server's own, which every user sees and none changes. */
  is_shared: boolean;
  latest_version: DatasetVersion | null;
  /** When it was made. */
  created_at: string;
}

/** A dataset with all its versions, newest first. */
export interface DatasetDetail {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  /** The symbol of the instrument. */
  instrument: string;
  /** The instrument. */
  instrument_id: number;
  /** The kind of the instrument. */
  kind: string;
  /** What its rows are: bars, bars of bid and ask, or ticks of bid and ask. * `bars` - bars * `quote_bars` - quote bars * `ticks` - ticks */
  layout?: LayoutEnum;
  /** Length of one bar; 0 for ticks. */
  timeframe_seconds: number;
  /** Where the rows come from. */
  source?: string;
  /** Under which terms the rows may be used. */
  licence?: string;
  /** Made by a generator, not by a market. */
  is_synthetic?: boolean;
  /** Whether it is the server's own, which every user sees and none changes. */
  is_shared: boolean;
  latest_version: DatasetVersion | null;
  /** When it was made. */
  created_at: string;
  /** All of them, the newest first. */
  versions: DatasetVersion[];
}

/** Rows that never change, from the open of the first bar, or from the first tick, to that of the last. */
export interface DatasetVersion {
  /** The number by which it is asked for. */
  id: number;
  /** 1, 2, 3 … of its dataset. */
  number: number;
  /** SHA-256 of its rows. */
  content_hash: string;
  /** How many rows it has. */
  rows: number;
  /** Open of the first bar, or time of the first tick. */
  starts_at: string;
  /** Open of the last bar, or time of the last tick. */
  ends_at: string;
  /** What the import found: gaps, flat bars, duplicates left out. */
  report?: unknown;
  /** When it was made. */
  created_at: string;
}

/** The default parameters of a strategy. */
export interface Defaults {
  /** The strategy. */
  strategy_id: string;
  /** Every parameter with its default; which there are depends on the strategy. */
  defaults: Record<string, unknown>;
}

/** A strategy with the JSON Schema of its parameters. */
export interface Definition {
  /** The number by which it is asked for. */
  id: string;
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description: string;
  /** The JSON Schema of its parameters. */
  config_schema: Record<string, unknown>;
}

/** All strategies of the server. */
export interface Definitions {
  /** All that the server knows. */
  strategies: Definition[];
  /** How many there are, on all pages. */
  count: number;
}

/** The first row of a journal that differs. */
export interface DifferentRow {
  journal: JournalEnum;
  /** The number of the row. */
  sequence: number;
  /** As it was repeated; null: there should be none. */
  expected: unknown;
  /** As it is stored; null: it is missing. */
  found: unknown;
  /** Null where one of both is no row. */
  differs: Member | null;
}

/** A page of the equity curve, ascending. */
export interface EquityPage {
  /** Whose rows they are. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** How many rows match, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** The points, ascending by sequence. */
  equity_curve: Point[];
  /** Mean seconds between two points of a thinned curve; null for a whole one. */
  granularity_seconds: number | null;
}

/** Something that happened in an execution. */
export interface Event {
  /** 1, 2, 3 … without gaps. */
  sequence: number;
  /** trade_executed, strategy_signal, status_changed, … */
  event_type: string;
  /** The strategy that ran. */
  strategy_type: string;
  /** The time in the market's data, or of the change of status. */
  timestamp: string;
  /** What happened; its members depend on the type of the event. */
  event: Record<string, unknown>;
  /** When it was written. */
  created_at: string;
}

/** A page of events, ascending. */
export interface EventsPage {
  /** Whose rows they are. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** How many rows match, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** The rows, ascending by sequence. */
  events: Event[];
}

/** One row of the lists of executions. */
export interface Execution {
  /** The number by which it is asked for. */
  id: number;
  /** The kind of the task. */
  task_type: TaskTypeEnum;
  /** The task. */
  task_id: number;
  /** 1, 2, 3 … of its task. */
  execution_number: number;
  /** The id of a strategy. */
  strategy_type: string;
  /** Where it stands. */
  status?: StatusEnum;
  /** Per cent of the bars. */
  progress?: number;
  /** Bars done. */
  processed?: number;
  /** Bars there are. */
  total?: number | null;
  /** Open of the last bar done. */
  simulated_at?: string | null;
  /** When it was made. */
  created_at: string;
  /** When a worker first took it up; null until then. */
  started_at?: string | null;
  /** When it was over; null until then. */
  completed_at?: string | null;
  /** Seconds from start to end; null while it runs. */
  duration: number | null;
  /** Why it failed; null unless it did. */
  error_message?: string | null;
}

/** One execution with what went into it and what came out. */
export interface ExecutionDetail {
  /** The number by which it is asked for. */
  id: number;
  /** The kind of the task. */
  task_type: TaskTypeEnum;
  /** The task. */
  task_id: number;
  /** 1, 2, 3 … of its task. */
  execution_number: number;
  /** The id of a strategy. */
  strategy_type: string;
  /** Where it stands. */
  status?: StatusEnum;
  /** Per cent of the bars. */
  progress?: number;
  /** Bars done. */
  processed?: number;
  /** Bars there are. */
  total?: number | null;
  /** Open of the last bar done. */
  simulated_at?: string | null;
  /** When it was made. */
  created_at: string;
  /** When a worker first took it up; null until then. */
  started_at?: string | null;
  /** When it was over; null until then. */
  completed_at?: string | null;
  /** Seconds from start to end; null while it runs. */
  duration: number | null;
  /** Why it failed; null unless it did. */
  error_message?: string | null;
  /** All that went in: strategy, parameters, data, account, costs, versions. */
  manifest: unknown;
  /** SHA-256 of the manifest in its canonical spelling. */
  manifest_hash?: string;
  /** A digest of each field of the manifest, by its dotted path. */
  seal?: unknown;
  /** SHA-256 of all that the engine brought, so far. */
  tape_hash?: string;
  /** Where it failed: file, line, bar and its time, as far as known. */
  failure?: unknown;
  /** The failed one it went on from. */
  retry_of?: number | null;
  /** Every figure of the engine so far, unrounded, shares as fractions; null before the first. */
  metrics: Record<string, number | null> | null;
}

/** * `day` - day * `week` - week * `month` - month * `year` - year * `checkpoint` - checkpoint */
export type GranularityEnum = "day" | "week" | "month" | "year" | "checkpoint";

/** An instrument; what its numbers may be the service says. */
export interface Instrument {
  /** The number by which it is asked for. */
  id: number;
  /** Unique among yours; kept in capital letters. */
  symbol: string;
  /** What you call it. */
  name?: string;
  /** The kind of the instrument. */
  kind: KindEnum;
  /** The currency that its prices are in. */
  quote_currency?: string;
  /** The smallest step of a price. */
  price_increment?: number;
  /** 0.0001 for most currency pairs, 0.01 against JPY. */
  pip_size?: number;
  /** The smallest step of a quantity. */
  quantity_step?: number;
  /** The smallest order. */
  min_quantity?: number;
  /** The largest order; empty: as large as you like. */
  max_quantity?: number | null;
  /** Trading days a year, for annual figures: 252, or 365 where trade never rests. */
  periods_per_year?: number;
  /** What one unit is worth at a price of 1: 50 for a mini S&P. */
  multiplier?: number;
  /** A unit is a fixed amount of the quote currency, and settles in the base currency. */
  is_inverse?: boolean;
  /** Currency of gains, losses and fees; empty: the quote currency. */
  settles_in?: string;
  /** Share of its value that a margin account needs to open a position. */
  initial_margin?: number;
  /** Share of its value that a margin account needs to keep a position. */
  maintenance_margin?: number;
  /** Share of the value that a liquidation costs on top. */
  liquidation_fee?: number;
  /** The server's own, which every user sees and none changes. */
  is_shared: boolean;
  /** When it was made. */
  created_at: string;
}

/** An instrument; what its numbers may be the service says. */
export interface InstrumentRequest {
  /** Unique among yours; kept in capital letters. */
  symbol: string;
  /** What you call it. */
  name?: string;
  /** The kind of the instrument. */
  kind: KindEnum;
  /** The currency that its prices are in. */
  quote_currency?: string;
  /** The smallest step of a price. */
  price_increment?: number;
  /** 0.0001 for most currency pairs, 0.01 against JPY. */
  pip_size?: number;
  /** The smallest step of a quantity. */
  quantity_step?: number;
  /** The smallest order. */
  min_quantity?: number;
  /** The largest order; empty: as large as you like. */
  max_quantity?: number | null;
  /** Trading days a year, for annual figures: 252, or 365 where trade never rests. */
  periods_per_year?: number;
  /** What one unit is worth at a price of 1: 50 for a mini S&P. */
  multiplier?: number;
  /** A unit is a fixed amount of the quote currency, and settles in the base currency. */
  is_inverse?: boolean;
  /** Currency of gains, losses and fees; empty: the quote currency. */
  settles_in?: string;
  /** Share of its value that a margin account needs to open a position. */
  initial_margin?: number;
  /** Share of its value that a margin account needs to keep a position. */
  maintenance_margin?: number;
  /** Share of the value that a liquidation costs on top. */
  liquidation_fee?: number;
}

/** A task to start: one that there is, or a new one, with a new configuration if you like. */
export interface ItemRequest {
  /** A task that there is. */
  task_id?: number;
  /** A new one. */
  task?: NewTaskRequest;
  /** A new configuration, for the new task. */
  config?: StrategyConfigRequest;
  /** As a start has it. */
  reuse?: boolean;
}

/** * `events` - events * `trades` - trades * `equity` - equity */
export type JournalEnum = "events" | "trades" | "equity";

/** * `forex` - Forex * `equity` - Equity * `crypto` - Crypto * `future` - Future * `index` - Index */
export type KindEnum = "forex" | "equity" | "crypto" | "future" | "index";

/** What has come of the feed and is not played yet. */
export interface Lag {
  /** How many rows; null where the data cannot be read. */
  rows: number | null;
  /** Since the first of them came. */
  seconds: number;
}

/** The newest figures. */
export interface LatestMetrics {
  /** The execution. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** Whether there are any yet. */
  has_checkpoint: boolean;
  /** Null before the first. */
  checkpoint: Checkpoint | null;
}

/** * `bars` - bars * `quote_bars` - quote bars * `ticks` - ticks */
export type LayoutEnum = "bars" | "quote_bars" | "ticks";

/** * `info` - Info * `warning` - Warning * `error` - Error */
export type LevelEnum = "info" | "warning" | "error";

/** What you may have; 0: no limit. */
export interface Limits {
  /** More than these wait. */
  running: number;
  /** With these, no other is started. */
  unfinished: number;
  /** With these, no other is started. */
  rows: number;
}

/** What happened to an execution on this server. */
export interface Log {
  /** The execution. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** The lines, ascending. */
  logs: LogLine[];
  /** Of all lines that match. */
  count: number;
  /** Where to read on; null where there is no more yet. */
  next: string | null;
}

/** One line. */
export interface LogLine {
  /** 1, 2, 3 … without gaps. */
  sequence: number;
  /** How bad it is. * `info` - Info * `warning` - Warning * `error` - Error */
  level: LevelEnum;
  /** What happened. */
  message: string;
  /** The same for programs: worker, bar, line of the strategy … */
  context: Record<string, unknown>;
  /** When it was written. */
  timestamp: string;
}

/** E-mail and password. */
export interface LoginRequest {
  /** The e-mail address of the account. */
  email: string;
  /** The password of the account. */
  password: string;
}

/** The first member in which a stored row differs from the repeated one. */
export interface Member {
  /** Its dotted path: trade.pnl. */
  member: string;
  /** What was recorded. */
  expected: unknown;
  /** What is there now. */
  found: unknown;
}

/** * `immediate` - immediate * `graceful` - graceful * `graceful_close` - graceful_close */
export type ModeEnum = "immediate" | "graceful" | "graceful_close";

/** What became of a task's latest execution. */
export interface Moved {
  /** The task. */
  id: number;
  /** Its latest execution. */
  execution_id: number;
  /** Where that stands now. * `created` - Created * `running` - Running * `paused` - Paused * `stopped` - Stopped * `completed` - Completed * `failed` - Failed */
  status: StatusEnum;
  /** The same in words. */
  message: string;
}

/** scope `read` opens GET alone, `trade` everything but the keys themselves. */
export interface NewApiKeyRequest {
  /** What it is for. */
  name: string;
  scope: ScopeEnum;
  /** When it ceases to open anything; null: never. */
  expires_at?: string | null;
}

/** A new task; without a `config` of its own where the item brings a new one. */
export interface NewTaskRequest {
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config?: number;
  /** A dataset that you see. */
  dataset: number;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** Slow the run down so that it can be watched; empty: as fast as it goes. */
  bars_per_second?: number | null;
}

/** What became of one item: an execution, or a refusal. */
export interface Outcome {
  /** The item: 0, 1, 2 … */
  index: number;
  /** The HTTP status that a request for it alone would have. */
  status: number;
  /** Where there is an execution. */
  message?: string;
  /** Its task. */
  task_id?: number;
  /** The execution. */
  execution_id?: number;
  /** Where it was refused: why. */
  error?: string;
  /** The same, for programs. */
  code?: string;
  /** The wrong fields. */
  errors?: Problem[];
}

/** * `pending` - Pending * `running` - Running * `equal` - Equal * `different` - Different * `impossible` - Impossible */
export type OutcomeEnum = "pending" | "running" | "equal" | "different" | "impossible";

/** What became of a batch. */
export interface Outcomes {
  /** How many new executions there are. */
  started: number;
  /** How many items were refused. */
  refused: number;
  /** Of each item, in the order of the items. */
  results: Outcome[];
}

export interface PaginatedApiKeyList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: ApiKey[];
}

export interface PaginatedAuditEntryList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: AuditEntry[];
}

export interface PaginatedBacktestTaskList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: BacktestTask[];
}

export interface PaginatedDatasetList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: Dataset[];
}

export interface PaginatedExecutionList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: Execution[];
}

export interface PaginatedInstrumentList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: Instrument[];
}

export interface PaginatedStrategyConfigList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: StrategyConfig[];
}

export interface PaginatedTradingTaskList {
  /** How many there are, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** Those of this page. */
  results: TradingTask[];
}

/** A task; `config` and `dataset` are ids that the user can see. */
export interface PatchedBacktestTaskRequest {
  /** What you call it. */
  name?: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config?: number;
  /** A dataset that you see. */
  dataset?: number;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** Slow the run down so that it can be watched; empty: as fast as it goes. */
  bars_per_second?: number | null;
}

/** An instrument; what its numbers may be the service says. */
export interface PatchedInstrumentRequest {
  /** Unique among yours; kept in capital letters. */
  symbol?: string;
  /** What you call it. */
  name?: string;
  /** The kind of the instrument. */
  kind?: KindEnum;
  /** The currency that its prices are in. */
  quote_currency?: string;
  /** The smallest step of a price. */
  price_increment?: number;
  /** 0.0001 for most currency pairs, 0.01 against JPY. */
  pip_size?: number;
  /** The smallest step of a quantity. */
  quantity_step?: number;
  /** The smallest order. */
  min_quantity?: number;
  /** The largest order; empty: as large as you like. */
  max_quantity?: number | null;
  /** Trading days a year, for annual figures: 252, or 365 where trade never rests. */
  periods_per_year?: number;
  /** What one unit is worth at a price of 1: 50 for a mini S&P. */
  multiplier?: number;
  /** A unit is a fixed amount of the quote currency, and settles in the base currency. */
  is_inverse?: boolean;
  /** Currency of gains, losses and fees; empty: the quote currency. */
  settles_in?: string;
  /** Share of its value that a margin account needs to open a position. */
  initial_margin?: number;
  /** Share of its value that a margin account needs to keep a position. */
  maintenance_margin?: number;
  /** Share of the value that a liquidation costs on top. */
  liquidation_fee?: number;
}

/** A named parameter set of a strategy. */
export interface PatchedStrategyConfigRequest {
  /** What you call it. */
  name?: string;
  /** The id of a strategy. */
  strategy_type?: string;
  /** Those left out take their defaults. */
  parameters?: Record<string, unknown>;
  /** What you like to say of it. */
  description?: string;
}

/** A trading task, and how far it is behind its feed. */
export interface PatchedTradingTaskDetailRequest {
  /** What you call it. */
  name?: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config?: number;
  /** A dataset that you see. */
  dataset?: number;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** The replay's clock: so many bars come each second. */
  bars_per_second?: number | null;
  /** paper; live is refused as long as no venue is there. */
  mode?: string;
  /** replay: the dataset, played on a clock. */
  feed?: string;
  /** paper: the engine's own matching. */
  broker?: string;
  /** The replay's clock: so many times as fast as the bars came once; neither: as fast as it goes. */
  speed?: number | null;
  /** Close the positions before a stop, unless it says. */
  sell_on_stop?: boolean;
}

/** The figures of one calendar period, UTC. */
export interface Period {
  /** When the period begins; weeks begin on Monday. */
  start: string;
  /** Points of the equity curve in it. */
  points: number;
  /** Balance at the last point before it, or the initial balance, as "12.50"; null where it is undefined. */
  start_balance: string | null;
  /** Balance at its last point, as "12.50"; null where it is undefined. */
  end_balance: string | null;
  /** Lowest balance, as "12.50"; null where it is undefined. */
  low: string | null;
  /** Highest balance, as "12.50"; null where it is undefined. */
  high: string | null;
  /** What the balance gained, as "12.50"; null where it is undefined. */
  pnl: string | null;
  /** The same in per cent of the start balance, as "12.50"; null where it is undefined. */
  total_return: string | null;
  /** Largest fall from a peak within it, in per cent of that, as "12.50"; null where it is undefined. */
  max_drawdown: string | null;
  /** Results of the trades that were closed in it, as "12.50"; null where it is undefined. */
  realized_pnl: string | null;
  /** Trades that were closed in it. */
  total_trades: number;
  /** Of them, those with a profit. */
  winning_trades: number;
  /** Of them, those without one. */
  losing_trades: number;
}

/** A period, or where the granularity is that, a checkpoint. */
export type PeriodOrCheckpoint = Period | Checkpoint;

/** Figures by periods, ascending. */
export interface Periods {
  /** The execution. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** What a row is of. * `day` - day * `week` - week * `month` - month * `year` - year * `checkpoint` - checkpoint */
  granularity: GranularityEnum;
  /** The figures, one row each. */
  metrics: PeriodOrCheckpoint[];
  /** How many rows these are. */
  count: number;
}

/** Where an execution stands that no worker carries out. */
export interface Place {
  /** 1: the next one; null: it will not be taken up. */
  position: number | null;
  /** Why it waits. * `next` - next * `workers_busy` - workers_busy * `no_worker` - no_worker * `worker_lost` - worker_lost * `quota` - quota * `paused` - paused */
  reason: ReasonEnum;
  /** The same in words. */
  message: string;
  /** When it began to wait. */
  since: string;
}

/** The balance, marked to the market, at one time. */
export interface Point {
  /** 1, 2, 3 … without gaps. */
  sequence: number;
  /** The time in the market's data. */
  timestamp: string;
  /** In the account's currency. */
  balance: number;
}

/** One problem of one field. */
export interface Problem {
  /** Which one, within the item: /task/name. */
  pointer: string;
  /** What is wrong with it, and what would be right. */
  detail: string;
}

/** What you take of the server, and what you may. */
export interface Quota {
  /** Now. */
  usage: Usage;
  /** The most. */
  limits: Limits;
}

/** * `next` - next * `workers_busy` - workers_busy * `no_worker` - no_worker * `worker_lost` - worker_lost * `quota` - quota * `paused` - paused */
export type ReasonEnum = "next" | "workers_busy" | "no_worker" | "worker_lost" | "quota" | "paused";

/** A refresh token. */
export interface RefreshRequest {
  /** The refresh token: good for one new pair of tokens. */
  refresh: string;
}

/** A refusal: problem details (RFC 9457) that also carry the sentence as `error`. */
export interface Refusal {
  /** What is wrong, and what would be right. */
  error: string;
  /** The kind of problem, as an address. */
  type: string;
  /** The kind of problem, in words. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** The same as `error`. */
  detail: string;
  /** The kind of problem, for programs; it never changes. */
  code: string;
  /** The path that was asked for. */
  instance: string;
  /** The wrong fields or parameters, where there are any. */
  errors?: {
    /** Which one: /account/leverage. */
    pointer: string;
    /** What is wrong with it, and what would be right. */
    detail: string;
  }[];
  /** Where the fault is the server's: finds the request in its log. */
  request_id?: string;
}

/** What a new account needs. */
export interface RegisterRequest {
  /** The e-mail address of the account. */
  email: string;
  /** The password of the account. */
  password: string;
  /** What you call it. */
  name?: string;
}

/** What was compared and what was found; empty while it is under way. */
export interface Report {
  /** In words. */
  summary?: string;
  /** The fields that differ from what was recorded. */
  changed?: Changed[];
  /** How many rows it has. */
  rows?: DifferentRow[];
  /** Bars repeated, and rows that were equal. */
  compared?: Record<string, number>;
  /** What the execution is too old to have recorded. */
  unchecked?: string[];
  /** Why it cannot be run again. */
  reason?: string | null;
}

/** What a restart may say; usually nothing. */
export interface RestartRequest {
  /** A back-test cannot be restarted without. */
  clear_state?: boolean;
}

/** * `read` - Read * `trade` - Trade */
export type ScopeEnum = "read" | "trade";

/** A new API key, for the only time with its text. */
export interface ShownApiKey {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  scope: ScopeEnum;
  /** The first characters, by which its owner knows it again. */
  prefix: string;
  /** When it was made. */
  created_at: string;
  /** When it ceases to open anything; null: never. */
  expires_at: string | null;
  /** When it was revoked; null unless it was. */
  revoked_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
  /** The key itself: `Authorization: Bearer tdk_…`. It is not shown again. */
  key: string;
}

/** The documented answer to a login: `token` is the access token. */
export interface SignedIn {
  /** The access token: `Authorization: Bearer …`. */
  token: string;
  /** The refresh token: good for one new pair of tokens. */
  refresh: string;
  /** Who has signed in. */
  user: User;
}

/** What a start may say; usually nothing. */
export interface StartRequest {
  /** Answer with your newest completed execution of the same manifest, if there is one. */
  reuse?: boolean;
}

/** Which execution the task runs as; 200 when an equal one is reused, 202 when a new one was sent. */
export interface Started {
  /** The same in words. */
  message: string;
  /** The task. */
  task_id: number;
  /** The execution. */
  execution_id: number;
}

/** How far an execution is, with the newest figures. */
export interface Status {
  /** The execution. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** Whether there are any yet. */
  has_checkpoint: boolean;
  /** Null before the first. */
  checkpoint: Checkpoint | null;
  /** 1, 2, 3 … of its task. */
  execution_number: number;
  /** Where it stands. * `created` - Created * `running` - Running * `paused` - Paused * `stopped` - Stopped * `completed` - Completed * `failed` - Failed */
  status: StatusEnum;
  /** Per cent of the bars, 0 to 100. */
  progress: number;
  /** Null until a worker has taken it up. */
  started_at: string | null;
  /** Null until it is over. */
  completed_at: string | null;
  /** Why it failed; null unless it did. */
  error_message: string | null;
  /** Where it failed: file, line, bar and its time, as far as known. */
  failure: Record<string, unknown> | null;
  /** Null while a worker carries it out, and when it is over. */
  queue: Place | null;
}

/** * `created` - Created * `running` - Running * `paused` - Paused * `stopped` - Stopped * `completed` - Completed * `failed` - Failed */
export type StatusEnum = "created" | "running" | "paused" | "stopped" | "completed" | "failed";

/** The status of each, in the order in which they were asked for. */
export interface Statuses {
  /** As each execution's own status says it. */
  results: Status[];
  /** Ids of which you have no execution; another user may. */
  missing: number[];
}

/** How to stop; what is left out the task says by `sell_on_stop`. */
export interface StopRequest {
  /** immediate and graceful end it after the last written row and leave the positions open; graceful_close lets it run on until they are closed. * `immediate` - immediate * `graceful` - graceful * `graceful_close` - graceful_close */
  mode?: ModeEnum;
}

/** A named parameter set of a strategy. */
export interface StrategyConfig {
  /** The number by which it is asked for. */
  id: number;
  /** Whose it is. */
  user_id: number;
  /** What you call it. */
  name: string;
  /** The id of a strategy. */
  strategy_type: string;
  /** Those left out take their defaults. */
  parameters?: Record<string, unknown>;
  /** What you like to say of it. */
  description?: string;
  /** Whether an execution runs with it. */
  is_in_use: boolean;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
}

/** A named parameter set of a strategy. */
export interface StrategyConfigRequest {
  /** What you call it. */
  name: string;
  /** The id of a strategy. */
  strategy_type: string;
  /** Those left out take their defaults. */
  parameters?: Record<string, unknown>;
  /** What you like to say of it. */
  description?: string;
}

/** * `backtest` - Backtest * `trading` - Trading */
export type TaskTypeEnum = "backtest" | "trading";

/** A one-time pass for one WebSocket, `?ticket=…`, within so many seconds. */
export interface Ticket {
  /** Opens one WebSocket, once: `?ticket=…`. */
  ticket: string;
  /** Seconds for which it holds. */
  expires_in: number;
}

/** An access token for the API, and a refresh token for the next pair. */
export interface Tokens {
  /** The access token: `Authorization: Bearer …`. */
  access: string;
  /** The refresh token: good for one new pair of tokens. */
  refresh: string;
}

/** A round trip, written when it is closed. */
export interface Trade {
  /** 1, 2, 3 … without gaps. */
  sequence: number;
  /** instrument, direction, entry and exit with time, price and units, pnl, pips, fees, details. */
  trade: Record<string, unknown>;
  /** When it was written. */
  created_at: string;
}

/** A page of trades, ascending. */
export interface TradesPage {
  /** Whose rows they are. */
  execution_id: number;
  /** The kind of its task. * `backtest` - Backtest * `trading` - Trading */
  task_type: TaskTypeEnum;
  /** Its task. */
  task_id: number | null;
  /** How many rows match, on all pages. */
  count: number;
  /** The next page; null on the last. */
  next: string | null;
  /** The page before; null on the first. */
  previous: string | null;
  /** The rows, ascending by sequence. */
  trades: Trade[];
}

/** What a restart may say; usually nothing. */
export interface TradingRestartRequest {
  /** It begins anew; only a resumed one does not. */
  clear_state?: boolean;
}

/** A trading task; `config` and `dataset` are ids that the user can see. */
export interface TradingTask {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config: number;
  /** The id of a strategy. */
  strategy_type: string;
  /** A dataset that you see. */
  dataset: number;
  /** The symbol of the instrument. */
  instrument: string;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** The replay's clock: so many bars come each second. */
  bars_per_second?: number | null;
  /** Of the latest execution; created when there is none. */
  status: string;
  /** The newest execution; null when it was never started. */
  latest_execution: number | null;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** paper; live is refused as long as no venue is there. */
  mode?: string;
  /** replay: the dataset, played on a clock. */
  feed?: string;
  /** paper: the engine's own matching. */
  broker?: string;
  /** The replay's clock: so many times as fast as the bars came once; neither: as fast as it goes. */
  speed?: number | null;
  /** Close the positions before a stop, unless it says. */
  sell_on_stop?: boolean;
  /** Whether the latest execution is paused. */
  can_resume: boolean;
  /** Whether the latest execution has a state that it would go on from. */
  has_strategy_state: boolean;
}

/** A trading task, and how far it is behind its feed. */
export interface TradingTaskDetail {
  /** The number by which it is asked for. */
  id: number;
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config: number;
  /** The id of a strategy. */
  strategy_type: string;
  /** A dataset that you see. */
  dataset: number;
  /** The symbol of the instrument. */
  instrument: string;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** The replay's clock: so many bars come each second. */
  bars_per_second?: number | null;
  /** Of the latest execution; created when there is none. */
  status: string;
  /** The newest execution; null when it was never started. */
  latest_execution: number | null;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** paper; live is refused as long as no venue is there. */
  mode?: string;
  /** replay: the dataset, played on a clock. */
  feed?: string;
  /** paper: the engine's own matching. */
  broker?: string;
  /** The replay's clock: so many times as fast as the bars came once; neither: as fast as it goes. */
  speed?: number | null;
  /** Close the positions before a stop, unless it says. */
  sell_on_stop?: boolean;
  /** Whether the latest execution is paused. */
  can_resume: boolean;
  /** Whether the latest execution has a state that it would go on from. */
  has_strategy_state: boolean;
  /** Null while no clock goes. */
  lag: Lag | null;
}

/** A trading task, and how far it is behind its feed. */
export interface TradingTaskDetailRequest {
  /** What you call it. */
  name: string;
  /** What you like to say of it. */
  description?: string;
  /** A strategy configuration of yours. */
  config: number;
  /** A dataset that you see. */
  dataset: number;
  /** First bar, inclusive; empty: the first there is. */
  start_time?: string | null;
  /** Last bar, inclusive; empty: the last there is. */
  end_time?: string | null;
  /** Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive. */
  session?: string;
  /** Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own. */
  timeframe?: string;
  /** How many of the dataset's bars before start_time the strategy has seen when it begins. */
  warm_up_bars?: number;
  /** In the currency that the instrument settles in. */
  initial_balance?: number;
  /** Share of each fill's value: 0.001 is 0.1 %. */
  commission_rate?: number;
  /** Fixed amount for each fill. */
  commission_per_trade?: number;
  /** Amount for each unit filled. */
  commission_per_unit?: number;
  /** Least amount of the commission per unit. */
  commission_minimum?: number;
  /** Those left out cost nothing. */
  costs?: {
    maker_rate?: number | null;
    tiers?: number[][];
    spread?: number;
    slippage_ticks?: number;
    slippage_rate?: number;
    slippage_atr?: number;
    slippage_impact?: number;
    slippage_random?: number;
  };
  /** Those left out have the engine's defaults. */
  fill_rules?: {
    intrabar?: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "colour" | "counter_colour" | "nearest" | "farthest";
    exit_in_entry_bar?: boolean;
    market_at_close?: boolean;
    volume_share?: number;
    latency_bars?: number;
    latency_seconds?: number;
    compare_opposite?: boolean;
  };
  /** Those left out have the engine's defaults. */
  account?: {
    kind?: "unchecked" | "cash" | "cross" | "isolated";
    leverage?: number;
    hedging?: boolean;
    margin_call?: number;
  };
  /** Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60. */
  equity_seconds?: number | null;
  /** The replay's clock: so many bars come each second. */
  bars_per_second?: number | null;
  /** paper; live is refused as long as no venue is there. */
  mode?: string;
  /** replay: the dataset, played on a clock. */
  feed?: string;
  /** paper: the engine's own matching. */
  broker?: string;
  /** The replay's clock: so many times as fast as the bars came once; neither: as fast as it goes. */
  speed?: number | null;
  /** Close the positions before a stop, unless it says. */
  sell_on_stop?: boolean;
}

/** A file of rows, what it is, and optionally the numbers of an instrument that is new. */
export interface UploadRequest {
  /** .csv, .csv.gz or .parquet */
  file: Blob;
  /** What you call it. */
  name: string;
  /** The symbol of the instrument: EUR_USD. */
  symbol: string;
  /** What the rows of the file are. * `bars` - bars * `quote_bars` - quote bars * `ticks` - ticks */
  layout?: LayoutEnum;
  /** Of bars: 1m, 4h, 1d, or a number of seconds. Ticks have none. */
  timeframe_seconds?: string;
  /** Quotes whose ask is below their bid: refuse the file, or drop them, which the report counts. * `refuse` - refuse * `drop` - drop */
  crossed?: CrossedEnum;
  /** Where the rows come from. */
  source?: string;
  /** Under which terms the rows may be used. */
  licence?: string;
  /** Made by a generator, not by a market. */
  is_synthetic?: boolean;
  /** The kind of the instrument. */
  kind?: KindEnum;
  /** The currency that its prices are in. */
  quote_currency?: string;
  /** The smallest step of a price. */
  price_increment?: number;
  /** The step that profits are counted in: 0.0001 for most currency pairs. */
  pip_size?: number;
  /** The smallest step of a quantity. */
  quantity_step?: number;
  /** The smallest order. */
  min_quantity?: number;
  /** The largest order; null: as large as you like. */
  max_quantity?: number;
  /** Trading days of a year, for annual figures. */
  periods_per_year?: number;
  /** What one unit is worth at a price of 1. */
  multiplier?: number;
  /** Whether it is worth more, in the currency that it settles in, the lower its price. */
  is_inverse?: boolean;
  /** The currency that profits are booked in; empty: the quote currency. */
  settles_in?: string;
  /** Share of the value that a new position needs. */
  initial_margin?: number;
  /** Share of the value below which a position is liquidated. */
  maintenance_margin?: number;
  /** Share of the value that a liquidation costs on top. */
  liquidation_fee?: number;
}

/** What you have now. */
export interface Usage {
  /** Executions that a worker carries out. */
  running: number;
  /** Executions that wait for one. */
  waiting: number;
  /** Executions that are paused. */
  paused: number;
  /** All of these. */
  unfinished: number;
  /** Events, trades and equity points that are kept. */
  rows: number;
}

/** A user, as it is shown to itself. */
export interface User {
  /** The number by which it is asked for. */
  id: number;
  /** The e-mail address of the account. */
  email: string;
  /** What you call it. */
  name: string;
  /** When the account was made. */
  date_joined: string;
}

/** One verification of an execution. */
export interface Verification {
  /** The number by which it is asked for. */
  id: number;
  /** The execution. */
  execution_id: number;
  outcome?: OutcomeEnum;
  /** Per cent of the bars. */
  progress?: number;
  report: Report;
  /** When it was asked for. */
  requested_at: string;
  /** When it was over; null until then. */
  finished_at?: string | null;
}

/** Every call by its name: what goes in, and what comes out by its status. */
export interface Operations {
  /** E-mail and password for a token: the documented answer with `token` and `user` */
  sign_in: {
    method: "POST";
    url: "/api/accounts/auth/login/";
    body: LoginRequest;
    answers: { 200: SignedIn; 400: Refusal; 401: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make a refresh token worth nothing; who holds it may do so, even when the access token has expired */
  sign_out: {
    method: "POST";
    url: "/api/accounts/auth/logout/";
    body: RefreshRequest;
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** A refresh token for a new pair; the old one is worth nothing afterwards */
  create_auth_refresh: {
    method: "POST";
    url: "/api/accounts/auth/refresh/";
    body: RefreshRequest;
    answers: { 200: Tokens; 400: Refusal; 401: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make an account and sign in with it */
  register: {
    method: "POST";
    url: "/api/accounts/auth/register/";
    body: RegisterRequest;
    answers: { 201: SignedIn; 400: Refusal; 403: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** My API keys, the newest first */
  list_keys: {
    method: "GET";
    url: "/api/accounts/keys/";
    query: { page?: number; page_size?: number; };
    answers: { 200: PaginatedApiKeyList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make a key */
  create_key: {
    method: "POST";
    url: "/api/accounts/keys/";
    body: NewApiKeyRequest;
    answers: { 201: ShownApiKey; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** One of my API keys */
  get_key: {
    method: "GET";
    url: "/api/accounts/keys/{id}/";
    path: { id: number; };
    answers: { 200: ApiKey; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Revoke it */
  delete_key: {
    method: "DELETE";
    url: "/api/accounts/keys/{id}/";
    path: { id: number; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Who I am */
  get_me: {
    method: "GET";
    url: "/api/accounts/me/";
    answers: { 200: User; 400: Refusal; 401: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** A one-time pass for one WebSocket, so that no long-lived token stands in a URL */
  create_ticket: {
    method: "POST";
    url: "/api/accounts/tickets/";
    answers: { 201: Ticket; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Who changed what of yours, when and from where; the newest first */
  list_audit_entries: {
    method: "GET";
    url: "/api/audit/";
    query: { action?: string; kind?: string; page?: number; page_size?: number; subject?: number; };
    answers: { 200: PaginatedAuditEntryList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List datasets */
  list_datasets: {
    method: "GET";
    url: "/api/market/datasets/";
    query: { is_synthetic?: boolean; layout?: "bars" | "quote_bars" | "ticks"; page?: number; page_size?: number; search?: string; symbol?: string; timeframe_seconds?: number; };
    answers: { 200: PaginatedDatasetList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Create dataset */
  create_dataset: {
    method: "POST";
    url: "/api/market/datasets/";
    header: { "Idempotency-Key"?: string; };
    body: UploadRequest;
    answers: { 201: DatasetDetail; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get dataset */
  get_dataset: {
    method: "GET";
    url: "/api/market/datasets/{id}/";
    path: { id: number; };
    answers: { 200: DatasetDetail; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete dataset */
  delete_dataset: {
    method: "DELETE";
    url: "/api/market/datasets/{id}/";
    path: { id: number; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Columns of the bars from start to end, folded to at most max_points; times are seconds UTC */
  get_dataset_bars: {
    method: "GET";
    url: "/api/market/datasets/{id}/bars/";
    path: { id: number; };
    query: { end?: string; max_points?: number; start?: string; version?: number; };
    answers: { 200: Bars; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List instruments */
  list_instruments: {
    method: "GET";
    url: "/api/market/instruments/";
    query: { kind?: "crypto" | "equity" | "forex" | "future" | "index"; page?: number; page_size?: number; search?: string; symbol?: string; };
    answers: { 200: PaginatedInstrumentList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Create instrument */
  create_instrument: {
    method: "POST";
    url: "/api/market/instruments/";
    header: { "Idempotency-Key"?: string; };
    body: InstrumentRequest;
    answers: { 201: Instrument; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get instrument */
  get_instrument: {
    method: "GET";
    url: "/api/market/instruments/{id}/";
    path: { id: number; };
    answers: { 200: Instrument; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Replace instrument */
  replace_instrument: {
    method: "PUT";
    url: "/api/market/instruments/{id}/";
    path: { id: number; };
    body: InstrumentRequest;
    answers: { 200: Instrument; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete instrument */
  delete_instrument: {
    method: "DELETE";
    url: "/api/market/instruments/{id}/";
    path: { id: number; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Update instrument */
  update_instrument: {
    method: "PATCH";
    url: "/api/market/instruments/{id}/";
    path: { id: number; };
    body?: PatchedInstrumentRequest;
    answers: { 200: Instrument; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** E-mail (or username, the same) and password for an access and a refresh token */
  create_tokens: {
    method: "POST";
    url: "/api/token/";
    body: CredentialsRequest;
    answers: { 200: Tokens; 400: Refusal; 401: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** A refresh token for a new pair; the old one is worth nothing afterwards */
  create_refresh: {
    method: "POST";
    url: "/api/token/refresh/";
    body: RefreshRequest;
    answers: { 200: Tokens; 400: Refusal; 401: Refusal; 406: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List backtest tasks */
  list_backtest_tasks: {
    method: "GET";
    url: "/api/trading/backtest-tasks/";
    query: { config_id?: number; ordering?: ("-created_at" | "-id" | "-name" | "-updated_at" | "created_at" | "id" | "name" | "updated_at")[]; page?: number; page_size?: number; search?: string; status?: "completed" | "created" | "failed" | "paused" | "running" | "stopped"; strategy_type?: string; };
    answers: { 200: PaginatedBacktestTaskList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Create backtest task */
  create_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/";
    header: { "Idempotency-Key"?: string; };
    body: BacktestTaskRequest;
    answers: { 201: BacktestTask; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get backtest task */
  get_backtest_task: {
    method: "GET";
    url: "/api/trading/backtest-tasks/{id}/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: BacktestTask; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Replace backtest task */
  replace_backtest_task: {
    method: "PUT";
    url: "/api/trading/backtest-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body: BacktestTaskRequest;
    answers: { 200: BacktestTask; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete backtest task */
  delete_backtest_task: {
    method: "DELETE";
    url: "/api/trading/backtest-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Update backtest task */
  update_backtest_task: {
    method: "PATCH";
    url: "/api/trading/backtest-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body?: PatchedBacktestTaskRequest;
    answers: { 200: BacktestTask; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make a new task that says what this one says, under another name */
  copy_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/copy/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body: CopyRequest;
    answers: { 201: BacktestTask; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The executions of one task, the newest first */
  list_backtest_task_executions: {
    method: "GET";
    url: "/api/trading/backtest-tasks/{id}/executions/";
    path: { id: number; };
    query: { page?: number; page_size?: number; };
    answers: { 200: PaginatedExecutionList; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let the task's latest execution write no further row, until it is resumed */
  pause_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/pause/";
    path: { id: number; };
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Run the task again, from its first bar; only when its latest execution is over */
  restart_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/restart/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body?: RestartRequest;
    answers: { 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let the task's paused execution go on */
  resume_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/resume/";
    path: { id: number; };
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Run the task; with `reuse`, answer with an equal run of one's own instead of computing it again */
  start_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/start/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body?: StartRequest;
    answers: { 200: Started; 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** End the task's latest execution; what it wrote stays */
  stop_backtest_task: {
    method: "POST";
    url: "/api/trading/backtest-tasks/{id}/stop/";
    path: { id: number; };
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List executions */
  list_executions: {
    method: "GET";
    url: "/api/trading/executions/";
    query: { page?: number; page_size?: number; status?: "completed" | "created" | "failed" | "paused" | "running" | "stopped"; task_id?: number; task_type?: "backtest" | "trading"; };
    answers: { 200: PaginatedExecutionList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get execution */
  get_execution: {
    method: "GET";
    url: "/api/trading/executions/{id}/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: ExecutionDetail; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete execution */
  delete_execution: {
    method: "DELETE";
    url: "/api/trading/executions/{id}/";
    path: { id: number; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Manifest, figures and all rows of an execution in one zip, whose README tells what is what */
  get_execution_bundle: {
    method: "GET";
    url: "/api/trading/executions/{id}/bundle/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Blob; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Balances marked at each bar's close */
  get_execution_equity: {
    method: "GET";
    url: "/api/trading/executions/{id}/equity/";
    path: { id: number; };
    query: { end_time?: string; max_points?: number; page?: number; page_size?: number; since_sequence?: number; start_time?: string; };
    header: { "If-None-Match"?: string; };
    answers: { 200: EquityPage; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The whole equity curve as a file, or the part or the thin curve of it that is asked for */
  get_execution_equity_export: {
    method: "GET";
    url: "/api/trading/executions/{id}/equity/export/";
    path: { id: number; };
    query: { end_time?: string; format?: "arrow" | "csv" | "ndjson" | "parquet"; max_points?: number; since_sequence?: number; start_time?: string; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Blob; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** What the strategy decided, what was filled, how the execution's status changed */
  get_execution_events: {
    method: "GET";
    url: "/api/trading/executions/{id}/events/";
    path: { id: number; };
    query: { event_type?: string; page?: number; page_size?: number; since_sequence?: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: EventsPage; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** All events as a file */
  get_execution_events_export: {
    method: "GET";
    url: "/api/trading/executions/{id}/events/export/";
    path: { id: number; };
    query: { event_type?: string; format?: "arrow" | "csv" | "ndjson" | "parquet"; since_sequence?: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Blob; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** What happened to the execution, in words: when it was taken up, paused, lost its worker, why it failed */
  get_execution_logs: {
    method: "GET";
    url: "/api/trading/executions/{id}/logs/";
    path: { id: number; };
    query: { end_time?: string; level?: string; limit?: number; since_sequence?: number; start_time?: string; text?: string; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Log; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The figures of each day, week, month or year of the simulated time, or of each checkpoint, ascending */
  get_execution_metrics: {
    method: "GET";
    url: "/api/trading/executions/{id}/metrics/";
    path: { id: number; };
    query: { end_time?: string; granularity?: "checkpoint" | "day" | "month" | "week" | "year"; last_n?: number; start_time?: string; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Periods; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The newest figures */
  get_execution_metrics_latest: {
    method: "GET";
    url: "/api/trading/executions/{id}/metrics/latest/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: LatestMetrics; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let the execution write no further row, until it is resumed */
  pause_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/pause/";
    path: { id: number; };
    answers: { 200: Status; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Run its task again, as the task is now, from its first bar */
  restart_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/restart/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body?: RestartRequest;
    answers: { 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let a paused execution go on */
  resume_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/resume/";
    path: { id: number; };
    answers: { 200: Status; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let a new execution go on from the last snapshot of this one, which failed */
  retry_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/retry/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    answers: { 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** How far it is, with the newest figures: what is worth polling */
  get_execution_status: {
    method: "GET";
    url: "/api/trading/executions/{id}/status/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Status; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** End the execution; what it wrote stays */
  stop_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/stop/";
    path: { id: number; };
    answers: { 200: Status; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Follow an execution by server-sent events */
  get_execution_stream: {
    method: "GET";
    url: "/api/trading/executions/{id}/stream/";
    path: { id: number; };
    query: { since_equity?: number; since_events?: number; since_sequence?: number; since_trades?: number; streams?: string; };
    header: { "Last-Event-ID"?: string; };
    answers: { 200: string; 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Round trips, written when they are closed */
  get_execution_trades: {
    method: "GET";
    url: "/api/trading/executions/{id}/trades/";
    path: { id: number; };
    query: { direction?: "long" | "short"; instrument?: string; page?: number; page_size?: number; since_sequence?: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: TradesPage; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** All trades as a file: the members of `trade` are columns of a table */
  get_execution_trades_export: {
    method: "GET";
    url: "/api/trading/executions/{id}/trades/export/";
    path: { id: number; };
    query: { direction?: "long" | "short"; format?: "arrow" | "csv" | "ndjson" | "parquet"; instrument?: string; since_sequence?: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: Blob; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Its newest verification */
  get_execution_verify: {
    method: "GET";
    url: "/api/trading/executions/{id}/verify/";
    path: { id: number; };
    answers: { 200: Verification; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Have it verified; while that is under way, the answer is the verification under way */
  verify_execution: {
    method: "POST";
    url: "/api/trading/executions/{id}/verify/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    answers: { 202: Verification; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Start up to 100 tasks, new ones or ones that there are; each is started, or refused with nothing made */
  start_executions: {
    method: "POST";
    url: "/api/trading/executions/batch/";
    header: { "Idempotency-Key"?: string; };
    body: BatchRequest;
    answers: { 200: Outcomes; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The status of many executions; it costs about as much as one */
  list_execution_statuses: {
    method: "GET";
    url: "/api/trading/executions/statuses/";
    query: { ids: string; };
    answers: { 200: Statuses; 400: Refusal; 401: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** What you take of the server by your executions, and what you may */
  get_quota: {
    method: "GET";
    url: "/api/trading/quota/";
    answers: { 200: Quota; 400: Refusal; 401: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Every strategy that this server knows, with the schema of its parameters */
  get_strategies: {
    method: "GET";
    url: "/api/trading/strategies/";
    answers: { 200: Definitions; 400: Refusal; 401: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The default parameters of one strategy */
  get_strategy_defaults: {
    method: "GET";
    url: "/api/trading/strategies/{strategy_type}/defaults/";
    path: { strategy_type: string; };
    answers: { 200: Defaults; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List strategy configs */
  list_strategy_configs: {
    method: "GET";
    url: "/api/trading/strategy-configs/";
    query: { page?: number; page_size?: number; search?: string; strategy_type?: string; };
    answers: { 200: PaginatedStrategyConfigList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Create strategy config */
  create_strategy_config: {
    method: "POST";
    url: "/api/trading/strategy-configs/";
    header: { "Idempotency-Key"?: string; };
    body: StrategyConfigRequest;
    answers: { 201: StrategyConfig; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get strategy config */
  get_strategy_config: {
    method: "GET";
    url: "/api/trading/strategy-configs/{id}/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: StrategyConfig; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Replace strategy config */
  replace_strategy_config: {
    method: "PUT";
    url: "/api/trading/strategy-configs/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body: StrategyConfigRequest;
    answers: { 200: StrategyConfig; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete strategy config */
  delete_strategy_config: {
    method: "DELETE";
    url: "/api/trading/strategy-configs/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Update strategy config */
  update_strategy_config: {
    method: "PATCH";
    url: "/api/trading/strategy-configs/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body?: PatchedStrategyConfigRequest;
    answers: { 200: StrategyConfig; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make a new configuration with the same parameters, under another name */
  copy_strategy_config: {
    method: "POST";
    url: "/api/trading/strategy-configs/{id}/copy/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body: CopyRequest;
    answers: { 201: StrategyConfig; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** List trading tasks */
  list_trading_tasks: {
    method: "GET";
    url: "/api/trading/trading-tasks/";
    query: { config_id?: number; ordering?: ("-created_at" | "-id" | "-name" | "-updated_at" | "created_at" | "id" | "name" | "updated_at")[]; page?: number; page_size?: number; search?: string; status?: "completed" | "created" | "failed" | "paused" | "running" | "stopped"; strategy_type?: string; };
    answers: { 200: PaginatedTradingTaskList; 400: Refusal; 401: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Create trading task */
  create_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/";
    header: { "Idempotency-Key"?: string; };
    body: TradingTaskDetailRequest;
    answers: { 201: TradingTaskDetail; 400: Refusal; 401: Refusal; 403: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Get trading task */
  get_trading_task: {
    method: "GET";
    url: "/api/trading/trading-tasks/{id}/";
    path: { id: number; };
    header: { "If-None-Match"?: string; };
    answers: { 200: TradingTaskDetail; 304: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Replace trading task */
  replace_trading_task: {
    method: "PUT";
    url: "/api/trading/trading-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body: TradingTaskDetailRequest;
    answers: { 200: TradingTaskDetail; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Delete trading task */
  delete_trading_task: {
    method: "DELETE";
    url: "/api/trading/trading-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    answers: { 204: undefined; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Update trading task */
  update_trading_task: {
    method: "PATCH";
    url: "/api/trading/trading-tasks/{id}/";
    path: { id: number; };
    header: { "If-Match"?: string; };
    body?: PatchedTradingTaskDetailRequest;
    answers: { 200: TradingTaskDetail; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 412: Refusal; 413: Refusal; 415: Refusal; 428: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Make another task with the same terms */
  copy_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/copy/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body: CopyRequest;
    answers: { 201: TradingTaskDetail; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** The executions of one task, the newest first */
  list_trading_task_executions: {
    method: "GET";
    url: "/api/trading/trading-tasks/{id}/executions/";
    path: { id: number; };
    query: { page?: number; page_size?: number; };
    answers: { 200: PaginatedExecutionList; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let the task's latest execution write no further row, and its clock rest, until it is resumed */
  pause_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/pause/";
    path: { id: number; };
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Trade again, from the first bar; only when the latest execution is over */
  restart_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/restart/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    body?: TradingRestartRequest;
    answers: { 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Let the task's paused execution go on where it was */
  resume_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/resume/";
    path: { id: number; };
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** Trade: a new execution, whose feed begins when a worker takes it up */
  start_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/start/";
    path: { id: number; };
    header: { "Idempotency-Key"?: string; };
    answers: { 202: Started; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 503: Refusal; };
  };
  /** End the task's latest execution, with its positions closed before where that is wanted */
  stop_trading_task: {
    method: "POST";
    url: "/api/trading/trading-tasks/{id}/stop/";
    path: { id: number; };
    body?: StopRequest;
    answers: { 200: Moved; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 406: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 429: Refusal; 503: Refusal; };
  };
}
