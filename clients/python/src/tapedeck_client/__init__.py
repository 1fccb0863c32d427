"""A client for Tapedeck servers: run back-tests, read and follow their tapes."""

from tapedeck_client.authentication import ApiKey, Authentication, TokenAuthentication, Tokens
from tapedeck_client.client import AsyncTapedeck, Tapedeck
from tapedeck_client.errors import (
    AccessDenied,
    BadAnswer,
    Conflict,
    Invalid,
    MissingPackage,
    NotFound,
    NotSignedIn,
    Refused,
    ServerFailed,
    TapedeckError,
    TimedOut,
    TooManyRequests,
    Unreachable,
)
from tapedeck_client.exchange import Patience
from tapedeck_client.following import Intervals
from tapedeck_client.records import EquityPoint, EventRow, Status, Trade, TradeRow
from tapedeck_client.version import __version__

__all__ = [
    "AccessDenied",
    "ApiKey",
    "AsyncTapedeck",
    "Authentication",
    "BadAnswer",
    "Conflict",
    "EquityPoint",
    "EventRow",
    "Intervals",
    "Invalid",
    "MissingPackage",
    "NotFound",
    "NotSignedIn",
    "Patience",
    "Refused",
    "ServerFailed",
    "Status",
    "Tapedeck",
    "TapedeckError",
    "TimedOut",
    "TokenAuthentication",
    "Tokens",
    "TooManyRequests",
    "Trade",
    "TradeRow",
    "Unreachable",
    "__version__",
]
