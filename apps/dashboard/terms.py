"""The terms of a run in plain words: who carried it, what it cost, how bars filled it, how sure its result is."""

from collections.abc import Mapping
from typing import Any

INTRABAR = {
    "pessimistic": "the worst, stops before targets",
    "optimistic": "the best, targets before stops",
    "ohlc": "open, high, low, close",
    "olhc": "open, low, high, close",
    "colour": "a rising bar falls first, a falling one rises first",
    "counter_colour": "a rising bar rises first, a falling one falls first",
    "nearest": "the extreme nearer to the open first",
    "farthest": "the extreme farther from the open first",
}
"""What each rule takes to have happened between a bar's open and its close."""

ACCOUNT_KINDS = {
    "unchecked": "not checked, every order is carried",
    "cash": "cash, what is bought is paid in full and nothing is sold short",
    "cross": "margin, with all equity behind all positions",
    "isolated": "margin, with its own behind each position",
}
"""What stands behind an order, by the kind of account."""
ON_MARGIN = ("cross", "isolated")


def currency_of(manifest: Mapping[str, Any]) -> str:
    """The currency of a run's balance and of all its figures."""
    instrument = manifest["instrument"]
    return str(instrument.get("settles_in") or instrument["quote_currency"])


def account(manifest: Mapping[str, Any]) -> list[str]:
    """Who carried the positions, a sentence each; what an older manifest does not say is as the engine has it."""
    terms, margins = manifest["account"], manifest["instrument"]
    kind = str(terms.get("kind", "unchecked"))
    sentences = [capital(ACCOUNT_KINDS.get(kind, kind))]
    if kind in ON_MARGIN:
        leverage = terms.get("leverage")
        initial, maintenance = margins.get("initial_margin", 1.0) * 100, margins.get("maintenance_margin", 0.0) * 100
        sentences += [
            f"Leverage of {leverage:g}" if leverage else f"Initial margin of {initial:.6g} % of the value",
            f"Maintenance margin of {maintenance:.6g} % of the value",
            _said(margins.get("liquidation_fee"), "Liquidations cost {:.6g} % of the value", 100),
            _said(terms.get("margin_call"), "Margin calls below {:.6g} % of the initial margin", 100),
        ]
    if terms.get("hedging"):
        sentences.append("Long and short positions are held side by side")
    return [sentence for sentence in sentences if sentence]


def shortage(metrics: Mapping[str, Any], margin_calls: int) -> str:
    """How often the account could not carry its positions; empty when it always could."""
    liquidations = metrics.get("liquidations") or 0
    told = [
        f"{count:,} {name if count == 1 else name + 's'}"
        for count, name in ((liquidations, "liquidation"), (margin_calls, "margin call"))
        if count
    ]
    return f"The account ran short of margin: {' and '.join(told)}." if told else ""


def costs(manifest: Mapping[str, Any], currency: str) -> str:
    """The costs of a manifest in a sentence; none are said to be none, and so is what an older one leaves out."""
    rate, maker = manifest.get("commission_rate"), manifest.get("maker_rate")
    parts = [
        _said(rate, "{:.6g} % of the value", 100),
        f"{maker * 100:.6g} % of the value for makers" if maker is not None else "",
        _said(manifest.get("commission_fixed"), f"{{:.6g}} {currency} a fill"),
        _said(manifest.get("commission_per_unit"), f"{{:.6g}} {currency} a unit"),
        _said(manifest.get("commission_minimum"), f"at least {{:.6g}} {currency}"),
        *(
            f"from a traded value of {start:.6g} {currency} on {taker * 100:.6g} %, for makers {making * 100:.6g} %"
            for start, making, taker in manifest.get("tiers", ())
        ),
        _said(manifest.get("spread"), f"half of a spread of {{:.6g}} {currency}"),
        _said(manifest.get("slippage_ticks"), "slippage of {:.6g} price increments"),
        _said(manifest.get("slippage_rate"), "slippage of {:.6g} % of the price", 100),
        _said(manifest.get("slippage_atr"), "slippage of {:.6g} % of the mean true range", 100),
        _said(manifest.get("slippage_impact"), "market impact of {:.6g}"),
        _said(manifest.get("slippage_random"), "random slippage of up to {:.6g} % of the price", 100),
    ]
    return " + ".join(filter(None, parts)) or "none: commission-free, no spread, no slippage"


def fills(rules: Mapping[str, Any] | None) -> list[str]:
    """The fill rules of a manifest, a sentence each; None, of an older manifest, are the defaults of the engine."""
    rules = rules or {}
    at_close = "at the close at which they are given" if rules.get("market_at_close") else "at the open of the next bar"
    intrabar = str(rules.get("intrabar", "pessimistic"))
    share, latency = rules.get("volume_share"), rules.get("latency_bars")
    sentences = [
        f"Market orders fill {at_close}",
        f"Inside a bar: {INTRABAR.get(intrabar, intrabar)}",
        "" if rules.get("exit_in_entry_bar", True) else "Stops and targets work from the bar after their entry",
        _said(share, "All fills in a bar take at most {:.6g} % of its volume", 100),
        f"Orders reach the market {_bars(latency)} later" if latency else "",
        _said(rules.get("latency_seconds"), "Orders reach the market {:.6g} seconds later"),
    ]
    return [sentence for sentence in sentences if sentence]


def doubt(metrics: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """How many bars left open what filled first, and what the equity would be otherwise; empty when there were none."""
    bars = metrics.get("ambiguous_bars")
    if not bars:
        return ""
    told = f"In {_bars(bars)} it was not clear what filled first: the fill rules decided."
    opposite, currency = metrics.get("opposite_equity"), currency_of(manifest)
    if opposite is not None:
        equity = metrics["final_equity"]
        return f"{told} Under the opposite rule the equity would be {opposite:,.2f} {currency}, not {equity:,.2f}."
    if manifest.get("rules", {}).get("compare_opposite", True):
        return f"{told} Under the opposite rule the strategy fails."
    return f"{told} What the equity would be under the opposite rule was not asked for."


def _said(amount: float | None, sentence: str, scale: float = 1.0) -> str:
    return sentence.format(amount * scale) if amount else ""


def capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count:,} bars"
