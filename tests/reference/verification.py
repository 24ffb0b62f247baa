"""The plain twin of streams/domain/evidence/verify.py and of the files it calls: no compiled code. No tests here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import cos, floor, radians, sin

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED, View
from tests.reference import evidence as slow

ONE, PIXEL, EDGE = 1 << 16, 1 << 12, (1 << 16) - 1
PLAIN, AGREES, DIFFERS, ADDED = range(4)
Row = list[int]
Result = tuple[int, int, bytes, MatchedViews | None]
NOTHING: Result = (0, 0, bytes(64), None)


def placed(view: View, orientation: int, width: int, height: int) -> Row:
    """The map from a view to the thumbnail that shows it."""
    if view.own_thumbnail:
        view = View(view.code, view.name)
    left, top, right, bottom = (round(edge * ONE) for edge in view.box)
    aspect = round(view.aspect * ONE)
    if aspect and width * ONE > aspect * height:
        left = (ONE - aspect * height // width) // 2
        right = ONE - left
    elif aspect:
        top = (ONE - ONE * ONE // aspect * width // height) // 2
        bottom = ONE - top
    a, b, c, d, e, f = right - left, 0, left, 0, bottom - top, top
    if view.tilt_degrees:
        cosine, sine = round(cos(radians(view.tilt_degrees)) * ONE), round(sin(radians(view.tilt_degrees)) * ONE)
        a, b, d, e = cosine, sine * height // width, -sine * width // height, cosine
        c, f = ONE // 2 - (a + b) // 2, ONE // 2 - (d + e) // 2
    if orientation & 4:
        a, b, d, e = b, a, e, d
    if orientation & 2:
        c, f, b, e = c + b, f + e, -b, -e
    if orientation & 1:
        c, f, a, d = c + a, f + d, -a, -d
    return [a, b, c, d, e, f]


def between(known: Row, query: Row) -> Row:
    determinant = (known[0] * known[4] - known[1] * known[3]) // ONE
    a, b = known[4] * ONE // determinant, -known[1] * ONE // determinant
    d, e = -known[3] * ONE // determinant, known[0] * ONE // determinant
    c, f = -(a * known[2] + b * known[5]) // ONE, -(d * known[2] + e * known[5]) // ONE
    rows = []
    for x, y, z in (query[:3], query[3:]):
        rows += [(x * a + y * d) // ONE, (x * b + y * e) // ONE, (x * c + y * f) // ONE + z]
    return rows


def corners(m: Row) -> NDArray[np.int64]:
    return np.array([[m[row] * x + m[row + 1] * y + m[row + 2] for row in (0, 3)] for x in (0, 1) for y in (0, 1)])


def at_size(thumbnail: Thumbnail, area: int) -> tuple[NDArray[np.uint8], list[NDArray[np.int16]]]:
    """Pixels of a thumbnail at the size to compare, and three levels, the coarsest first."""
    pixels = slow.decoded(thumbnail.packed)
    if area > round(1.63**2 * ONE):
        return slow.halved(pixels), slow.levels(pixels)[:0:-1]
    if area > round(1.155**2 * ONE):
        pixels = slow.three_quarters(pixels)
    return pixels, slow.levels(pixels)[2::-1]


def in_pixels(shares: Row, known_side: int, query_side: int) -> Row:
    rows = []
    for a, b, c in (shares[:3], shares[3:]):
        across, down = a * query_side // (known_side * 16), b * query_side // (known_side * 16)
        rows += [across, down, c * query_side // 16 + (across + down) // 2 - PIXEL // 2]
    return rows


def inverted(m: Row) -> Row | None:
    determinant, scale = m[0] * m[4] - m[1] * m[3], PIXEL * PIXEL
    if determinant == 0:
        return None
    a, b = m[4] * scale // determinant, -m[1] * scale // determinant
    d, e = -m[3] * scale // determinant, m[0] * scale // determinant
    inverse = [a, b, -(a * m[2] + b * m[5]) // PIXEL, d, e, -(d * m[2] + e * m[5]) // PIXEL]
    return inverse if max(abs(number) for number in inverse) < 1 << 23 else None


def sampled(
    pixels: NDArray[np.int64], m: Row, xs: NDArray[np.int64], ys: NDArray[np.int64], right: int = 0, down: int = 0
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which places are shown, and 256 times the pixels there."""
    last = (len(pixels) - 1) << 12
    u, v = m[0] * xs + m[1] * ys + m[2] + right, m[3] * xs + m[4] * ys + m[5] + down
    shown = (u >= -2048) & (u <= last + 2048) & (v >= -2048) & (v <= last + 2048)
    u, v = u.clip(0, last - 1), v.clip(0, last - 1)
    i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
    above = pixels[j, i] * (16 - f) + pixels[j, i + 1] * f
    below = pixels[j + 1, i] * (16 - f) + pixels[j + 1, i + 1] * f
    return shown, above * (16 - g) + below * g


def state_of(
    query: NDArray[np.int64], known: NDArray[np.int64], inverse: Row, xs: NDArray[np.int64], ys: NDArray[np.int64],
    sign: int, same_texture: bool,
) -> int:  # fmt: skip
    own_pixels, least, seen, plain = query[ys, xs], 1e9, False, True
    for down, right in product((-PIXEL, 0, PIXEL), repeat=2):
        shown, pixels = sampled(known, inverse, xs, ys, right, down)
        count = int(shown.sum())
        if 2 * count < xs.size:
            continue
        seen = True
        q, k = own_pixels[shown], ((pixels + 128) >> 8)[shown]
        mean_q, mean_k = int(q.sum()) / count, int(k.sum()) / count
        own, other = int((q * q).sum()) / count - mean_q * mean_q, int((k * k).sum()) / count - mean_k * mean_k
        both = sign * (int((q * k).sum()) / count - mean_q * mean_k)
        explained = both * both / (own * other) if min(own, other, both) > 0 else 0.0
        plain = plain and max(own, other) < 36
        least = min(least, max(own, other) * (1 - explained))
    if not seen:
        deviates = int((own_pixels * own_pixels).sum()) * xs.size - int(own_pixels.sum()) ** 2 >= 169 * xs.size**2
        return ADDED if deviates else PLAIN
    return PLAIN if plain else AGREES if same_texture or least < 169 else DIFFERS


def compared(
    known: NDArray[np.uint8], known_level: NDArray[np.int16], query: NDArray[np.uint8], query_level: NDArray[np.int16],
    inverse: Row, sign: int,
) -> tuple[int, NDArray[np.uint8]]:  # fmt: skip
    """Blocks with texture, and the states of all blocks."""
    side, textured, covered, blocks = len(query) // 8, 0, 0, np.zeros((8, 8), np.uint8)
    for row, column in np.ndindex(8, 8):
        ys, xs = (each.ravel().astype(np.int64) for each in np.mgrid[:side, :side])
        xs, ys = xs + column * side, ys + row * side
        shown, level = sampled(known_level.astype(np.int64), inverse, xs, ys)
        q, k = query_level.astype(np.int64)[ys, xs][shown], (level >> 4)[shown]
        both, own, other, count = int((q * k).sum()), int((q * q).sum()), int((k * k).sum()), int(shown.sum())
        if 2 * count >= side * side:
            covered += 1
            textured += min(own, other >> 8) >= 100 * count
        same = sign * both * 1000.0 >= 300.0 * (float(np.sqrt(float(own))) * float(np.sqrt(float(other))))
        blocks[row, column] = state_of(query.astype(np.int64), known.astype(np.int64), inverse, xs, ys, sign, same)
    return 64 * textured // max(covered, 1), blocks


def with_words_beyond(
    blocks: NDArray[np.uint8], query: NDArray[np.int64], known: NDArray[np.int64], inverse: Row
) -> NDArray[np.uint8]:
    """What was added in the part of a block that the known picture does not reach."""
    blocks, side = blocks.copy(), len(query) // 8
    for row, column in np.ndindex(8, 8):
        ys, xs = np.mgrid[row * side : row * side + side, column * side : column * side + side].reshape(2, -1)
        beyond = query[ys, xs][~sampled(known, inverse, xs, ys)[0]]
        structure = int((beyond * beyond).sum()) * beyond.size - int(beyond.sum()) ** 2
        if 4 * beyond.size >= side * side and structure >= 169 * beyond.size**2:
            blocks[row, column] = ADDED
    return blocks


def without_frame(whole: NDArray[np.int64], first_x: int, first_y: int, last_x: int, last_y: int) -> NDArray[np.int64]:
    """What the level of a row or column of a frame does not explain."""
    rows = [sorted(int(value) for value in line[first_x : last_x + 1])[(last_x - first_x) // 2] for line in whole]
    columns = [sorted(int(value) for value in line[first_y : last_y + 1])[(last_y - first_y) // 2] for line in whole.T]
    left = whole.copy()
    for y, x in np.ndindex(64, 64):
        explained = []
        if not first_y <= y <= last_y:
            explained.append(int(whole[y, x]) - rows[y])
        if not first_x <= x <= last_x:
            explained.append(int(whole[y, x]) - columns[x])
        if explained:
            left[y, x] = min(explained, key=abs)
    return left


def in_whole(
    blocks: NDArray[np.uint8], box: Sequence[int], whole: NDArray[np.uint8], within: bool
) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    first_x, first_y = left * 64 // EDGE - 2, top * 64 // EDGE - 2
    last_x, last_y = right * 64 // EDGE + 2, bottom * 64 // EDGE + 2
    y, x = np.mgrid[:64, :64]
    outside = (x < first_x) | (x > last_x) | (y < first_y) | (y > last_y)
    states = np.zeros((8, 8), np.uint8)
    shown = whole.astype(np.int64)
    if within and min(first_x, first_y) > 0 and max(last_x, last_y) < 63:
        shown = without_frame(shown, first_x, first_y, last_x, last_y)
    for row, column in np.ndindex(8, 8):
        part = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        values = shown[part][outside[part]]
        spread = int((values * values).sum()) * values.size - int(values.sum()) ** 2
        if 4 * values.size >= 64 and spread >= 169 * values.size**2:
            states[row, column] = ADDED
        middle_x, middle_y = (2 * column + 1) * EDGE // 16, (2 * row + 1) * EDGE // 16
        if left <= middle_x < right and top <= middle_y < bottom:
            inner = (middle_y - top) * 8 // (bottom - top), (middle_x - left) * 8 // (right - left)
            states[row, column] = blocks[inner]
    return states


def thumbnail_of(evidence: Evidence, view: View) -> Thumbnail | None:
    """The thumbnail that shows a view: its own, or the innermost picture's."""
    if view.own_thumbnail or view.negated or view.code == FULL:
        code = view.code if view.own_thumbnail else FULL
        return next((each for each in evidence.thumbnails if each.view == code), None)
    return [each for each in evidence.thumbnails if each.view in (FULL, TRIMMED, FRAMED)][-1]


def size_of(evidence: Evidence, thumbnail: Thumbnail) -> tuple[int, int]:
    """Width and height of what a thumbnail shows, in a unit that keeps them below 2^16."""
    left, top, right, bottom = thumbnail.box
    width, height = evidence.width * (right - left), evidence.height * (bottom - top)
    scale = max(max(width, height) >> 15, 1)
    return max(width // scale, 1), max(height // scale, 1)


def verified(views: Sequence[View], known: Evidence, query: Evidence, matched: Sequence[MatchedViews]) -> Result:
    """Score, textured blocks, states of blocks and the views that decided."""
    tried: list[tuple[Row, Thumbnail, Thumbnail, int]] = []
    best = NOTHING
    for pair in matched:
        one, other = views[pair.known_view], views[pair.query_view]
        shown = [thumbnail_of(side, view) for side, view in ((known, one), (query, other))]
        if len(tried) == 3 or shown[0] is None or shown[1] is None:
            continue
        shares = between(
            placed(one, pair.known_orientation, *size_of(known, shown[0])),
            placed(other, pair.query_orientation, *size_of(query, shown[1])),
        )
        geometry = shares, shown[0], shown[1], -1 if one.negated != other.negated else 1
        if any(
            geometry[1:] == before[1:] and np.abs(corners(shares) - corners(before[0])).max() <= ONE // 20
            for before in tried
        ):
            continue
        tried.append(geometry)
        found = verified_by(geometry, query, pair)
        if found[0] > best[0]:
            best = found
    return best


def verified_by(geometry: tuple[Row, Thumbnail, Thumbnail, int], query: Evidence, pair: MatchedViews) -> Result:
    shares, one, other, sign = geometry
    area = floor(abs(shares[0] * shares[4] - shares[1] * shares[3]) / ONE)
    known_pixels, known_levels = at_size(one, ONE * ONE // max(area, 1))
    query_pixels, query_levels = at_size(other, area)
    score, m = slow.aligned(known_levels, query_levels, in_pixels(shares, len(known_pixels), len(query_pixels)), sign)
    if score == 0:
        return NOTHING
    if 300 <= score < 900:
        m = slow.polished(known_levels, query_levels, m, sign)
    textured, blocks, inverse, within = 0, np.zeros((8, 8), np.uint8), inverted(m), False
    if inverse is not None:
        textured, blocks = compared(known_pixels, known_levels[2], query_pixels, query_levels[2], inverse, sign)
        if other.view == TRIMMED:
            blocks = with_words_beyond(blocks, query_pixels.astype(np.int64), known_pixels.astype(np.int64), inverse)
        last, end = len(query_pixels) - 1, len(known_pixels) - 1
        places = [
            inverse[3 * row] * x + inverse[3 * row + 1] * y + inverse[3 * row + 2]
            for x, y, row in product((0, last), (0, last), (0, 1))
        ]
        within = min(places) >= -6144 and max(places) <= end * 4096 + 6144
    if other.view != FULL:
        blocks = in_whole(blocks, other.box, slow.decoded(query.thumbnails[0].packed), within)
    return score, textured, blocks.tobytes(), pair
