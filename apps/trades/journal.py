"""The trades journal: closed round trips."""

from apps.journal.journal import RowJournal
from apps.trades.models import Trade

trades = RowJournal(name="trades", model=Trade, head_field="trades_head", columns=("instrument", "direction"))
