"""Finds the sharp picture on a blurred fill, as apps set pictures of another shape on a screen. Small grey arrays only.

The fill has next to no fine detail, the picture has much, and its edges are straight steps across its whole side. Each
of the four sides is searched once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.domain.fingerprint.image.inner.borders import Pixels, Rectangle
from streams.domain.hamming.jit import compiled

MIN_DETAIL_RATIO = 5
"""Fine detail of the lines inside an edge by that of the most detailed line outside."""

REACH = 3
"""So great a part of the lines inside an edge must have that detail, on average. Skies and walls have little, and many
pictures begin with them: of an eighth of the lines, one picture in three has too little, of a third one in twelve."""

NOISE_DETAIL = 2
"""Fine detail inside, in grey levels a pixel, below which it may be noise of compression."""

MIN_STEP = 3
"""Grey levels between neighbours across an edge."""

MIN_STEP_PERCENT = 60
"""Share of an edge's pixels at which there is a step."""

MIN_FILL_PERCENT, MAX_FILL_PERCENT = 4, 42
"""Of the height or width, on one side of the picture."""

MIN_SIDE = 32
"""Pixels. A smaller picture has no lines to speak of."""


def inside_of_blurred_fill(pixels: Pixels) -> Rectangle | None:
    """The rectangle of the picture, or None if there is no blurred fill on two opposite sides.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    height, width = pixels.shape
    if min(height, width) < MIN_SIDE:
        return None
    left, top, right, bottom = (int(edge) for edge in _find_inside(pixels))
    return (left, top, right, bottom) if (right - left, bottom - top) != (width, height) else None


@compiled()
def _find_inside(pixels: Any) -> Any:
    """Left, top, right and bottom; the edges of all pixels where there is no fill."""
    top, bottom = _lines_inside(pixels)
    left, right = _lines_inside(np.ascontiguousarray(pixels[top:bottom].T))
    return left, top, right, bottom


@compiled()
def _lines_inside(pixels: Any) -> Any:
    """The first line of the picture, and the first after it; all lines where there is no fill."""
    lines = len(pixels)
    detail = np.empty(lines, np.int64)
    for line in range(lines):
        detail[line] = _detail(pixels[line])
    first = _edge(pixels, detail)
    last = _edge(pixels[::-1], detail[::-1]) if first else 0
    return (first, lines - last) if last else (0, lines)


@compiled()
def _detail(line: Any) -> int:
    """How much the pixels of a line deviate from the mean of their neighbours, in half levels."""
    total: Any = np.int32(0)
    for at in range(1, len(line) - 1):
        total += abs(2 * np.int32(line[at]) - np.int32(line[at - 1]) - np.int32(line[at + 1]))
    return int(total)


@compiled()
def _edge(pixels: Any, detail: Any) -> int:
    """How many lines the fill has, from the first on; 0 if there is no fill.

    Where several lines may be the edge, it is at the strongest step.
    """
    lines, length = pixels.shape
    found, strongest, outside = 0, -1, 0
    reach = max(4, lines // REACH)
    for count in range(2, MAX_FILL_PERCENT * lines // 100):
        outside = max(outside, detail[count - 2])  # the line next to the edge may show a little of the picture
        if 100 * (count - 2) < MIN_FILL_PERCENT * lines:
            continue
        inside = detail[count : count + reach].sum()
        if inside < reach * max(MIN_DETAIL_RATIO * outside, NOISE_DETAIL * length):
            continue
        stepped, steps = _steps(pixels[count - 1], pixels[count])
        if 100 * stepped >= MIN_STEP_PERCENT * length and steps > strongest:
            found, strongest = count, steps
    return found


@compiled()
def _steps(line: Any, following: Any) -> Any:
    """At how many pixels there is a step from a line to the next, and the sum of all steps."""
    stepped, steps = np.int64(0), np.int64(0)
    for at in range(len(line)):
        step = abs(np.int64(following[at]) - np.int64(line[at]))
        steps += step
        stepped += step >= MIN_STEP
    return stepped, steps
