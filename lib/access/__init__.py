"""Who may do what: one table of permissions, the roles it speaks of, and their look-up."""
