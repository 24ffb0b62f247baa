"""The tree of errors is the one that its docstring draws."""

from __future__ import annotations

import re

from streams import errors
from streams.errors import MediasieveError


def drawn() -> list[tuple[int, str]]:
    """Depth and name of every error, as the docstring draws them."""
    lines = (errors.__doc__ or "").splitlines()
    found = [re.match(r"((?:[│├└─ ]{4})*)([A-Z]\w+)(?: {2,}|$)", line) for line in lines]
    return [(len(match[1]) // 4, match[2]) for match in found if match]


def declared(error: type[MediasieveError], depth: int = 0) -> list[tuple[int, str]]:
    children = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    return [(depth, error.__name__), *(line for child in children for line in declared(child, depth + 1))]


def test_the_docstring_draws_the_tree() -> None:
    assert drawn() == declared(MediasieveError)


def test_every_error_says_what_it_means() -> None:
    assert [error for error in vars(errors).values() if isinstance(error, type) and not error.__doc__] == []
