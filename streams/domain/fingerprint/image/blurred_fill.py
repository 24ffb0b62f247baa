"""Finds the sharp picture on a blurred fill, as apps set pictures of another shape on a screen. Small grey arrays only.

The fill has next to no fine detail, the picture has much, and its edges are straight steps across its whole side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.borders import Pixels, Rectangle

MIN_DETAIL_RATIO = 5.0
"""Fine detail of the lines inside an edge by that of the most detailed line outside."""

LEAST_DETAIL = 0.4
"""Grey levels. Less is noise of compression."""

MIN_STEP = 3
"""Grey levels between neighbours across an edge."""

MIN_STEP_SHARE = 0.5
"""Share of an edge's pixels at which there is a step."""

MIN_FILL_SHARE, MAX_FILL_SHARE = 0.04, 0.42
"""Of the height or width, on one side of the picture."""


def inside_of_blurred_fill(pixels: Pixels) -> Rectangle | None:
    """The rectangle of the picture, or None if there is no blurred fill on two opposite sides.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    levels = pixels.astype(np.int16)
    height, width = pixels.shape
    if min(height, width) < 32:
        return None
    rows = _lines_inside(levels)
    top, bottom = rows or (0, height)
    columns = _lines_inside(levels[top:bottom].T)
    left, right = columns or (0, width)
    return (left, top, right, bottom) if rows or columns else None


def _lines_inside(levels: NDArray[np.int16]) -> tuple[int, int] | None:
    """The first line of the picture, and the first after it."""
    detail = np.abs(2 * levels[:, 1:-1] - levels[:, :-2] - levels[:, 2:]).mean(axis=1)
    steps = np.abs(np.diff(levels, axis=0))
    first = _edge(detail, steps)
    if first is None:
        return None
    last = _edge(detail[::-1], steps[::-1])
    return None if last is None else (first, len(levels) - last)


def _edge(detail: NDArray[np.float64], steps: NDArray[np.int16]) -> int | None:
    """How many lines the fill has, from the first on; None if there is no fill.

    Args:
        detail: of each line.
        steps: from each line to the next.
    """
    length = len(detail)
    at = np.arange(round(MIN_FILL_SHARE * length) + 2, round(MAX_FILL_SHARE * length))
    outside = np.maximum(np.maximum.accumulate(detail)[at - 2], LEAST_DETAIL)
    total = np.concatenate(([0.0], np.cumsum(detail)))
    reach = max(4, length // 8)
    inside = (total[at + reach] - total[at]) / reach
    step = steps[at - 1]
    is_edge = (inside >= MIN_DETAIL_RATIO * outside) & ((step >= MIN_STEP).mean(axis=1) >= MIN_STEP_SHARE)
    if not is_edge.any():
        return None
    return int(at[np.where(is_edge, step.mean(axis=1), 0).argmax()])
