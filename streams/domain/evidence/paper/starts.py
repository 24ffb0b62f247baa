"""Where the alignment of two pages starts: a grid about the middle, and the frames that the ink fills."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.paper.align import TURNS, ZOOMS
from streams.domain.hamming.jit import compiled

GRID_STARTS: Final = len(TURNS) * len(ZOOMS) + 1

FRAME_PERCENT: Final = 6
"""The frame of the ink leaves out so much ink on every side: a speck or a page number does not move it."""


@compiled()
def grid_starts(known: Any, query: Any, starts: Any) -> None:
    """Write GRID_STARTS maps from known to query pixels, int64 of six numbers.

    The first takes the frame of the ink to the frame of the ink, the others the whole page to the whole page, turned
    and zoomed about the middle.
    """
    _from_frames(known, query, starts[0])
    height, width = known.shape
    tall, wide = query.shape
    at = 1
    for turn in TURNS:
        for zoom in ZOOMS:
            across, down = zoom * wide // width, zoom * tall // height
            m = starts[at]
            m[0], m[1], m[3], m[4] = across, (turn * down) >> 12, (-turn * across) >> 12, down
            m[2] = ((wide - 1) * PIXEL - m[0] * (width - 1) - m[1] * (height - 1)) // 2
            m[5] = ((tall - 1) * PIXEL - m[3] * (width - 1) - m[4] * (height - 1)) // 2
            at += 1


@compiled()
def _from_frames(known: Any, query: Any, m: Any) -> None:
    m[1], m[3] = 0, 0
    for axis in range(2):
        first, last = _frame(known, axis)
        start, end = _frame(query, axis)
        scale = (end - start) * PIXEL // max(last - first, 1)
        m[4 * axis], m[2 + 3 * axis] = scale, start - scale * first // PIXEL


@compiled()
def _frame(page: Any, axis: int) -> Any:
    """Between which columns (axis 0) or rows (axis 1) the ink lies, in 1/PIXEL."""
    length = page.shape[1 - axis]
    sums = np.zeros(length, np.int64)
    for y in range(page.shape[0]):
        for x in range(page.shape[1]):
            sums[y if axis else x] += page[y, x]
    total = sums.sum()
    if total == 0:
        return np.int64(0), np.int64((length - 1) * PIXEL)
    return _crossing(sums, total * FRAME_PERCENT), _crossing(sums, total * (100 - FRAME_PERCENT))


@compiled()
def _crossing(sums: Any, hundredfold: int) -> Any:
    """Where the running sum, times 100, crosses a value."""
    below = np.int64(0)
    for at in range(len(sums)):
        here = sums[at] * 100
        if here > 0 and below + here >= hundredfold:
            return np.int64(at) * PIXEL + (hundredfold - below) * PIXEL // here - PIXEL // 2
        below += here
    return np.int64(len(sums) - 1) * PIXEL
