"""What moderators do: verdicts and corrections, the queue, hash lists, deletions, answers of services."""
