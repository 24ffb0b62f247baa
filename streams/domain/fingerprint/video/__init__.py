"""A video to the hashes of its frames."""
