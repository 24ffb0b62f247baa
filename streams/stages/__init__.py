"""What the stages own beside their pure decision: threads, caches, indexes in memory."""
