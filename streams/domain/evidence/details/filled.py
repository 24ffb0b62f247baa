"""What is no part of an aligned pair's pictures: bars, corners around a turned picture, what strong light has clipped.

A flat ground that one picture has and the other has not is none of these: something was added to it, or taken away.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.hamming.jit import compiled

TURNED: Final = PIXEL // 32
"""From here on a map turns, by almost two degrees: both numbers that are 0 for upright pictures together."""

WHITE, ALMOST_WHITE = 250, 176
BLACK, ALMOST_BLACK = 5, 40
"""Grey levels: what a brighter or stronger copy has made white was at least almost white."""

SPREAD: Final = 2
"""What was filled in shines into so many pixels around."""

FLAT: Final = 2
"""Grey levels in 3 × 3 pixels, at most, of what was filled in."""


@compiled()
def range_around(pixels: Any, reach: int) -> Any:
    """The difference of the brightest and the darkest pixel within reach of each."""
    side = pixels.shape[0]
    rows_high, rows_low = np.empty((side, side), np.int32), np.empty((side, side), np.int32)
    ranges = np.empty((side, side), np.int32)
    for y in range(side):
        for x in range(side):
            high = low = np.int32(pixels[y, x])
            for at in range(max(x - reach, 0), min(x + reach + 1, side)):
                high, low = max(high, np.int32(pixels[y, at])), min(low, np.int32(pixels[y, at]))
            rows_high[y, x], rows_low[y, x] = high, low
    for y in range(side):
        for x in range(side):
            high, low = rows_high[y, x], rows_low[y, x]
            for at in range(max(y - reach, 0), min(y + reach + 1, side)):
                high, low = max(high, rows_high[at, x]), min(low, rows_low[at, x])
            ranges[y, x] = high - low
    return ranges


@compiled()
def forget_filled(query: Any, laid: Any, inverse: Any, shown: Any) -> Any:
    """Show nothing where one picture was filled in and the other is not flat, and SPREAD pixels around.

    Filled in are bars, what strong light made white or black from the edge on, and corners of a turned picture.

    Args:
        query: grey levels [side, side].
        laid: the known picture as the query lies, in 1/16 grey levels, by the map `inverse` in 1/PIXEL.
        shown: of each pixel, whether both pictures show it; is changed.

    Returns:
        Of each pixel, whether it lies on a ground that joins the edge, and is flat in one of the pictures alone.
    """
    side = query.shape[0]
    across, along = abs(inverse[1]) + abs(inverse[3]), abs(inverse[0]) + abs(inverse[4])
    flat_query, flat_known = range_around(query, 1) <= FLAT, range_around(laid, 1) <= FLAT * 16
    ground, filled = np.zeros((side, side), np.bool_), np.zeros((side, side), np.bool_)
    _flood(flat_query, flat_known, ground)
    _flood(flat_known, flat_query, ground)
    if min(across, along) >= TURNED:
        filled |= ground
    else:
        _mark_bars(flat_query, flat_known, filled)
        _mark_bars(flat_known, flat_query, filled)
        _flood(flat_query & _clips(query, 16, laid, 1), flat_known, filled)
        _flood(flat_known & _clips(laid, 1, query, 16), flat_query, filled)
    for y in range(side):
        for x in range(side):
            if filled[y, x]:
                shown[max(y - SPREAD, 0) : y + SPREAD + 1, max(x - SPREAD, 0) : x + SPREAD + 1] = False
    return ground


@compiled()
def _clips(own: Any, scale: int, other: Any, other_scale: int) -> Any:
    """Where a picture is white or black and the other almost, also SPREAD pixels around.

    The scales make 1/16 grey levels of either.
    """
    side = own.shape[0]
    clips, around = np.empty((side, side), np.bool_), np.empty((side, side), np.bool_)
    for y in range(side):
        for x in range(side):
            mine, theirs = own[y, x] * scale, other[y, x] * other_scale
            is_white = mine >= WHITE * 16 and theirs >= ALMOST_WHITE * 16
            clips[y, x] = is_white or (mine <= BLACK * 16 and theirs <= ALMOST_BLACK * 16)
    for y in range(side):
        for x in range(side):
            around[y, x] = np.all(clips[max(y - SPREAD, 0) : y + SPREAD + 1, max(x - SPREAD, 0) : x + SPREAD + 1])
    return around


@compiled()
def _mark_bars(flat: Any, other: Any, marked: Any) -> None:
    """Mark the lines at all edges that are flat from one end to the other, where the other picture is not flat."""
    side = flat.shape[0]
    for edge in range(4):
        lies = edge % 2 == 0
        for deep in range(side):
            line = deep if edge < 2 else side - 1 - deep
            if not np.all(flat[line] if lies else flat[:, line]):
                break
            for at in range(side):
                y, x = (line, at) if lies else (at, line)
                marked[y, x] = marked[y, x] or not other[y, x]


@compiled()
def _flood(joining: Any, other: Any, marked: Any) -> None:
    """Mark the pixels that join the edge by such pixels, where the other picture is not flat."""
    side = joining.shape[0]
    reached, stack, count = np.zeros((side, side), np.bool_), np.empty(4 * side * side, np.int64), 0
    for at in range(side):
        for place in (at, (side - 1) * side + at, at * side, at * side + side - 1):
            stack[count] = place
            count += 1
    while count > 0:
        count -= 1
        y, x = stack[count] // side, stack[count] % side
        if reached[y, x] or not joining[y, x]:
            continue
        reached[y, x] = True
        marked[y, x] = marked[y, x] or not other[y, x]
        for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            if 0 <= y + down < side and 0 <= x + right < side and not reached[y + down, x + right]:
                stack[count] = (y + down) * side + x + right
                count += 1
