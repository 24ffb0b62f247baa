"""The levels: how many views of a picture are compared. Which views, is in views.py."""

from __future__ import annotations

from typing import Final, Literal, get_args

Level = Literal["plain", "standard", "deep"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
LEVEL_NUMBERS: Final[dict[Level, int]] = {level: number for number, level in enumerate(LEVELS)}
"""The first index of the tables in views.py."""
