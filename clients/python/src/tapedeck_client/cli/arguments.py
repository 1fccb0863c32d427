"""What can be said on the command line."""

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tapedeck_client.cli import accounts, backtests, files, reports
from tapedeck_client.tape import JOURNALS

ENVIRONMENT = """\
environment: TAPEDECK_URL, the server; TAPEDECK_TOKEN, an access token in place of `tapedeck login`.
exit codes: 0 done; 1 the run failed or was stopped; 2 the command was not understood; 3 the server refused, or
another error; 4 not signed in; 5 the server does not answer; 130 interrupted."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="tapedeck",
        description="Run back-tests on a Tapedeck server.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--url", help="the server's address (default: TAPEDECK_URL, else where you signed in)")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_accounts(commands)
    backtest = commands.add_parser("backtest", help="run, watch, list, compare, export back-tests")
    parts = backtest.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(parts)
    _add_reading(parts)
    return top


def _add_accounts(commands: Any) -> None:
    login = commands.add_parser("login", help="sign in and keep the tokens in ~/.config/tapedeck")
    login.add_argument("--email", help="asked for when it is left out")
    login.set_defaults(command=accounts.login)
    logout = commands.add_parser("logout", help="forget the tokens, here and on the server")
    logout.set_defaults(command=accounts.logout)


def _add_run(parts: Any) -> None:
    run = parts.add_parser("run", help="run a strategy on a dataset and show the result")
    run.add_argument("strategy", help="its type, for instance sma_cross")
    run.add_argument("-d", "--dataset", required=True, help="id or name")
    run.add_argument(
        "-p", "--parameter", action="append", default=[], type=_assignment, metavar="NAME=VALUE", dest="parameters"
    )
    run.add_argument("--from", type=_moment, dest="start", metavar="TIME", help="first bar, inclusive; UTC")
    run.add_argument("--to", type=_moment, dest="end", metavar="TIME", help="last bar, inclusive; UTC")
    run.add_argument("--cash", type=float, help="initial balance")
    run.add_argument(
        "-s", "--set", action="append", default=[], type=_assignment, metavar="NAME=VALUE", dest="terms",
        help="any other member of a back-test task, for instance commission_rate=0.001",
    )  # fmt: skip
    run.add_argument("--name", help="of the task (default: made of the strategy and the time)")
    run.add_argument("--detach", action="store_true", help="only start it; prints the execution's number")
    run.set_defaults(command=backtests.run)


def _add_reading(parts: Any) -> None:
    watch = parts.add_parser("watch", help="wait for the end of an execution and show the result")
    watch.add_argument("execution", type=int)
    watch.set_defaults(command=backtests.watch)

    verify = parts.add_parser("verify", help="have an execution repeated, and compare every row")
    verify.add_argument("execution", type=int)
    verify.set_defaults(command=backtests.verify)

    listing = parts.add_parser("list", help="your executions, newest first")
    listing.add_argument("--status", choices=("created", "running", "paused", "stopped", "completed", "failed"))
    listing.add_argument("-n", "--count", type=_count, default=20)
    listing.set_defaults(command=reports.listing)

    compare = parts.add_parser("compare", help="two or more executions side by side")
    compare.add_argument("first", type=int, metavar="execution")
    compare.add_argument("others", type=int, nargs="+", metavar="execution")
    compare.set_defaults(command=reports.compare)

    export = parts.add_parser("export", help="the rows of an execution as a file")
    export.add_argument("execution", type=int)
    export.add_argument("-j", "--journal", choices=tuple(JOURNALS), default="trades")
    export.add_argument("-f", "--format", choices=("csv", "ndjson", "parquet", "arrow"), default="csv")
    export.add_argument("-o", "--output", type=Path, help="written when it is complete (default: standard output)")
    export.set_defaults(command=files.export)

    bundle = parts.add_parser("bundle", help="all of an execution as one zip")
    bundle.add_argument("execution", type=int)
    bundle.add_argument("-o", "--output", type=Path, help="written when it is complete (default: standard output)")
    bundle.set_defaults(command=files.bundle)


def _assignment(text: str) -> tuple[str, Any]:
    """`fast=10` as a name and a JSON value; what is no JSON is taken as text."""
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-01-12 or 2026-01-12T10:00:00Z") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
