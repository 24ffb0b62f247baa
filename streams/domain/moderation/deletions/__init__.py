"""Deletes submissions from the state of a partition, and answers for those that were deleted."""
