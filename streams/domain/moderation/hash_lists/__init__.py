"""Contents that are known by their hashes. What an event about lists changes, and what lists say about a content.

listable.py  the hashes of a content that entries are compared with
index.py     the entries of a list in memory, and which of them a content matches
lists.py     the lists of a collection in memory, read from the state when they change
judge.py     what the lists say about a content: verdicts, negative, quarantine
standing.py  writes these verdicts to the content's group
events.py    applies an event about a list
walk.py      judges all known contents again after a list changed
sweep.py     what remains of former lists and imports
"""
