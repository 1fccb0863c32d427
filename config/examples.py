"""A request of each kind, as the API's description shows it; every one is sent to the server by a test.

By the name of the body's shape. Ids are those of the reader's own things.
"""

from typing import Any

TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"  # noqa: S105 - an example

BODIES: dict[str, dict[str, Any]] = {
    "BacktestTask": {
        "The least that is needed": {"name": "SMA cross on EUR/USD", "config": 1, "dataset": 1},
        "With costs and an account": {
            "name": "SMA cross, costs counted",
            "config": 1,
            "dataset": 1,
            "timeframe": "5m",
            "initial_balance": 25_000,
            "commission_rate": 0.0002,
            "costs": {"spread": 0.0001},
            "fill_rules": {},
            "account": {"kind": "cross", "leverage": 10},
        },
    },
    "Copy": {"Under another name": {"new_name": "fast cross, again"}},
    "Credentials": {"By e-mail": {"email": "ada@example.org", "password": "a long walk by the sea"}},
    "Instrument": {
        "A currency pair": {
            "symbol": "EUR_USD",
            "name": "Euro in US dollars",
            "kind": "forex",
            "quote_currency": "USD",
            "price_increment": 0.00001,
            "pip_size": 0.0001,
        }
    },
    "Login": {"By e-mail": {"email": "ada@example.org", "password": "a long walk by the sea"}},
    "NewApiKey": {"A key for a notebook that only reads": {"name": "my notebook", "scope": "read"}},
    "Refresh": {"The token of the last answer": {"refresh": TOKEN}},
    "Register": {
        "A new account": {"email": "ada@example.org", "password": "a long walk by the sea", "name": "Ada Lovelace"}
    },
    "Restart": {"From its first bar": {"clear_state": True}},
    "Start": {"Afresh": {}, "Or an equal run, where there is one": {"reuse": True}},
    "Stop": {"As the task says": {}, "With the positions closed": {"mode": "graceful_close"}},
    "StrategyConfig": {
        "A fast crossing": {
            "name": "fast cross",
            "strategy_type": "sma_cross",
            "parameters": {"fast": 5, "slow": 20},
            "description": "For minutes.",
        }
    },
    "TradingRestart": {"From its first bar": {"clear_state": True}},
    "TradingTaskDetail": {
        "A day of data in 24 minutes": {"name": "SMA cross on paper", "config": 1, "dataset": 1, "speed": 60},
    },
    "Upload": {
        "A file of minutes": {
            "file": "minutes.csv",
            "name": "EUR/USD minutes",
            "symbol": "EUR_USD",
            "timeframe_seconds": "1m",
            "kind": "forex",
            "price_increment": 0.00001,
            "pip_size": 0.0001,
        }
    },
}
