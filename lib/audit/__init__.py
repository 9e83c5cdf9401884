"""The record of who did what: written with the change itself, kept in MongoDB, read by owners."""
