"""Near duplicates among pictures."""
