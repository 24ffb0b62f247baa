"""Finds the pictures of a collage: parts between plain white or black gutters. Small grey arrays only.

As in screenshot.py, the picture is cut along plain lines, across and down by turns; here, all parts count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.borders import TOLERANCE, Pixels, Rectangle
from streams.domain.hashes.views import MAX_PANELS

MIN_GUTTER_SHARE = 0.95
"""Share of a gutter's line that is white, or that is black."""

MIN_PANEL_SHARE = 0.2
"""Of the picture's width, and of its height."""

MAX_GUTTER_SHARE = 0.12
"""Of the picture's width or height. A wider gap is a background, not a gutter."""

MIN_FILLED_SHARE = 0.5
"""Share of a panel that does not have the colour of the gutters. Pages of text have less."""

MAX_DEPTH = 3


def find_panels(pixels: Pixels) -> list[Rectangle]:
    """The panels of a collage from top left to bottom right, at most MAX_PANELS; none if it is not a collage.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    for plain in (pixels >= 255 - TOLERANCE, pixels <= TOLERANCE):
        panels = _cut(plain, (0, 0, pixels.shape[1], pixels.shape[0]), MAX_DEPTH)
        if 2 <= len(panels) <= MAX_PANELS and all(_is_filled(plain, panel) for panel in panels):
            return panels
    return []


def _is_filled(plain: NDArray[np.bool_], panel: Rectangle) -> bool:
    left, top, right, bottom = panel
    return float(plain[top:bottom, left:right].mean()) <= 1 - MIN_FILLED_SHARE


def _cut(plain: NDArray[np.bool_], part: Rectangle, depth: int) -> list[Rectangle]:
    """The parts of a part between gutters, by rows and then by columns, until none has a gutter."""
    left, top, right, bottom = part
    height, width = plain.shape
    rows = _runs(plain[top:bottom, left:right].mean(axis=1), MIN_PANEL_SHARE * height, MAX_GUTTER_SHARE * height)
    columns = _runs(plain[top:bottom, left:right].mean(axis=0), MIN_PANEL_SHARE * width, MAX_GUTTER_SHARE * width)
    if not rows or not columns:
        return []
    pieces = [(left + first, top + upper, left + last, top + lower) for upper, lower in rows for first, last in columns]
    if len(pieces) == 1:
        return pieces if pieces[0] == part or depth == 0 else _cut(plain, pieces[0], depth - 1)
    if depth == 0:
        return pieces
    return [panel for piece in pieces for panel in _cut(plain, piece, depth - 1)]


def _runs(plain_shares: NDArray[np.float64], min_length: float, max_gutter: float) -> list[tuple[int, int]]:
    """The runs of lines that are not plain; none if one is too short or two are too far apart to be neighbours."""
    inked = plain_shares < MIN_GUTTER_SHARE
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts) or (ends - starts < min_length).any() or (starts[1:] - ends[:-1] > max_gutter).any():
        return []
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
