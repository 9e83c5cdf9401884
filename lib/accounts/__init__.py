"""Accounts and sessions: registering, logging in, refreshing, logging out."""
