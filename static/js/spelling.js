// Numbers and times as the server's templates spell them: digits stay as the API sends them.

export const MISSING = "–";
const isMissing = (number) => number === null || number === undefined || number === "";

/** "-12345.60" as "−12,345.60"; nothing as a dash. */
export function grouped(number) {
  if (isMissing(number)) return MISSING;
  const spelled = String(number);
  const text = spelled.includes("e") ? Number(number).toFixed(10).replace(/\.?0+$/, "") : spelled;
  const [whole, fraction] = text.replace("-", "").split(".");
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (text.startsWith("-") ? "−" : "") + thousands + (fraction === undefined ? "" : `.${fraction}`);
}

/** `grouped` with a plus before what is above zero. */
export const signed = (number) => (!isMissing(number) && Number(number) > 0 ? "+" : "") + grouped(number);

/** The class that colours a gain or a loss. */
export const tone = (number) => (Number(number) > 0 ? "gain" : Number(number) < 0 ? "loss" : "");

/** "2017-05-03T10:00:00Z" as "2017-05-03 10:00". */
export const moment = (iso) => (iso ? iso.slice(0, 16).replace("T", " ") : MISSING);

/** Seconds since 1970 as "2017-05-03 10:00". */
export const momentOf = (seconds) => moment(new Date(seconds * 1000).toISOString());

/** 65 as "1 min 05 s". */
export function elapsed(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.floor(seconds % 60);
  const two = (number) => String(number).padStart(2, "0");
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return minutes ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}

/** "trade_executed" as "Trade executed". */
export function words(name) {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** {side: "buy", units: 10, price: "1.2", fee: "0.10"} as "buy 10 at 1.2, fee 0.10". */
export function told(event) {
  const { side, signal, ...rest } = event;
  if (rest.from && rest.to) return `${rest.from} → ${rest.to}`;
  const deed = side ?? signal;
  const parts = [];
  if (deed && "units" in rest && "price" in rest) {
    parts.push(`${deed} ${grouped(rest.units)} at ${rest.price}`);
    delete rest.units;
    delete rest.price;
  }
  for (const [name, value] of Object.entries(rest)) {
    if (!isMissing(value)) parts.push(`${name.replaceAll("_", " ")} ${plain(value)}`);
  }
  return parts.join(", ");
}

const plain = (value) => (typeof value === "number" ? grouped(value) : String(value).replaceAll("_", " "));

/** A figure of the API as [number, "%" or nothing]; `form` is one of apps/dashboard/figures.py. */
export function figure(value, form) {
  if (isMissing(value)) return [MISSING, ""];
  const number = form === "change" || form === "gain" ? signed(value) : grouped(value);
  return [number, form === "change" || form === "percent" ? "%" : ""];
}
