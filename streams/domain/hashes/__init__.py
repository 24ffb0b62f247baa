"""Hash algorithms, views and orientations: the parts to hash, and how hashes are packed."""
