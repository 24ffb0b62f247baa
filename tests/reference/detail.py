"""The plain twins of evidence/details/detail.py and same_detail.py: Python's whole numbers. No tests here."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import Evidence

ONE = 65536
Map = tuple[int, ...]


def measured(grey: NDArray[np.uint8]) -> bytes:
    """Of 8 × 8 parts, in quarters of a level, how far pixels are from the mean of their 64th of the picture."""
    height, width = grey.shape
    step = max(min(height * width // 131_072, height // 128), 1)
    squares = [0] * 64
    for row in range(64):
        for column in range(64):
            rows = grey[row * height // 64 : (row + 1) * height // 64 : step]
            cell = rows[:, column * width // 64 : (column + 1) * width // 64].astype(int)
            if cell.size:
                spread = int(cell.size * (cell**2).sum() - cell.sum() ** 2)
                squares[row // 8 * 8 + column // 8] += 16 * spread // cell.size**2
    return bytes(min(isqrt(square // 64), 255) for square in squares)


def is_same(known: Evidence, query: Evidence, shares: Map) -> bool:
    if not known.detail or not query.detail:
        return True
    one, other = [], []
    for row in range(8):
        for column in range(8):
            x, y = (2 * column + 1) * ONE // 16, (2 * row + 1) * ONE // 16
            u = (shares[0] * x + shares[1] * y) // ONE + shares[2]
            v = (shares[3] * x + shares[4] * y) // ONE + shares[5]
            if all(ONE // 8 <= place < ONE * 7 // 8 for place in (x, y, u, v)):
                one.append(known.detail[8 * row + column])
                other.append(interpolated(query.detail, u, v))
    if len(one) < 8 or max(one + other) < 8:
        return True
    squares = [value**2 for value in one], [value**2 for value in other]
    reached = (
        squared_cosine(one, other) >= Fraction(93, 100) ** 2
        or squared_correlation(one, other) >= Fraction(6, 10) ** 2
        or squared_correlation(*squares) >= Fraction(7, 10) ** 2
    )
    softened = squared_cosine(one, other) >= Fraction(9, 10) ** 2 and blurred(known, query, 75)
    return reached or blurred(known, query, 60) or softened


def interpolated(detail: bytes, u: int, v: int) -> int:
    across, down = (min(max(at * 128 // ONE - 8, 0), 111) for at in (u, v))
    i, j, g, f = down // 16, across // 16, down % 16, across % 16
    above = detail[8 * i + j] * (16 - f) + detail[8 * i + j + 1] * f
    below = detail[8 * i + 8 + j] * (16 - f) + detail[8 * i + 9 + j] * f
    return (above * (16 - g) + below * g + 128) // 256


def squared_cosine(one: list[int], other: list[int]) -> Fraction:
    both = sum(a * b for a, b in zip(one, other, strict=True))
    squares = sum(a * a for a in one) * sum(b * b for b in other)
    return Fraction(both**2, squares) if squares else Fraction(0)


def squared_correlation(one: list[int], other: list[int]) -> Fraction:
    """0 where it is negative."""
    means = Fraction(sum(one), len(one)), Fraction(sum(other), len(other))
    around = [[value - mean for value in values] for values, mean in zip((one, other), means, strict=True)]
    both = sum((a * b for a, b in zip(*around, strict=True)), Fraction(0))
    squares = sum(a * a for a in around[0]) * sum(b * b for b in around[1])
    if both <= 0:
        return Fraction(0)
    return both**2 / squares


def blurred(known: Evidence, query: Evidence, percent: int) -> bool:
    strengths = []
    for each in (known, query):
        pixels, contrast = each.thumbnails[0].pixels.astype(int), 0
        padded = np.pad(pixels, 2, mode="edge")
        for y in range(64):
            for x in range(64):
                contrast += int(25 * pixels[y, x] - padded[y : y + 5, x : x + 5].sum()) ** 2
        strengths.append((64 * sum(value**2 for value in each.detail), contrast // 625 * 16))
    weak, strong = sorted(strengths, key=lambda pair: pair[0] * 1_000_000 // max(pair[1], 1))
    lost = 10_000 * weak[0] * strong[1] <= percent**2 * strong[0] * weak[1]
    return lost and 10_000 * strong[0] <= 19_600 * strong[1]
