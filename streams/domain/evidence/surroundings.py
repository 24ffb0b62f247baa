"""What lies around a known picture in a query, or below it: a frame adds nothing, all else with structure does."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.differences import ADDED, MAP_SIDE, PLAIN, RESIDUAL
from streams.domain.evidence.evidence import EDGE
from streams.domain.hamming.jit import compiled

MARGIN: Final = 2
"""Pixels beside an inner picture that still show its edge."""

MAX_BEYOND: Final = PIXEL * 3 // 2
"""By so much a corner may lie beyond the known picture: where an inner picture ends is known to a pixel."""


@compiled()
def mark_beyond(query: Any, inverse: Any, known_side: int, blocks: Any) -> None:
    """Mark blocks that reach beyond the known picture and have structure there, though they show it for the most part.

    Args:
        query: pixels of the aligned thumbnail.
        inverse: the map from query to known pixels.
        known_side: of the known thumbnail, in pixels.
        blocks: written.
    """
    side, end = query.shape[0], (known_side - 1) * PIXEL + PIXEL // 2
    beyond = np.empty((side, side), np.bool_)
    for y in range(side):
        for x in range(side):
            u = inverse[0] * x + inverse[1] * y + inverse[2]
            v = inverse[3] * x + inverse[4] * y + inverse[5]
            beyond[y, x] = min(u, v) < -PIXEL // 2 or max(u, v) > end
    _mark_structure(query, beyond, blocks)


@compiled()
def _mark_structure(pixels: Any, looked_at: Any, blocks: Any) -> None:
    """Mark the blocks of which a quarter or more is looked at, and has structure there."""
    side = pixels.shape[0] // MAP_SIDE
    for row in range(MAP_SIDE):
        for column in range(MAP_SIDE):
            total, squares, count = np.int64(0), np.int64(0), np.int64(0)
            for y in range(row * side, row * side + side):
                for x in range(column * side, column * side + side):
                    if looked_at[y, x]:
                        value = np.int64(pixels[y, x])
                        total += value
                        squares += value * value
                        count += 1
            if 4 * count >= side * side and squares * count - total * total >= RESIDUAL * RESIDUAL * count * count:
                blocks[row, column] = ADDED


@compiled()
def lies_within(inverse: Any, query_side: int, known_side: int) -> bool:
    """Whether a query shows nothing beyond the known picture, by the map from query to known pixels."""
    last = query_side - 1
    for corner in range(4):
        x, y = last * (corner & 1), last * (corner >> 1)
        for row in range(2):
            at = inverse[3 * row] * x + inverse[3 * row + 1] * y + inverse[3 * row + 2]
            if at < -MAX_BEYOND or at > (known_side - 1) * PIXEL + MAX_BEYOND:
                return False
    return True


@compiled()
def set_into_whole(blocks: Any, box: Any, whole: Any, is_within: bool, in_whole: Any) -> None:
    """Write the map of an inner picture as one of the whole: what lies around it was added, where it has structure.

    A frame adds nothing: its lines along the edges have one level each, with a passe-partout or without. What seems to
    be the inner picture may end with words on a passe-partout, so it must lie within the known picture.

    Args:
        blocks: the map of the inner picture.
        box: left, top, right and bottom of the inner picture, 0 to EDGE.
        whole: pixels of the whole picture.
        is_within: the inner picture shows nothing beyond the known one.
        in_whole: uint8 of MAP_SIDE × MAP_SIDE, written.
    """
    _mark_outside(whole, box, is_within, in_whole)
    left, top, right, bottom = box[0], box[1], box[2], box[3]
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            middle_x, middle_y = (2 * x + 1) * EDGE // (2 * MAP_SIDE), (2 * y + 1) * EDGE // (2 * MAP_SIDE)
            if left <= middle_x < right and top <= middle_y < bottom:
                column = (middle_x - left) * MAP_SIDE // (right - left)
                row = (middle_y - top) * MAP_SIDE // (bottom - top)
                in_whole[y, x] = blocks[row, column]


@compiled()
def _mark_outside(pixels: Any, box: Any, may_be_frame: bool, blocks: Any) -> None:
    """Mark blocks with structure outside a box. Pixels within MARGIN of the box do not count."""
    side = pixels.shape[0]
    left, top = box[0] * side // EDGE - MARGIN, box[1] * side // EDGE - MARGIN
    right, bottom = box[2] * side // EDGE + MARGIN, box[3] * side // EDGE + MARGIN
    shown, outside = pixels.astype(np.int64), np.ones((side, side), np.bool_)
    outside[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = False
    if may_be_frame and min(left, top) > 0 and max(right, bottom) < side - 1:
        _take_frame_away(shown, left, top, right, bottom)
    blocks[:] = PLAIN
    _mark_structure(shown, outside, blocks)


@compiled()
def _take_frame_away(shown: Any, left: int, top: int, right: int, bottom: int) -> None:
    """Leave of the pixels around a box what differs from the level of their row above or below it, or of their column
    beside it; in a corner, from the nearer level.
    """
    count = shown.shape[0]
    rows, columns = np.empty(count, np.int64), np.empty(count, np.int64)
    for at in range(count):
        rows[at] = np.sort(shown[at, left : right + 1])[(right - left) // 2]
        columns[at] = np.sort(shown[top : bottom + 1, at])[(bottom - top) // 2]
    for y in range(count):
        for x in range(count):
            beside_row, beside_column = y < top or y > bottom, x < left or x > right
            of_row, of_column = shown[y, x] - rows[y], shown[y, x] - columns[x]
            if beside_row and (not beside_column or abs(of_row) <= abs(of_column)):
                shown[y, x] = of_row
            elif beside_column:
                shown[y, x] = of_column
