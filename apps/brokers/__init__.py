"""Venues and their accounts: credentials, feeds and order routing."""
