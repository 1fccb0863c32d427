"""The settings that limit how often somebody may ask, and what turns all of them off."""

LIMITS = (
    *("RATE_LIMIT_STANDARD", "RATE_LIMIT_REALTIME", "RATE_LIMIT_PAGES"),
    *("SIGN_IN_TRIES", "SIGN_IN_TRIES_PER_ADDRESS"),
)
NO_LIMITS = dict.fromkeys(LIMITS, "0")
"""One address makes all calls of the tests; the tests of the limits set their own."""
