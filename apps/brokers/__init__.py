"""Where market rows come from, and where orders go: a feed and a broker each behind one interface."""
