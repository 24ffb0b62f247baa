"""Benchmarks: `make bench` (all, minutes), `make bench-quick` (a smoke run), `make chaos` (failover).

Each file measures one thing and returns figures; report.py prints them beside the targets of the project.
Nothing here is asserted by the test suite: a machine's noise is not a bug.
"""
