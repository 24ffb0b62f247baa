"""Affine maps between the pixels of two pictures: steps of hill climbing, change of size, the inverse.

A map is six int64 in 1/PIXEL: x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5. Centres of pixels have whole coordinates.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

PIXEL: Final = 1 << 12
"""Positions are in 1/4,096 of a pixel."""

NUMBERS: Final = 6
"""Numbers of a map."""

LARGEST: Final = 1 << 23
"""Numbers of maps are smaller: the place of a pixel fits in 32 bits."""


@compiled()
def nudge(m: Any, number: int, change: int, width: int, height: int) -> None:
    """Change one of the six numbers of a map.

    Args:
        number: 0 and 1 shift to the right and down; 2 to 5 change an entry of the matrix, about the middle.
        change: of the shift; of an entry, how far the edge moves. In 1/PIXEL.
        width, height: of the picture that is mapped.
    """
    if number < 2:
        m[2 + 3 * number] += change
        return
    at = (0, 4, 1, 3)[number - 2]
    side = width if at in (0, 3) else height
    slope = 2 * change // side
    m[at] += slope
    m[2 if at < 2 else 5] -= slope * (side - 1) // 2


@compiled()
def finer(m: Any) -> None:
    """Make a map between pictures one between pictures of twice the size."""
    m[2] = 2 * m[2] + PIXEL // 2 - (m[0] + m[1]) // 2
    m[5] = 2 * m[5] + PIXEL // 2 - (m[3] + m[4]) // 2


@compiled()
def coarser(m: Any) -> None:
    """Make a map between pictures one between pictures of half the size."""
    m[2] = ((m[0] + m[1]) // 2 + m[2] - PIXEL // 2) // 2
    m[5] = ((m[3] + m[4]) // 2 + m[5] - PIXEL // 2) // 2


@compiled()
def is_bounded(m: Any) -> Any:
    """Whether all numbers of a map are below LARGEST. No map between pictures that share anything has larger ones."""
    furthest = np.int64(0)
    for number in range(NUMBERS):
        furthest = max(furthest, abs(m[number]))
    return furthest < LARGEST


@compiled()
def copy_map(source: Any, target: Any) -> None:
    """Copy the numbers of a map. numba compiles an assignment of arrays for seconds."""
    for at in range(len(source)):
        target[at] = source[at]


@compiled()
def invert(m: Any, inverse: Any) -> Any:
    """The map from query to known pixels. False, and nothing of use written, where there is none."""
    determinant = m[0] * m[4] - m[1] * m[3]
    if determinant == 0:
        return False
    scale = PIXEL * PIXEL
    inverse[0], inverse[1] = m[4] * scale // determinant, -m[1] * scale // determinant
    inverse[3], inverse[4] = -m[3] * scale // determinant, m[0] * scale // determinant
    inverse[2], inverse[5] = 0, 0
    if not is_bounded(inverse):
        return False
    inverse[2] = -(inverse[0] * m[2] + inverse[1] * m[5]) // PIXEL
    inverse[5] = -(inverse[3] * m[2] + inverse[4] * m[5]) // PIXEL
    return is_bounded(inverse)
