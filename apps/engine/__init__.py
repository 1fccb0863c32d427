"""The engine: market data and a strategy in, rows out. It knows no database, no network and no clock."""

# What a snapshot and a manifest name. It rises whenever the same inputs may give other rows or another state.
ENGINE_VERSION = "1"
