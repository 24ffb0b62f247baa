"""The eight orientations of a picture, mirrored and turned by quarters, as numbers that can be composed.

An orientation is three bits: 4, the picture is transposed (mirrored at the diagonal from its top left); 1, it is then
mirrored left to right; 2, it is then mirrored top to bottom. They form the dihedral group of the square.
"""

from __future__ import annotations

UPRIGHT = 0
LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED = 1, 2, 4
ORIENTATION_COUNT = 8

ORIENTATION_NAMES: tuple[str, ...] = (
    "none",
    "mirrored",
    "flipped",
    "turned_180",
    "turned_90+mirrored",
    "turned_90",
    "turned_270",
    "turned_270+mirrored",
)
"""By orientation; 90 degrees are clockwise. A mirror at a diagonal is a quarter turn, then a mirror left to right."""


def _flips_through_transpose(orientation: int) -> int:
    """Flips that do before a transpose what these flips do after it: left-right becomes top-bottom."""
    return (orientation & LEFT_RIGHT) << 1 | (orientation & TOP_BOTTOM) >> 1


def compose(second: int, first: int) -> int:
    """The orientation after `first` and then `second`."""
    flips = _flips_through_transpose(first) if second & TRANSPOSED else first & 3
    return ((second & 3) ^ flips) | ((second ^ first) & TRANSPOSED)


def inverse(orientation: int) -> int:
    """The orientation that undoes this one."""
    return TRANSPOSED | _flips_through_transpose(orientation) if orientation & TRANSPOSED else orientation


def orientation_between(known: int, copy: int) -> int:
    """The change of the known picture, if it looks in orientation `known` like the copy in orientation `copy`."""
    return compose(inverse(copy & 7), known & 7)


def orient_point(point: tuple[float, float], orientation: int) -> tuple[float, float]:
    """Where a point (shares of width from the left, of height from the top) lies in the oriented picture."""
    across, down = point[::-1] if orientation & TRANSPOSED else point
    return (1 - across if orientation & LEFT_RIGHT else across), (1 - down if orientation & TOP_BOTTOM else down)
