"""A picture to its hashes."""
