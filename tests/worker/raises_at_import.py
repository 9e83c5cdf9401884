"""A module that can't be imported."""

raise RuntimeError("secret-of-the-import")
