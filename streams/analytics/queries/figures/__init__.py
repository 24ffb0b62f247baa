"""The figures of a collection, or of all: how much, how fast, how sure, and what failed."""
