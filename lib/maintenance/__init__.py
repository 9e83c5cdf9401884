"""The runs of maintenance functions: what each did last, and which of them are late."""
