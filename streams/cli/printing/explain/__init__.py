"""Prints why two files match or do not."""
