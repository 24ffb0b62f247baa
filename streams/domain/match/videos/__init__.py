"""Near duplicates among videos."""
