"""Matching: from fingerprints and state to decisions. ranking.py decides which of two candidates wins."""
