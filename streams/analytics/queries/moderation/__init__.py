"""Questions about verdicts, hash lists, deletions and saved calls."""
