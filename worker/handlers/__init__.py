"""The job kinds that ship: one file each."""
