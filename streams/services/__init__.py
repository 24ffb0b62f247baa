"""Use cases: submit media, wait for decisions, explain a match, check a set-up. For the command line and the API alike.

A service takes settings and values, and returns frozen dataclasses. Nothing here imports click, rich or a web
framework: `streams.cli` lays out what a person reads in a terminal, `streams.drawing` draws the pictures.
"""
