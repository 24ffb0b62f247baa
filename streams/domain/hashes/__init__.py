"""Hash algorithms, views and orientations: what is hashed and how hashes are packed."""
