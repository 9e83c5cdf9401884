"""Maintenance: one file per function, fired by cron; api/cron exposes each to the platform."""
