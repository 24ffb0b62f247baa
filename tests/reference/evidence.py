"""The plain twin of streams/domain/evidence: numpy and Python's whole numbers, no compiled code. No tests here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIDE = 64
NOISE = (2, 4, 6, 6)
PIXEL = 4096


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    blocks = pixels.reshape(8, 8, 8, 8).swapaxes(1, 2).reshape(-1, 64).astype(np.int64)
    ends = np.sort(blocks)[:, [4, 59]]
    low, spread = ends[:, :1], np.maximum(ends[:, 1:] - ends[:, :1], 1)
    levels = (((blocks - low) * 6 + spread) // (2 * spread)).clip(0, 3).astype(np.uint8).reshape(-1, 16, 4)
    packed = (levels << np.array([0, 2, 4, 6], np.uint8)).sum(axis=2, dtype=np.uint8)
    return np.hstack([ends.astype(np.uint8), packed]).tobytes()


def decoded(packed: bytes) -> NDArray[np.uint8]:
    data = np.frombuffer(packed, np.uint8).reshape(64, 18)
    levels = (data[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).reshape(-1, 64).astype(np.int64)
    low, high = data[:, :1].astype(np.int64), data[:, 1:2].astype(np.int64)
    blocks = low + (levels * (high - low) * 2 + 3) // 6
    pixels: NDArray[np.uint8] = blocks.reshape(8, 8, 8, 8).swapaxes(1, 2).reshape(SIDE, SIDE).astype(np.uint8)
    return pixels


def normalised(pixels: NDArray[np.uint8], noise: int) -> NDArray[np.int16]:
    side, values = len(pixels), pixels.astype(np.int64)
    near = (np.abs(np.subtract.outer(np.arange(side), np.arange(side))) <= 2).astype(np.int64)
    count = np.outer(near.sum(1), near.sum(1))
    sums, squares = near @ values @ near, near @ (values * values) @ near
    deviation = np.sqrt(squares * count - sums * sums).astype(np.int64)
    result: NDArray[np.int16] = ((values * count - sums) * 64 // (noise * count + deviation)).astype(np.int16)
    return result


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = len(pixels) // 2
    sums = pixels.reshape(side, 2, side, 2).sum(axis=(1, 3), dtype=np.int64)
    half: NDArray[np.uint8] = ((sums + 2) >> 2).astype(np.uint8)
    return half


def three_quarters(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    wide = pixels.astype(np.int64)
    for _ in range(2):
        a, b, c, d = (wide[row::4] for row in range(4))
        rows = np.stack([3 * a + b, 2 * b + 2 * c, c + 3 * d], axis=1)
        wide = rows.reshape(-1, wide.shape[1]).T
    return ((wide + 8) >> 4).astype(np.uint8)


def levels(pixels: NDArray[np.uint8]) -> list[NDArray[np.int16]]:
    """Four sizes, the largest first."""
    result = []
    for noise in NOISE:
        result.append(normalised(pixels, noise))
        pixels = halved(pixels)
    return result


def correlation(known: NDArray[np.int16], query: NDArray[np.int16], m: Sequence[int], step: int, sign: int = 1) -> int:
    side, last = len(known), (len(query) - 1) << 12
    grid = np.arange(step >> 1, side, step, dtype=np.int64)
    x, y = np.meshgrid(grid, grid)
    u, v = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    inside = (u >= -2048) & (u <= last + 2048) & (v >= -2048) & (v <= last + 2048)
    count = int(inside.sum())
    u, v = u[inside].clip(0, last - 1), v[inside].clip(0, last - 1)
    i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
    pixels = query.astype(np.int64)
    above = pixels[j, i] * (16 - f) + pixels[j, i + 1] * f
    below = pixels[j + 1, i] * (16 - f) + pixels[j + 1, i + 1] * f
    q, k = (above * (16 - g) + below * g) >> 4, known.astype(np.int64)[y[inside], x[inside]]
    kq, kk, qq = sign * int((k * q).sum()), int((k * k).sum()), int((q * q).sum())
    if count * step * step * 100 < side * side * 15 or kq <= 0 or kk == 0 or qq == 0:
        return 0
    return int(float(kq) * 1000.0 / (float(np.sqrt(float(kk))) * float(np.sqrt(float(qq)))))


def nudged(m: list[int], number: int, change: int, width: int, height: int) -> list[int]:
    m = list(m)
    if number < 2:
        m[2 + 3 * number] += change
    else:
        at = (0, 4, 1, 3)[number - 2]
        side = width if at in (0, 3) else height
        slope = 2 * change // side
        m[at] += slope
        m[2 if at < 2 else 5] -= slope * (side - 1) // 2
    return m


def finer(m: list[int]) -> list[int]:
    m = list(m)
    m[2], m[5] = 2 * m[2] + 2048 - (m[0] + m[1]) // 2, 2 * m[5] + 2048 - (m[3] + m[4]) // 2
    return m


def climbed(
    known: NDArray[np.int16],
    query: NDArray[np.int16],
    m: list[int],
    step: int,
    rounds: int,
    good_enough: int,
    sign: int = 1,
) -> tuple[int, list[int]]:
    side, size = len(known), 2048
    best = correlation(known, query, m, step, sign)
    for _ in range(rounds if best < good_enough else 0):
        moved = False
        for number in range(6):
            for change in (size, -size):
                trial = nudged(m, number, change, side, side)
                score = correlation(known, query, trial, step, sign)
                if score > best:
                    best, moved, m = score, True, trial
                    break
        if not moved:
            size //= 2
    return best, m


def aligned(
    known: Sequence[NDArray[np.int16]], query: Sequence[NDArray[np.int16]], m: list[int], sign: int = 1
) -> tuple[int, list[int]]:
    """The score and the refined map, of three levels each, the coarsest first."""
    for _ in range(2):
        m = list(m)
        m[2], m[5] = ((m[0] + m[1]) // 2 + m[2] - 2048) // 2, ((m[3] + m[4]) // 2 + m[5] - 2048) // 2
    shifts = []
    for at in range(25):
        trial = list(m)
        trial[2], trial[5] = m[2] + (at % 5 - 2) * 3072, m[5] + (at // 5 - 2) * 3072
        shifts.append((-correlation(known[0], query[0], trial, 1, sign), at, trial))
    m = min(shifts)[2]
    for level, (step, rounds, good_enough, gate) in enumerate(((1, 3, 950, 600), (2, 5, 900, 550), (3, 6, 750, 0))):
        if level:
            m = finer(m)
        score, m = climbed(known[level], query[level], m, step, rounds, good_enough, sign)
        if score < gate:
            return 0, m
    return correlation(known[2], query[2], m, 1, sign), m


def polished(
    known: Sequence[NDArray[np.int16]], query: Sequence[NDArray[np.int16]], m: list[int], sign: int = 1
) -> list[int]:
    """The map refined at the middle and the finest of three levels, if that correlates better."""
    trial = list(m)
    trial[2] = ((m[0] + m[1]) // 2 + m[2] - 2048) // 2
    trial[5] = ((m[3] + m[4]) // 2 + m[5] - 2048) // 2
    trial = finer(climbed(known[1], query[1], trial, 1, 10, 1000, sign)[1])
    for step, rounds in ((2, 8), (1, 6)):
        trial = climbed(known[2], query[2], trial, step, rounds, 1000, sign)[1]
    better = correlation(known[2], query[2], trial, 1, sign) > correlation(known[2], query[2], m, 1, sign)
    return trial if better else m
