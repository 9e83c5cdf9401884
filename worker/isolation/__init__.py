"""Isolated kinds: handlers in processes of their own, which can be stopped and are bounded."""
