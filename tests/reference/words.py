"""The plain twin of streams/domain/evidence/words: numpy and whole numbers, no compiled code. No tests here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.words.words import Words
from tests.reference import paper

ONE, PIXEL = 65536, 4096


def found(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The ink of dark words, and the places that show them; no place where there is little contrast."""
    ink, contrast = paper.ink(pixels, 25)
    rows, columns = pixels.shape[0] // 6, pixels.shape[1] // 12
    shown = np.zeros((rows + 2, columns + 4), np.bool_)
    if contrast >= 40:
        for row, column in np.ndindex(rows, columns):
            place = ink[6 * row : 6 * row + 6, 12 * column : 12 * column + 12]
            shown[row + 1, column + 2] = paper.count_words(place) > 0
    places = shown.copy()
    places[:, 1:-1] = shown[:, 1:-1] & (shown[:, :-2] | shown[:, 2:])
    around = np.zeros_like(places)
    for row, column in np.argwhere(places):
        around[row - 1 : row + 2, column - 2 : column + 3] = True
    kept = np.zeros_like(ink)
    inside = around[1:-1, 2:-2].repeat(6, axis=0).repeat(12, axis=1)
    kept[: 6 * rows, : 12 * columns] = np.where(inside, ink[: 6 * rows, : 12 * columns], 0)
    return kept, places[1:-1, 2:-2]


def has_others(known: Words, query: Words, shares: Sequence[int]) -> bool:
    if known.light != query.light:
        return False
    (height, width), (down, across) = known.ink.shape, query.ink.shape
    m = []
    for (a, b, c), side in ((shares[:3], across), (shares[3:], down)):
        middle = c + a // (2 * width) + b // (2 * height)
        m += [a * side * PIXEL // (ONE * width), b * side * PIXEL // (ONE * height)]
        m.append(middle * side * PIXEL // ONE - PIXEL // 2)
    level, other = paper.levels(known.ink)[0], paper.levels(query.ink)[0]
    own, both = paper.own(level), np.zeros_like(known.places)
    of_own = sorted(int(value) for value in own.ravel() if value != paper.UNKNOWN)
    low = of_own[len(of_own) // 10] if of_own else 0
    for row, column in np.argwhere(known.places):
        asked = 0
        for x in (12 * int(column) + 2, 12 * int(column) + 6, 12 * int(column) + 9):
            y = 6 * int(row) + 3
            u, v = (m[0] * x + m[1] * y + m[2]) // PIXEL, (m[3] * x + m[4] * y + m[5]) // PIXEL
            rows = [each for each in ((v - 3) // 6, (v + 3) // 6) if 0 <= each < query.places.shape[0]]
            asked += 0 <= u // 12 < query.places.shape[1] and any(query.places[each, u // 12] for each in rows)
        both[row, column] = asked >= 2
    unkept, losses = ~kept_of(query, level.shape, m), [0, 0]
    laid = np.where(unkept, -1, paper.laid_over(level, other, m))
    cells = paper.cells(level, laid, 1)
    for row, column in np.argwhere(both):
        if cells[row, column] != paper.UNKNOWN:
            of = low if own[row, column] == paper.UNKNOWN else int(own[row, column])
            losses.append(of - int(cells[row, column]))
    worst, second = sorted(losses, reverse=True)[:2]
    if worst > 350 or second > 220:
        return True
    if worst == 0:
        return False
    changes = changed_letters(level, other, m, both, unkept)
    change = sum(changes[:6]) // 6
    return len(changes) >= 20 and change > 250 and change > 15 * (changes[len(changes) // 2] + 4)


def kept_of(query: Words, shape: tuple[int, ...], m: Sequence[int]) -> NDArray[np.bool_]:
    """By pixel of the known ink, whether the query kept the ink there, and of the pixels beside."""
    (height, width), places = query.ink.shape, query.places
    around = np.zeros((places.shape[0] + 2, places.shape[1] + 4), np.bool_)
    for row, column in np.argwhere(places):
        around[row : row + 3, column : column + 5] = True
    kept = np.zeros((height, width), np.bool_)
    inside = around[1:-1, 2:-2].repeat(6, axis=0).repeat(12, axis=1)
    kept[: inside.shape[0], : inside.shape[1]] = inside
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.int64)
    u, v = (m[0] * x + m[1] * y + m[2] + 2048) // 4096, (m[3] * x + m[4] * y + m[5] + 2048) // 4096
    found = np.ones(shape, np.bool_)
    for down in (v - 1, v + 1):
        for across in (u - 1, u + 1):
            found &= kept[down.clip(0, height - 1), across.clip(0, width - 1)]
    return found


def changed_letters(
    known: paper.Ints, query: paper.Ints, m: Sequence[int], both: NDArray[np.bool_], unkept: NDArray[np.bool_]
) -> list[int]:
    """Mean squares of differing ink in 3 × 4 pixels, the largest first, of those with ink in places that are compared.

    The product moves whole rows of known pixels; so the first and the last rows with such places are the edges.
    """
    rows = np.flatnonzero(both.any(axis=1))
    if not len(rows):
        return []
    top, bottom = 6 * int(rows[0]), 6 * (int(rows[-1]) + 1)
    moved = [m[0], m[1], m[2] + m[1] * top, m[3], m[4], m[5] + m[4] * top]
    part = known[top:bottom]
    lays = [
        paper.laid_over(part, query, [*moved[:2], moved[2] + right, *moved[3:5], moved[5] + down])
        for right, down in ((0, 0), (2048, 0), (-2048, 0), (0, 2048), (0, -2048))
    ]
    laid, (height, width) = lays[0], part.shape
    rows, columns = np.arange(height), np.arange(width)
    shifts = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    pixels = [laid[(rows + y).clip(0, height - 1)][:, (columns + x).clip(0, width - 1)] for x, y in shifts]
    squares, found = [(part - each) ** 2 for each in (*pixels, *lays[1:])], []
    for y, x in np.ndindex(len(part) - 2, 12 * both.shape[1] - 3):
        corners = [(top + y + down, x + right) for down in (0, 2) for right in (0, 3)]
        inside = all(both[down // 6, right // 12] for down, right in corners)
        inside &= not (unkept[top:bottom][y : y + 3, x : x + 4] | (laid[y : y + 3, x : x + 4] < 0)).any()
        ink = max(part[y : y + 3, x : x + 4].max(), laid[y : y + 3, x : x + 4].max())
        if inside and ink > 60:
            found.append(min(min(int(each[y : y + 3, x : x + 4].sum()) for each in squares) // 12, 4095))
    return sorted(found, reverse=True)
