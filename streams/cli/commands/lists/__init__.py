"""Hash lists: import, export, show, drop, and the release of an entry."""
