"""The plain twins of evidence/details/changes.py and evidence/paper/changes.py: numpy whole numbers. No tests here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
PIXEL, HALF = 4096, 2048


def laid_over(known: Ints, side: int, inverse: Sequence[int], right: int, down: int, edge: int) -> tuple[Ints, Flags]:
    """The known picture as the query lies, in 1/16 grey levels, and where it shows anything."""
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    u = inverse[0] * x + inverse[1] * y + inverse[2] + right
    v = inverse[3] * x + inverse[4] * y + inverse[5] + down
    last, margin = (len(known) - 1) * PIXEL, edge * PIXEL - HALF
    shown = (u >= margin) & (u <= last - margin) & (v >= margin) & (v <= last - margin)
    u, v = u.clip(0, last - 1), v.clip(0, last - 1)
    i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
    above = known[j, i] * (16 - f) + known[j, i + 1] * f
    below = known[j + 1, i] * (16 - f) + known[j + 1, i + 1] * f
    return (above * (16 - g) + below * g + 8) >> 4, shown


def ranges(pixels: Ints, reach: int) -> Ints:
    side, found = len(pixels), np.empty_like(pixels)
    for y in range(side):
        for x in range(side):
            around = pixels[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
            found[y, x] = around.max() - around.min()
    return found


def reached(joining: Flags) -> Flags:
    """What joins the edge by such pixels."""
    found = np.zeros_like(joining)
    found[[0, -1]], found[:, [0, -1]] = joining[[0, -1]], joining[:, [0, -1]]
    while True:
        wider = found.copy()
        wider[1:] |= found[:-1]
        wider[:-1] |= found[1:]
        wider[:, 1:] |= found[:, :-1]
        wider[:, :-1] |= found[:, 1:]
        wider &= joining
        if (wider == found).all():
            return found
        found = wider


def bars(flat: Flags) -> Flags:
    """Lines that are flat from one end to the other, at all edges."""
    side, found = len(flat), np.zeros_like(flat)
    for turns in range(4):
        lines = np.rot90(flat, turns).all(axis=1)
        first = int(np.argmin(lines)) if not lines.all() else side
        np.rot90(found, turns)[:first] = True
    return found


def clips(own: Ints, other: Ints) -> Flags:
    """Of pictures in 1/16 grey levels."""
    clipped = ((own >= 250 * 16) & (other >= 176 * 16)) | ((own <= 5 * 16) & (other <= 40 * 16))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(clipped, 2, constant_values=True), (5, 5))
    return np.asarray(around.all(axis=(2, 3)))


def ground_of(query: Ints, laid: Ints) -> Flags:
    """A ground that joins the edge, and is flat in one of the pictures alone."""
    flat_query, flat_known = ranges(query, 1) <= 2, ranges(laid, 1) <= 32
    return (reached(flat_query) & ~flat_known) | (reached(flat_known) & ~flat_query)


def without_filled(query: Ints, laid: Ints, inverse: Sequence[int], shown: Flags) -> Flags:
    flat_query, flat_known = ranges(query, 1) <= 2, ranges(laid, 1) <= 32
    if min(abs(inverse[1]) + abs(inverse[3]), abs(inverse[0]) + abs(inverse[4])) >= PIXEL // 32:
        filled = ground_of(query, laid)
    else:
        filled = (bars(flat_query) | reached(flat_query & clips(16 * query, laid))) & ~flat_known
        filled |= (bars(flat_known) | reached(flat_known & clips(laid, 16 * query))) & ~flat_query
    kept = shown.copy()
    for y, x in zip(*np.nonzero(filled), strict=True):
        kept[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = False
    return kept


def lights(query: Ints, laid: Ints, shown: Flags) -> tuple[Ints, Ints, Ints]:
    side = len(query)
    light, gain, own = (np.empty((side, side), np.int64) for _ in range(3))
    for y in range(side):
        for x in range(side):
            window = (slice(max(y - 8, 0), y + 9), slice(max(x - 8, 0), x + 9))
            k, q = laid[window][shown[window]], 16 * query[window][shown[window]]
            n, known, other = max(len(k), 1), int(k.sum()), int(q.sum())
            light[y, x], own[y, x] = known // n, other // n
            spread = (int((k * k).sum()) - known * known // n) // n + 30 * 256
            both = (int((k * q).sum()) - known * other // n) // n + 30 * 256
            gain[y, x] = min(max(both * 256 // spread, 128), 512)
    return light, gain, own


def changes(known: Ints, query: Ints, inverse: Sequence[int], known_edge: int, query_edge: int) -> tuple[int, int, int]:
    """The worst places, what nine of ten do not exceed, and the percentage that does not differ."""
    side = len(query)
    laid, shown = laid_over(known, side, inverse, 0, 0, known_edge)
    inside = np.zeros_like(shown)
    inside[query_edge : side - query_edge, query_edge : side - query_edge] = True
    shown, ground = without_filled(query, laid, inverse, shown & inside), ground_of(query, laid)
    light, gain, own = lights(query, laid, shown)
    shifts = [(right, down) for right in (-HALF, 0, HALF) for down in (-HALF, 0, HALF)]
    shifts += [(PIXEL, 0), (-PIXEL, 0), (0, PIXEL), (0, -PIXEL)]
    squares = []
    for right, down in shifts:
        moved, _ = laid_over(known, side, inverse, right, down, 0)
        squares.append((16 * query - (own + ((gain * (moved - light)) >> 8)).clip(0, 255 * 16)) ** 2)
    contrast, values, equal = 16 * ranges(query, 4) + ranges(laid, 4), [], 0
    for y in range(0, side - 5, 2):
        for x in range(0, side - 5, 2):
            place = (slice(y, y + 6), slice(x, x + 6))
            if shown[place].all():
                least = min(int(np.sort(each[place], axis=None)[:-4].sum()) for each in squares)
                allowed = 9 * 256 + (int(contrast[place].sum()) // 36) ** 2 // 432
                allowed *= 2 if ground[place].any() else 1
                values.append(min(least * 64 // (allowed * 32), 4096))
                equal += least * 4096 // (allowed * 32) == 0
    if len(values) < 40:
        return 0, 0, 0
    values.sort()
    return sum(values[-3:]) // 3, values[-(-len(values) * 9 // 10) - 1], equal * 100 // len(values)


def page_changes(known: Ints, laid: Sequence[Ints]) -> tuple[int, int]:
    """Of pages, as `laid_over` laid the other one: as it is, then moved by half a pixel to all sides."""
    height, width = known.shape
    rows, columns = np.arange(height), np.arange(width)
    moved = [laid[0][(rows + down).clip(0, height - 1)][:, (columns + right).clip(0, width - 1)]
             for right, down in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]  # fmt: skip
    squares, values = [(known - each) ** 2 for each in (*moved, *laid[1:])], []
    for y in range(1, height - 3):
        for x in range(1, width - 4):
            around = (slice(y - 1, y + 4), slice(x - 1, x + 5))
            if laid[0][around].min() < 0 or max(known[around].max(), laid[0][around].max()) < 4:
                continue
            values.append(min(min(int(each[y : y + 3, x : x + 4].sum()) for each in squares) // 12, 4095))
    if len(values) < 50:
        return 0, 0
    values.sort()
    return sum(values[-12:]) // 12, values[-(-len(values) * 98 // 100) - 1]
