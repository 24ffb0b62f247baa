"""Readers that join no group and commit nothing: of decisions, submissions, fingerprints and dead letters."""
