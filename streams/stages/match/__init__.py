"""What the match stage keeps in memory of its partitions."""
