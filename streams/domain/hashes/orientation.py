"""The eight mirror and quarter-turn forms of a picture, as numbers that can be composed. No pixels, no hashes.

A turn is three bits: 4 says that the picture is transposed (mirrored at the diagonal from its top left), 1 that it is
then mirrored left to right, 2 that it is then mirrored top to bottom. They are the dihedral group of the square.
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
"""By turn; 90 degrees are clockwise. The two mirrored at a diagonal are a quarter turn, then mirrored left to right."""


def _flips_through_transpose(orientation: int) -> int:
    """Flips that do before a transpose what `orientation`'s flips do after it: left-right becomes top-bottom."""
    return (orientation & LEFT_RIGHT) << 1 | (orientation & TOP_BOTTOM) >> 1


def compose(second: int, first: int) -> int:
    """The turn that does `first` and then `second`."""
    flips = _flips_through_transpose(first) if second & TRANSPOSED else first & 3
    return ((second & 3) ^ flips) | ((second ^ first) & TRANSPOSED)


def inverse(orientation: int) -> int:
    """The turn that undoes `orientation`."""
    return TRANSPOSED | _flips_through_transpose(orientation) if orientation & TRANSPOSED else orientation


def orientation_between(known: int, copy: int) -> int:
    """What was done to the known picture, if `known` of it looks like `copy` of the copy."""
    return compose(inverse(copy & 7), known & 7)


def orient_point(point: tuple[float, float], orientation: int) -> tuple[float, float]:
    """Where a point (from the left, from the top; shares of width and height) lies once its picture is turned."""
    across, down = point[::-1] if orientation & TRANSPOSED else point
    return (1 - across if orientation & LEFT_RIGHT else across), (1 - down if orientation & TOP_BOTTOM else down)
