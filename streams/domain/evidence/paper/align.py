"""One page is aligned with another: the kernel of the comparison, without the GIL.

Starts are the maps that hashes imply and a grid of turns, zooms and shifts. All are tried on pages of 40 pixels; the
best are refined there by hill climbing, and the best of those at 80 and 160 pixels. A map takes pixels of the known
page to pixels of the query: u = m0 x + m1 y + m2, v = m3 x + m4 y + m5, in 1/PIXEL.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, copy_map, nudge
from streams.domain.hamming.jit import compiled

TURNS: Final = (0, -68, 68, -137, 137, -205, 205)
"""Sines of the turns that are tried, in 1/PIXEL: to 3 degrees."""

ZOOMS: Final = (4096, 3850, 4342)

SHIFTS: Final = 5
"""Every start is tried at SHIFTS × SHIFTS whole pixels of the smallest level."""

CLIMBED: Final = 3
"""So many of the best starts are refined on the smallest level."""

ROUNDS: Final = (3, 4, 3)
STEPS: Final = (2, 2, 3)
"""Rounds of hill climbing, and the step in pixels at which pages are looked at, by level from the smallest."""

GOOD_START: Final = 900
"""Correlation on the smallest level, in thousandths, at which a likely start is refined and no other tried."""

MIN_SHOWN_PERCENT: Final = 30
"""So much of the known page must lie in the query."""


@compiled()
def sample(query: Any, u: int, v: int) -> Any:
    """The query's ink at a place in 1/PIXEL, bilinear; -1 more than half a pixel outside."""
    right, low = (query.shape[1] - 1) << 12, (query.shape[0] - 1) << 12
    if u < -2048 or v < -2048 or u > right + 2048 or v > low + 2048:
        return np.int32(-1)
    u, v = min(max(u, 0), right - 1), min(max(v, 0), low - 1)
    i, j, f, g = u >> 12, v >> 12, np.int32((u >> 8) & 15), np.int32((v >> 8) & 15)
    above = np.int32(query[j, i]) * (16 - f) + np.int32(query[j, i + 1]) * f
    below = np.int32(query[j + 1, i]) * (16 - f) + np.int32(query[j + 1, i + 1]) * f
    return (above * (16 - g) + below * g) >> 8


@compiled()
def lay_over(known: Any, query: Any, m: Any, laid: Any) -> None:
    """The query as the known page lies: int16 of the known page's shape; -1 where the query shows nothing."""
    for y in range(known.shape[0]):
        for x in range(known.shape[1]):
            laid[y, x] = sample(query, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5])


@compiled()
def thousandths(n: int, k: int, q: int, kk: int, qq: int, kq: int) -> Any:
    """Correlation from sums, 0 where it is negative or undefined. The sums stay below 2**53."""
    own, other, both = kk * n - k * k, qq * n - q * q, kq * n - k * q
    if own <= 0 or other <= 0 or both <= 0:
        return np.int64(0)
    return np.int64(np.float64(both) * 1000.0 / (np.sqrt(np.float64(own)) * np.sqrt(np.float64(other))))


@compiled()
def correlation(known: Any, query: Any, m: Any, step: int) -> Any:
    """In thousandths, at every step-th pixel; 0 where less than MIN_SHOWN_PERCENT of the known page is shown."""
    zero = np.int64(0)
    count, k, q, kk, qq, kq, total = zero, zero, zero, zero, zero, zero, zero
    right, low = (query.shape[1] - 1) << 12, (query.shape[0] - 1) << 12
    across, down = m[0] * step, m[3] * step
    for y in range(0, known.shape[0], step):
        u, v = m[1] * y + m[2], m[4] * y + m[5]
        for x in range(0, known.shape[1], step):
            total += 1
            if -2048 <= u <= right + 2048 and -2048 <= v <= low + 2048:
                inside_u, inside_v = min(max(u, 0), right - 1), min(max(v, 0), low - 1)
                i, j = inside_u >> 12, inside_v >> 12
                f, g = np.int32((inside_u >> 8) & 15), np.int32((inside_v >> 8) & 15)
                above = np.int32(query[j, i]) * (16 - f) + np.int32(query[j, i + 1]) * f
                below = np.int32(query[j + 1, i]) * (16 - f) + np.int32(query[j + 1, i + 1]) * f
                other, one = (above * (16 - g) + below * g) >> 8, np.int32(known[y, x])
                count += 1
                k += one
                q += other
                kk += one * one
                qq += other * other
                kq += one * other
            u += across
            v += down
    if count * 100 < total * MIN_SHOWN_PERCENT:
        return np.int64(0)
    return thousandths(count, k, q, kk, qq, kq)


@compiled()
def climb(known: Any, query: Any, m: Any, step: int, rounds: int, size: int) -> Any:
    """Refine m in place, first by `size`; returns the correlation."""
    best, trial = correlation(known, query, m, step), m.copy()
    for _ in range(rounds):
        moved = False
        for number in range(NUMBERS):
            for change in (size, -size):
                copy_map(m, trial)
                nudge(trial, number, change, known.shape[1], known.shape[0])
                score = correlation(known, query, trial, step)
                if score > best:
                    best, moved = score, True
                    copy_map(trial, m)
                    break
        if not moved:
            size //= 2
    return best


@compiled()
def best_shift(known: Any, query: Any, m: Any, sums: Any) -> Any:
    """Shift a start by whole pixels to where it correlates best; beyond the query there is paper.

    Args:
        m: the start; shifted in place.
        sums: int32 of 3 × SHIFTS × SHIFTS, overwritten.

    Returns:
        The correlation in thousandths, at every second pixel.
    """
    height, width = query.shape
    sums[:] = 0
    count, k, kk = np.int64(0), np.int64(0), np.int64(0)
    row = np.empty(SHIFTS + 1, np.int32)
    previous, step = np.empty(SHIFTS, np.int32), STEPS[0]
    for y in range(0, known.shape[0], step):
        for x in range(0, known.shape[1], step):
            one = np.int32(known[y, x])
            count += 1
            k += one
            kk += one * one
            u, v = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
            i, j, f, g = (
                (u >> 12) - SHIFTS // 2,
                (v >> 12) - SHIFTS // 2,
                np.int32((u >> 8) & 15),
                np.int32((v >> 8) & 15),
            )
            for down in range(SHIFTS + 1):
                inside = 0 <= j + down < height
                for right in range(SHIFTS + 1):
                    row[right] = query[j + down, i + right] if inside and 0 <= i + right < width else 0
                for right in range(SHIFTS):
                    blended = row[right] * (16 - f) + row[right + 1] * f
                    if down:
                        other = (previous[right] * (16 - g) + blended * g) >> 8
                        sums[0, down - 1, right] += other
                        sums[1, down - 1, right] += other * other
                        sums[2, down - 1, right] += other * one
                    previous[right] = blended
    best, at_down, at_right = np.int64(-1), 0, 0
    for down in range(SHIFTS):
        for right in range(SHIFTS):
            q, qq, kq = np.int64(sums[0, down, right]), np.int64(sums[1, down, right]), np.int64(sums[2, down, right])
            score = thousandths(count, k, q, kk, qq, kq)
            if score > best:
                best, at_down, at_right = score, down, right
    m[2] += (at_right - SHIFTS // 2) * PIXEL
    m[5] += (at_down - SHIFTS // 2) * PIXEL
    return best
