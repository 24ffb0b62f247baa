"""What the kernels of pictures compute, written as plainly as possible: their slow twins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.canonical import (
    CLOSE_CALL_DERIVED,
    CLOSE_CALL_WHOLE,
    MIN_CONTRAST,
    Coefficients,
    ViewFrequencies,
)
from streams.domain.fingerprint.image.inner.borders import (
    MIN_BORDER_SHARE,
    MIN_INSIDE_SHARE,
    MIN_STEP_SHARE,
    TOLERANCE,
)
from streams.domain.fingerprint.image.inner.screenshot import (
    MAX_CUTS,
    MIN_BACKGROUND_SHARE,
    MIN_FILLED_SHARE,
    MIN_SIDE_SHARE,
)
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, UPRIGHT
from streams.domain.hashes.packing import CANONICAL, EXTRA_UPRIGHT

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]
Entry = tuple[int, int, int, int]
"""View, orientation with flags, hash64, hash256."""


def reoriented(block: Coefficients, orientation: int) -> Coefficients:
    """The frequencies of a picture in another orientation."""
    oriented = (block.T if orientation & TRANSPOSED else block).copy()
    if orientation & LEFT_RIGHT:
        oriented[:, 1::2] *= -1
    if orientation & TOP_BOTTOM:
        oriented[1::2] *= -1
    return oriented


def hash_of(block: Coefficients) -> int:
    """A bit per frequency, set if it is above the median."""
    return int("".join("1" if value > np.median(block) else "0" for value in block.ravel()), 2)


def view_entries(views: Sequence[ViewFrequencies]) -> list[Entry]:
    entries: list[Entry] = []
    for some in views:
        for code, small, large in zip(some.codes, some.for_hash64, some.for_hash256, strict=True):
            if np.square(large.ravel()[1:]).sum() >= (2 * MIN_CONTRAST * 64 * 64) ** 2:
                for orientation in _orientations(small, some.whole):
                    oriented = reoriented(small, orientation), reoriented(large, orientation)
                    entries.append((code, orientation, hash_of(oriented[0]), hash_of(oriented[1])))
    return entries


def _orientations(block: Coefficients, whole: bool) -> list[int]:
    share = CLOSE_CALL_WHOLE if whole else CLOSE_CALL_DERIVED
    close_call = share * float(np.sqrt(np.square(block.ravel()[1:]).mean()))
    horizontal, vertical = float(block[0, 1]), float(block[1, 0])
    transposed = abs(horizontal) < abs(vertical)
    is_close = abs(abs(horizontal) - abs(vertical)) < close_call
    orientations = []
    for transpose in (transposed, not transposed) if is_close else (transposed,):
        first, second = (vertical, horizontal) if transpose else (horizontal, vertical)
        for left_right in (first < 0, first >= 0) if abs(first) < close_call else (first < 0,):
            for top_bottom in (second < 0, second >= 0) if abs(second) < close_call else (second < 0,):
                orientations.append(transpose * TRANSPOSED | left_right * LEFT_RIGHT | top_bottom * TOP_BOTTOM)
    extra = [UPRIGHT | EXTRA_UPRIGHT] if whole and UPRIGHT not in orientations else []
    return [orientations[0] | CANONICAL, *orientations[1:], *extra]


def inside_of_borders(pixels: Pixels) -> Rectangle | None:
    height, width = pixels.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(2):
        first, last = _rows_inside(pixels[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _rows_inside(pixels[top:bottom, left:right].T)
        left, right = left + first, left + last
    width_share, height_share = (right - left) / width, (bottom - top) / height
    if min(width_share, height_share) < MIN_INSIDE_SHARE or max(1 - width_share, 1 - height_share) < MIN_BORDER_SHARE:
        return None
    return left, top, right, bottom


def _rows_inside(pixels: Pixels) -> tuple[int, int]:
    top, bottom = _border_rows(pixels), len(pixels) - _border_rows(pixels[::-1])
    return (top, bottom) if top < bottom else (0, len(pixels))


def _border_rows(pixels: Pixels) -> int:
    """How many rows, from the first on, are within the tolerance of the first row's median."""
    outside = (np.abs(pixels.astype(int) - int(np.median(pixels[0]))) > TOLERANCE).any(axis=1)
    return int(outside.argmax()) if outside.any() else len(pixels)


def has_straight_edges(pixels: Pixels, part: Rectangle) -> bool:
    left, top, right, bottom = part
    turned = (pixels[:, left:right], top, bottom), (pixels[top:bottom].T, left, right)
    for lines, first, end in turned:
        last = len(lines) - 1
        for inside, edge in ((first > 0, first), (end <= last, end)):
            before, after = lines[max(edge - 2, 0)].astype(int), lines[min(edge + 1, last)].astype(int)
            if inside and (np.abs(before - after) > TOLERANCE).mean() < MIN_STEP_SHARE:
                return False
    return True


def inside_of_screenshot(pixels: Pixels) -> Rectangle | None:
    levels: list[int] = []
    for line in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        level = int(np.median(line))
        alike = np.abs(line.astype(int) - level) <= TOLERANCE
        if alike.mean() >= MIN_BACKGROUND_SHARE and all(abs(level - other) > TOLERANCE for other in levels):
            levels.append(level)
    if not levels:
        return None
    ink = np.all([np.abs(pixels.astype(int) - level) > TOLERANCE for level in levels], axis=0)
    height, width = pixels.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(MAX_CUTS):
        first, last = _densest_rows(ink[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _densest_rows(ink[top:bottom, left:right].T)
        left, right = left + first, left + last
    is_small = right - left < MIN_SIDE_SHARE * width or bottom - top < MIN_SIDE_SHARE * height
    return None if is_small or ink[top:bottom, left:right].mean() < MIN_FILLED_SHARE else (left, top, right, bottom)


def _densest_rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last row of the run with the most ink; rows of background separate the runs."""
    row_ink = ink.sum(axis=1)
    inked = [ink_of_row > (1 - MIN_BACKGROUND_SHARE) * ink.shape[1] for ink_of_row in row_ink]
    runs, start = [], None
    for row, has_ink in enumerate([*inked, False]):
        if has_ink:
            start = row if start is None else start
        elif start is not None:
            runs.append((start, row))
            start = None
    return max(runs, key=lambda run: row_ink[run[0] : run[1]].sum(), default=(0, len(ink)))
