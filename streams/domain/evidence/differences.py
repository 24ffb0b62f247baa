"""Where a query differs from the known picture that it was aligned with: a map of 8 × 8 blocks of the query.

A block differs if it differs twice: its texture does not correlate, and in grey levels too much is left unexplained,
after the best shift by a pixel and under any change of brightness and contrast. Noise and compression spoil texture,
but leave little unexplained; fine patterns that are sampled a little off leave much, but their texture correlates. A
caption, a sticker or something painted over fails both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.align import PIXEL, invert, products
from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import FULL

MAP_SIDE: Final = 8
"""The map has so many blocks a side."""

PLAIN, AGREES, DIFFERS, ADDED = range(4)
"""A block of the query: nothing to see on either side; the same; something else; beyond the known picture."""

RESIDUAL: Final = 13.0
"""Grey levels, root mean square, that may be left unexplained in a block."""

STRUCTURE: Final = 6.0
"""Grey levels, root mean square about the mean, below which a block is plain."""

SAME_TEXTURE: Final = 300.0
"""Correlation of the texture of a block, in thousandths, from which it is the same."""

MARGIN: Final = 2
"""Pixels beside an inner picture that still show its edge."""


def map_differences(
    m: NDArray[np.int64],
    known: tuple[NDArray[np.uint8], NDArray[np.int16]],
    query: tuple[NDArray[np.uint8], NDArray[np.int16]],
    shown: Thumbnail,
    evidence: Evidence,
) -> bytes:
    """The states of the blocks of the whole query, row by row.

    Args:
        m: the map from known to query pixels, as `align` leaves it.
        known, query: the aligned thumbnails, their pixels and their normalised level of the same size.
        shown: the query's thumbnail that was aligned.
        evidence: of the query.
    """
    inverse = np.empty(6, np.int64)
    blocks = np.zeros((MAP_SIDE, MAP_SIDE), np.uint8)
    if invert(m, inverse):
        _compare(*query, *known, inverse, blocks)
    if shown.view != FULL:
        blocks = _set_into_whole(blocks, shown.box, evidence.thumbnails[0].pixels)
    return blocks.tobytes()


def share_that_differs(blocks: bytes) -> float:
    """The share of the query that is not the known picture, 0 to 1."""
    return round((blocks.count(DIFFERS) + blocks.count(ADDED)) / (MAP_SIDE * MAP_SIDE), 4)


@compiled()
def _compare(query: Any, query_level: Any, known: Any, known_level: Any, inverse: Any, blocks: Any) -> None:
    side = query.shape[0] // MAP_SIDE
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            top, left = y * side, x * side
            state = _compare_block(query, known, inverse, top, left, side)
            if state == DIFFERS:
                qk, qq, kk, _ = products(query_level, known_level, inverse, 1, top, top + side, left, left + side)
                norm = np.sqrt(np.float64(qq)) * np.sqrt(np.float64(kk))
                if np.float64(qk) * 1000.0 >= SAME_TEXTURE * norm:
                    state = AGREES
            blocks[y, x] = state


@compiled()
def _compare_block(query: Any, known: Any, inverse: Any, top: int, left: int, side: int) -> Any:
    area, least, seen, plain = np.float64(side * side), np.float64(1e9), False, True
    for shift in range(9):
        right, down = (shift % 3 - 1) * PIXEL, (shift // 3 - 1) * PIXEL
        count, q, k, qq, kk, qk = _sums(query, known, inverse, right, down, top, left, side)
        if 2 * count < area:
            continue
        seen = True
        n = np.float64(count)
        own, other, both = qq / n - (q / n) * (q / n), kk / n - (k / n) * (k / n), qk / n - (q / n) * (k / n)
        explained = np.float64(0.0)
        if own > 0.0 and other > 0.0 and both > 0.0:
            explained = both * both / (own * other)
        left_over = max(own, other) * (1.0 - explained)
        if max(own, other) >= STRUCTURE * STRUCTURE:
            plain = False
        least = min(least, left_over)
    if not seen:
        return ADDED if _deviates(query, top, left, side) else PLAIN
    if plain:
        return PLAIN
    return AGREES if least < RESIDUAL * RESIDUAL else DIFFERS


@compiled()
def _sums(query: Any, known: Any, inverse: Any, right: int, down: int, top: int, left: int, side: int) -> Any:
    """Number of pixels that both show, sums of the query, the known picture, their squares and their product."""
    last = (known.shape[0] - 1) << 12
    count = 0
    q: Any = 0
    k: Any = 0
    qq: Any = 0
    kk: Any = 0
    qk: Any = 0
    for y in range(top, top + side):
        for x in range(left, left + side):
            u = inverse[0] * x + inverse[1] * y + inverse[2] + right
            v = inverse[3] * x + inverse[4] * y + inverse[5] + down
            if -2048 <= u <= last + 2048 and -2048 <= v <= last + 2048:
                u, v = min(max(u, 0), last - 1), min(max(v, 0), last - 1)
                i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
                above = np.int64(known[j, i]) * (16 - f) + np.int64(known[j, i + 1]) * f
                below = np.int64(known[j + 1, i]) * (16 - f) + np.int64(known[j + 1, i + 1]) * f
                one, other = np.int64(query[y, x]), (above * (16 - g) + below * g + 128) >> 8
                count += 1
                q += one
                k += other
                qq += one * one
                kk += other * other
                qk += one * other
    return count, q, k, qq, kk, qk


@compiled()
def _deviates(pixels: Any, top: int, left: int, side: int) -> bool:
    total, squares = np.int64(0), np.int64(0)
    for y in range(top, top + side):
        for x in range(left, left + side):
            value = np.int64(pixels[y, x])
            total += value
            squares += value * value
    n = side * side
    return bool(squares * n - total * total >= RESIDUAL * RESIDUAL * n * n)


def _set_into_whole(blocks: NDArray[np.uint8], box: Sequence[int], whole: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The map of an inner picture as one of the whole: what lies around it was added, where it has structure."""
    in_whole = np.zeros((MAP_SIDE, MAP_SIDE), np.uint8)
    _mark_outside(whole, np.array(box, np.int64), in_whole)
    left, top, right, bottom = box
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            middle_x, middle_y = (2 * x + 1) * EDGE // (2 * MAP_SIDE), (2 * y + 1) * EDGE // (2 * MAP_SIDE)
            if left <= middle_x < right and top <= middle_y < bottom:
                column = (middle_x - left) * MAP_SIDE // (right - left)
                row = (middle_y - top) * MAP_SIDE // (bottom - top)
                in_whole[y, x] = blocks[row, column]
    return in_whole


@compiled()
def _mark_outside(pixels: Any, box: Any, blocks: Any) -> None:
    """Mark blocks with structure outside a box. Pixels within MARGIN of the box do not count."""
    side = pixels.shape[0] // MAP_SIDE
    left, top = box[0] * pixels.shape[0] // EDGE - MARGIN, box[1] * pixels.shape[0] // EDGE - MARGIN
    right, bottom = box[2] * pixels.shape[0] // EDGE + MARGIN, box[3] * pixels.shape[0] // EDGE + MARGIN
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            total, squares, count = np.int64(0), np.int64(0), np.int64(0)
            for row in range(y * side, y * side + side):
                for column in range(x * side, x * side + side):
                    if not (left <= column <= right and top <= row <= bottom):
                        value = np.int64(pixels[row, column])
                        total += value
                        squares += value * value
                        count += 1
            if 4 * count >= side * side and squares * count - total * total >= RESIDUAL * RESIDUAL * count * count:
                blocks[y, x] = ADDED
