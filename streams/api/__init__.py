"""HTTP of a worker. Nothing here decides anything."""
