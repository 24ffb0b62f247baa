"""What people say about contents: verdicts, corrections, deletions, hash lists, moderators."""
