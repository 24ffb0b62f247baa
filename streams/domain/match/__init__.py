"""Fingerprints and state to decisions: what is new, what is a copy, and of what."""
