"""Words on pictures that are no paper: captions, sayings on photos, cards with a portrait.

find.py      where there are words, and their ink
words.py     the same as bytes
compare.py   whether two aligned pictures have other words in the same places
"""
