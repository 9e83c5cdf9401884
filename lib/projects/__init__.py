"""Projects: what people in a workspace work on together."""
