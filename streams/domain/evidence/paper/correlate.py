"""How one page correlates with another under a map: the inner loops of the alignment, without the GIL.

Maps take pixels of the known page to pixels of the query: u = m0 x + m1 y + m2, v = m3 x + m4 y + m5, in 1/PIXEL. Loops
have one index, no branch and numbers of 32 bits, so LLVM makes them vector instructions: seven times as fast. numba
computes with 64 bits; what is cast back at once is narrowed again.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

MIN_SHOWN_PERCENT: Final = 30
"""So much of the known page must lie in the query."""

LARGEST_PLACE: Final = (1 << 31) - (1 << 13)
"""Places of pixels are smaller, so 32 bits hold them. A map with larger ones shows nothing."""

HALF: Final = 1 << 11
"""Half a pixel: so far outside its pixels a page is known."""

X, Y, INK = 0, 1, 2
"""Rows of samples."""

BASE, UPPER_LEFT, UPPER_RIGHT, LOWER_LEFT, LOWER_RIGHT = 0, 1, 2, 3, 4
"""Rows of what `place_samples` writes: where a sample lies in the quads, and the weights of the four pixels."""


@compiled()
def samples_of(page: Any, step: int) -> Any:
    """Every step-th pixel both ways, int32 of 3 × samples: x, y and ink."""
    across, down = (page.shape[1] + step - 1) // step, (page.shape[0] + step - 1) // step
    samples, at = np.empty((3, across * down), np.int32), 0
    for y in range(0, page.shape[0], step):
        for x in range(0, page.shape[1], step):
            samples[X, at], samples[Y, at], samples[INK, at] = x, y, page[y, x]
            at += 1
    return samples


@compiled()
def quads_of(page: Any, margin: int) -> Any:
    """Of every pixel a byte of its ink, of that to the right, of that below, and of that below to the right.

    Args:
        page: int16, 0 to 255.
        margin: pixels of paper around it.

    Returns:
        uint32, row by row. The last row and column have nothing to the right and below.
    """
    height, width = page.shape
    stride = width + 2 * margin
    quads = np.zeros((height + 2 * margin) * stride, np.uint32)
    for y in range(height):
        for x in range(width):
            at = (y + margin) * stride + x + margin
            ink = np.uint32(page[y, x])
            quads[at] |= ink
            if x + margin > 0:
                quads[at - 1] |= ink << np.uint32(8)
            if y + margin > 0:
                quads[at - stride] |= ink << np.uint32(16)
                if x + margin > 0:
                    quads[at - stride - 1] |= ink << np.uint32(24)
    return quads


@compiled()
def has_small_places(m: Any, width: int, height: int) -> bool:
    """Whether all pixels of a page lie at places below LARGEST_PLACE."""
    u = abs(m[0]) * width + abs(m[1]) * height + abs(m[2])
    v = abs(m[3]) * width + abs(m[4]) * height + abs(m[5])
    return bool(max(u, v) < LARGEST_PLACE)


@compiled()
def byte_of(quad: Any, number: int) -> Any:
    """A byte of a quad, 32 bits."""
    return np.int32(np.int32(quad >> np.int32(8 * number)) & np.int32(255))


@compiled()
def blend(quad: Any, upper_left: Any, upper_right: Any, lower_left: Any, lower_right: Any) -> Any:
    """The mean of four pixels by their weights, which sum up to 256; 32 bits throughout."""
    upper = np.int32(np.int32(byte_of(quad, 0) * upper_left) + np.int32(byte_of(quad, 1) * upper_right))
    lower = np.int32(np.int32(byte_of(quad, 2) * lower_left) + np.int32(byte_of(quad, 3) * lower_right))
    return np.int32(np.int32(upper + lower) >> np.int32(8))


@compiled()
def ink_at(quads: Any, stride: Any, u: Any, v: Any) -> Any:
    """The ink at a place inside the page, in 1/PIXEL, bilinear by sixteenths; 32 bits throughout."""
    place = np.uint32(np.int32(np.int32(v >> np.int32(12)) * stride) + np.int32(u >> np.int32(12)))
    f = np.int32(np.int32(u >> np.int32(8)) & np.int32(15))
    g = np.int32(np.int32(v >> np.int32(8)) & np.int32(15))
    back, up = np.int32(np.int32(16) - f), np.int32(np.int32(16) - g)
    quad = np.int32(quads[place])
    return blend(quad, np.int32(back * up), np.int32(f * up), np.int32(back * g), np.int32(f * g))


@compiled()
def correlation(samples: Any, quads: Any, width: int, height: int, m: Any) -> Any:
    """In thousandths; 0 where less than MIN_SHOWN_PERCENT of the samples is shown.

    Args:
        samples: of the known page.
        quads: of the query, without a margin.
        width, height: of the query.
        m: the map.
    """
    xs, ys, inks = samples[X], samples[Y], samples[INK]
    count = len(xs)
    if not has_small_places(m, np.int64(xs[count - 1]) + 1, np.int64(ys[count - 1]) + 1):
        return np.int64(0)
    m0, m1, m2 = np.int32(m[0]), np.int32(m[1]), np.int32(m[2])
    m3, m4, m5 = np.int32(m[3]), np.int32(m[4]), np.int32(m[5])
    right, low, stride = np.int32((width - 1) << 12), np.int32((height - 1) << 12), np.int32(width)
    zero, far_left = np.int32(0), np.int32(-HALF)
    last_u, last_v = np.int32(right - 1), np.int32(low - 1)
    far_right, far_low = np.int32(right + HALF), np.int32(low + HALF)
    shown, k, q, kk, qq, kq = zero, zero, zero, zero, zero, zero
    for at in range(count):
        x, y = xs[at], ys[at]
        u = np.int32(np.int32(np.int32(m0 * x) + np.int32(m1 * y)) + m2)
        v = np.int32(np.int32(np.int32(m3 * x) + np.int32(m4 * y)) + m5)
        is_shown = (u >= far_left) & (u <= far_right) & (v >= far_left) & (v <= far_low)
        u, v = min(max(u, zero), last_u), min(max(v, zero), last_v)
        factor = np.int32(1) if is_shown else zero
        other, one = np.int32(ink_at(quads, stride, u, v) * factor), np.int32(inks[at] * factor)
        shown = np.int32(shown + factor)
        k, q = np.int32(k + one), np.int32(q + other)
        kk, qq = np.int32(kk + np.int32(one * one)), np.int32(qq + np.int32(other * other))
        kq = np.int32(kq + np.int32(one * other))
    if np.int64(shown) * 100 < count * MIN_SHOWN_PERCENT:
        return np.int64(0)
    return thousandths(np.int64(shown), np.int64(k), np.int64(q), np.int64(kk), np.int64(qq), np.int64(kq))


@compiled()
def lay_over(known: Any, quads: Any, width: int, height: int, m: Any, laid: Any) -> Any:
    """The query as the known page lies, and the correlation of the two in thousandths, as `correlation` has it.

    Args:
        laid: int16 of the known page's shape, written; -1 where the query shows nothing, over half a pixel outside.
    """
    laid[:] = -1
    if not has_small_places(m, known.shape[1], known.shape[0]):
        return np.int64(0)
    m0, m3 = np.int32(m[0]), np.int32(m[3])
    right, low, stride = np.int32((width - 1) << 12), np.int32((height - 1) << 12), np.int32(width)
    zero, far_left = np.int32(0), np.int32(-HALF)
    last_u, last_v = np.int32(right - 1), np.int32(low - 1)
    far_right, far_low = np.int32(right + HALF), np.int32(low + HALF)
    shown, k, q, kk, qq, kq = zero, zero, zero, zero, zero, zero
    for y in range(known.shape[0]):
        start_u, start_v = np.int32(m[1] * y + m[2]), np.int32(m[4] * y + m[5])
        inks, row = known[y], laid[y]
        for x in range(known.shape[1]):
            u = np.int32(np.int32(m0 * np.int32(x)) + start_u)
            v = np.int32(np.int32(m3 * np.int32(x)) + start_v)
            is_shown = (u >= far_left) & (u <= far_right) & (v >= far_left) & (v <= far_low)
            u, v = min(max(u, zero), last_u), min(max(v, zero), last_v)
            factor = np.int32(1) if is_shown else zero
            ink, one = ink_at(quads, stride, u, v), np.int32(np.int32(inks[x]) * factor)
            row[x] = np.int16(ink if is_shown else np.int32(-1))
            other = np.int32(ink * factor)
            shown = np.int32(shown + factor)
            k, q = np.int32(k + one), np.int32(q + other)
            kk, qq = np.int32(kk + np.int32(one * one)), np.int32(qq + np.int32(other * other))
            kq = np.int32(kq + np.int32(one * other))
    if np.int64(shown) * 100 < known.size * MIN_SHOWN_PERCENT:
        return np.int64(0)
    return thousandths(np.int64(shown), np.int64(k), np.int64(q), np.int64(kk), np.int64(qq), np.int64(kq))


@compiled()
def place_samples(samples: Any, width: int, height: int, margin: int, back: int, m: Any, placed: Any) -> None:
    """Where samples lie in quads that have a margin; samples outside lie in the margin, where all is paper.

    Args:
        width, height: of the query.
        margin: of its quads; at least `back` + 4.
        back: samples are placed so many pixels to the left and above, from where `correlation_placed` shifts them.
        placed: int32 of 5 × samples, written.
    """
    stride, far = np.int32(width + 2 * margin), np.int32(margin)
    last_i, last_j = np.int32(width + 2), np.int32(height + 2)
    for at in range(samples.shape[1]):
        x, y = np.int64(samples[X, at]), np.int64(samples[Y, at])
        u, v = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
        f, g = (u >> 8) & 15, (v >> 8) & 15
        i = min(max((u >> 12) - back, -margin), last_i) + far
        j = min(max((v >> 12) - back, -margin), last_j) + far
        placed[BASE, at] = j * stride + i
        placed[UPPER_LEFT, at], placed[UPPER_RIGHT, at] = (16 - f) * (16 - g), f * (16 - g)
        placed[LOWER_LEFT, at], placed[LOWER_RIGHT, at] = (16 - f) * g, f * g


@compiled()
def correlation_placed(samples: Any, quads: Any, placed: Any, shift: int) -> Any:
    """In thousandths, for samples that `place_samples` placed, `shift` further in the quads."""
    zero = np.int32(0)
    inks, bases, ul, ur = samples[INK], placed[BASE], placed[UPPER_LEFT], placed[UPPER_RIGHT]
    ll, lr, by = placed[LOWER_LEFT], placed[LOWER_RIGHT], np.int32(shift)
    k, q, kk, qq, kq = zero, zero, zero, zero, zero
    for at in range(len(inks)):
        quad, one = np.int32(quads[np.uint32(np.int32(bases[at] + by))]), inks[at]
        other = blend(quad, ul[at], ur[at], ll[at], lr[at])
        k, q = np.int32(k + one), np.int32(q + other)
        kk, qq = np.int32(kk + np.int32(one * one)), np.int32(qq + np.int32(other * other))
        kq = np.int32(kq + np.int32(one * other))
    return thousandths(len(inks), np.int64(k), np.int64(q), np.int64(kk), np.int64(qq), np.int64(kq))


@compiled()
def thousandths(n: int, k: int, q: int, kk: int, qq: int, kq: int) -> Any:
    """Correlation from sums, 0 where it is negative or undefined. The sums stay below 2**53."""
    own, other, both = kk * n - k * k, qq * n - q * q, kq * n - k * q
    if own <= 0 or other <= 0 or both <= 0:
        return np.int64(0)
    return np.int64(np.float64(both) * 1000.0 / (np.sqrt(np.float64(own)) * np.sqrt(np.float64(other))))
