"""The match stage without its decision: decoding of records, indexes in memory, compilation at the start."""
