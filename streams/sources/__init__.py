"""Fetches the bytes of submissions, under limits. Start at fetch.py; one module for each kind of source."""
