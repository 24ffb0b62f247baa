"""The match stage beside its decision: records, indexes in memory, and what is compiled at the start."""
