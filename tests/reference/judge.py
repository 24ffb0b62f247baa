"""The plain twin of streams/domain/evidence/judge.py: numpy and Python's whole numbers. No tests here.

How thumbnails are aligned has a twin of its own (evidence.py, verification of the product is taken as it is), and so
have the ink of pages and words and their comparison (paper.py, words.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.judge import Judgement
from streams.domain.evidence.paper.compare import Geometry, compare_pages
from streams.domain.evidence.paper.page import Page
from streams.domain.evidence.placement import views_shares
from streams.domain.evidence.prepared import SIDES, pixels
from streams.domain.evidence.verify import MatchedViews, Verification, verify
from streams.domain.hashes.views import CUT_OUT, FULL, OTHER_GROUND
from tests.reference import changes, detail, paper, words

ONE, PIXEL, EDGE = 65536, 4096, 65535
Map = tuple[int, ...]
IDENTITY: Map = (ONE, 0, 0, 0, ONE, 0)


def judged(
    known: Evidence, query: Evidence, matched: Sequence[MatchedViews], near_bits: int, confirm_bits: int
) -> Judgement:
    if known.pixels and known.pixels == query.pixels:
        return Judgement("certain", 1000, 0.0, b"\1" * 64, matched[0] if matched else None)
    found = verify(known, query, matched)
    judged = by_evidence(known, query, matched, confirm_bits, found)
    shares = shares_of(known, query, found, matched)
    same = seen_alike(known, query) and says_the_same(known, query, shares)
    if judged.confidence == "certain" and not (same and looks_the_same(known, query, found, matched, shares)):
        return replace(judged, confidence="likely")
    texts = known.shown_words, query.shown_words
    if judged.confidence == "certain" and texts[0] and texts[1] and words.has_others(texts[0], texts[1], shares):
        return replace(judged, confidence="likely", work=judged.work + 2)
    return judged


def looks_the_same(
    known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews], shares: Map
) -> bool:
    """Detail counts unless ink was compared, or one picture was laid on another ground."""
    views = found.views or (matched[0] if matched else MatchedViews(0, 0, 0, 0))
    grounds = {
        views.known_view if number_of(known, views.known_view) else 0,
        views.query_view if number_of(query, views.query_view) else 0,
    } & {OTHER_GROUND, CUT_OUT}
    return bool(known.ink and query.ink) or bool(grounds) or detail.is_same(known, query, shares)


def says_the_same(known: Evidence, query: Evidence, shares: Map) -> bool:
    """Neither a small extract nor a drawing that was turned or mirrored."""
    a, b, _, d, e, _ = shares
    area = (a * e - b * d) // ONE
    if abs(area) > 10 * ONE // 3:
        return False
    if area > 0 and a > abs(b) and e > abs(d):
        return True
    one, other = known.thumbnails[0], query.thumbnails[0]
    inks, bold = known.ink is not None and query.ink is not None, is_bold_drawing(one) and is_bold_drawing(other)
    if inks and not bold and area > 0 and known.ink is not None and known.ink.words >= 40:
        return True
    return not (inks or bold) or tone_distance(one.pixels, other.pixels) <= 10


def by_evidence(
    known: Evidence, query: Evidence, matched: Sequence[MatchedViews], confirm_bits: int, found: Verification
) -> Judgement:
    views = found.views or (matched[0] if matched else MatchedViews(0, 0, 0, 0))
    one, other = 0, 0
    if {views.known_view, views.query_view} & {OTHER_GROUND, CUT_OUT}:
        one, other = number_of(known, views.known_view), number_of(query, views.query_view)
    shown = known.thumbnails[one], query.thumbnails[other]
    is_cut_out = any(each.view == CUT_OUT for each in shown)
    inks = [
        picture.ink_on_other_ground if thumbnail.view == OTHER_GROUND else picture.ink
        for picture, thumbnail in zip((known, query), shown, strict=True)
    ]
    shares = shares_of(known, query, found, matched)
    distance = colour_distance(known.chroma, query.chroma, shares) if known.chroma and query.chroma else None
    compared = bool(known.chroma and query.chroma)
    same_colours = not compared or (distance is not None and distance <= 24)
    alike = furthest_corner(shares) <= ONE * 15 // 1000

    confidence: str
    few = confirm_bits <= 24
    if found.textured < 34:
        confidence = plain(known, query, shown, shares)
        if confidence != "certain" and not few and found.score < 490:
            confidence = ""
    elif found.score >= 490 or (few and found.score >= 300):
        on_even_ground = even(shown[0]) * 100 >= 60 * 112
        calm = bands(known, query, found) <= 5 and not changed(known, query, found, matched, on_even_ground)
        faded = colour_distance(known.chroma, query.chroma, shares, True) if compared else None
        still = outline_distance(shown[0].pixels, shown[1].pixels) <= 8
        lost_colours = compared and has_no_colour(known.chroma) != has_no_colour(query.chroma) and still
        same = not compared or lost_colours or (faded is not None and faded <= 24)
        confidence = "certain" if same and calm else "likely"
        if is_drawing(shown[0]) and is_drawing(shown[1]):
            tones = aligned_tones(known, query, found)
            close = not compared or lost_colours or (faded is not None and faded <= 12)
            upright = shares[0] > abs(shares[1]) and shares[4] > abs(shares[3])
            moved = tones is not None and found.textured >= 48 and tones <= 28
            moved = moved or (tones is not None and found.textured >= 40 and tones <= 20 and upright)
            moved = moved or still or relit_distance(shown[0].pixels, shown[1].pixels) <= 8
            moved = moved and found.placement is not None and not is_cut_out and close
            if plain(known, query, shown, shares) == "certain":
                confidence = "certain"
            elif confidence == "certain" and not moved:
                confidence = "likely"
    else:
        confidence = ""

    score, blocks, work = found.score, found.blocks, 1
    if inks[0] and inks[1] and not is_cut_out:
        darker = alike and tone_distance_on_ground(known.thumbnails[0].pixels, query.thumbnails[0].pixels) > 40
        same = (same_colours or confidence == "certain") and not darker
        confidence, score, blocks, work = by_ink(inks[0], inks[1], shares, confidence, same, alike, blocks)
    elif confidence == "certain" and any(inks) and not is_bold_copy(shown):
        paper_side, other_side = (shown[1], shown[0]) if inks[1] else shown
        ground = even(paper_side) * 100
        needed = 840 if structured(other_side) > 51 and even(other_side) * 100 < 50 * 112 else 880
        photo = ground < 50 * 112 or (structured(paper_side) > 51 and ground < 80 * 112 and found.score >= needed)
        confidence = "certain" if photo else "likely"
    differs = round((blocks.count(2) + blocks.count(3)) / 64, 4)
    return Judgement(confidence, score, differs, blocks, found.views, work)  # type: ignore[arg-type]


def number_of(evidence: Evidence, view: int) -> int:
    return next((number for number, each in enumerate(evidence.thumbnails) if each.view == view), 0)


def seen_alike(known: Evidence, query: Evidence) -> bool:
    """Pictures that are mixed with their ground show the same on black and on white."""
    mixed = [is_mixed(known), is_mixed(query)]
    if mixed == [False, False]:
        return True
    if mixed != [True, True]:
        return False
    pairs = zip(on_grounds(known), on_grounds(query), strict=True)
    return all(tone_distance(*pair) <= 16 for pair in pairs)


def on_grounds(evidence: Evidence) -> list[NDArray[np.uint8]]:
    pictures = [evidence.thumbnails[number].pixels for number in (0, number_of(evidence, OTHER_GROUND))]
    return pictures if int(pictures[0].sum()) <= int(pictures[1].sum()) else pictures[::-1]


def is_mixed(evidence: Evidence) -> bool:
    if not number_of(evidence, OTHER_GROUND):
        return False
    black, white = (pixels.astype(int) for pixels in on_grounds(evidence))
    alpha = 255 - (white - black)
    count = 0
    for y in range(1, 63):
        for x in range(1, 63):
            around = alpha[y - 1 : y + 2, x - 1 : x + 2]
            count += bool((around >= 32).all() and (around <= 223).all())
    return count * 100 > 10 * 64 * 64


def plain(known: Evidence, query: Evidence, shown: tuple[Thumbnail, Thumbnail], shares: Map) -> str:
    if not known.chroma or not query.chroma or min(structured(each) for each in shown) < 4:
        return "likely"
    distance = colour_distance(known.chroma, query.chroma, IDENTITY)
    assert distance is not None
    if distance <= 12 and (tone_distance(shown[0].pixels, shown[1].pixels) <= 10 or is_bold_copy(shown)):
        return "certain"
    if any(each.view == CUT_OUT for each in shown):
        return "likely"
    moved = colour_distance(known.chroma, query.chroma, shares)
    coloured = min(saturation(known.chroma), saturation(query.chroma)) >= 8 * 64
    return "" if coloured and moved is not None and moved > 48 else "likely"


def is_bold(thumbnail: Thumbnail) -> bool:
    spreads = [thumbnail.packed[at + 1] - thumbnail.packed[at] for at in range(0, len(thumbnail.packed), 18)]
    bold, clear = sum(spread >= 90 for spread in spreads), sum(spread >= 6 for spread in spreads)
    return clear >= 8 and bold * 100 >= 60 * clear


def is_bold_drawing(thumbnail: Thumbnail) -> bool:
    return is_bold(thumbnail) and structured(thumbnail) <= 51


def is_bold_copy(shown: tuple[Thumbnail, Thumbnail]) -> bool:
    both = is_bold(shown[0]) and is_bold(shown[1])
    return both and outline_distance(shown[0].pixels, shown[1].pixels) <= 14


def outline_distance(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    outside = np.zeros((64, 64), int)
    for one, other in ((known.astype(int), query.astype(int)), (query.astype(int), known.astype(int))):
        for y in range(64):
            for x in range(64):
                around = one[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
                level = int(other[y, x])
                outside[y, x] = max(outside[y, x], level - around.max(), around.min() - level)
    return worst_tiles(outside)


def relit_distance(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    """The outline distance after one factor of light, or of contrast about the mean, was applied to the known one."""
    pairs = [(int(known[y, x]), int(query[y, x])) for y in range(64) for x in range(64) if 8 <= int(query[y, x]) <= 247]
    least = 1000
    for middle in (0, int(known.astype(int).sum()) // 4096):
        above = sum((k - middle) * (q - middle) for k, q in pairs)
        below = sum((k - middle) ** 2 for k, q in pairs)
        factor = above * 256 // max(below, 1)
        if len(pairs) >= 64 and 96 <= factor <= 448:
            relit = [[min(max(middle + (int(k) - middle) * factor // 256, 0), 255) for k in row] for row in known]
            least = min(least, outline_distance(np.array(relit, np.uint8), query))
    return least


def has_no_colour(chroma: bytes) -> bool:
    return all(abs(value - 128) <= 4 for value in chroma)


def is_drawing(thumbnail: Thumbnail) -> bool:
    return structured(thumbnail) <= 51 and even(thumbnail) >= 56


def even(thumbnail: Thumbnail) -> int:
    """Neighbours, of 112, with nearly the same bright ends, or dark ends."""
    packed = thumbnail.packed
    even = []
    for end in range(2):
        ends = [[packed[18 * (8 * row + column) + end] for column in range(8)] for row in range(8)]
        across = sum(abs(row[at + 1] - row[at]) <= 5 for row in ends for at in range(7))
        even.append(across + sum(abs(ends[at + 1][x] - ends[at][x]) <= 5 for at in range(7) for x in range(8)))
    return max(even)


def structured(thumbnail: Thumbnail) -> int:
    packed = thumbnail.packed
    return sum(packed[at + 1] - packed[at] >= 6 for at in range(0, len(packed), 18))


def by_ink(
    one: Page, other: Page, shares: Map, confidence: str, same_colours: bool, alike: bool, blocks: bytes
) -> tuple[str, int, bytes, int]:
    whole = (0, 0, EDGE, EDGE)
    found = compare_pages(one, other, [Geometry(np.array(shares, np.int64), whole, whole)])
    words = int((paper.own(paper.levels(one.ink)[0]) != paper.UNKNOWN).sum())
    enough = found.compared >= 6 and found.compared * 2 >= words and found.covered_percent >= 50 and found.score >= 200
    same = found.loss <= 80 and (words < 150 or found.low_loss <= -10)
    same = same and found.loss - found.usual_loss <= 100 and 2 * found.change <= 7 * (found.usual_change + 5)
    score, work = min(max(found.score, 0), 1000), 4 if found.aligned else 2
    if enough and same:
        return "certain" if same_colours else "likely", score, blocks.replace(b"\2", b"\1"), work
    few_others = found.compared > 0 and found.other_words * 100 <= 12 * found.compared
    return "likely" if few_others or (confidence and not alike) else "", score, blocks, work


def shares_of(known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews]) -> Map:
    placed = found.placement
    if placed is None:
        return tuple(int(number) for number in views_shares(known, query, matched))
    known_side, query_side = SIDES[placed.known_size], SIDES[placed.query_size]
    known_box, query_box = known.thumbnails[placed.known].box, query.thumbnails[placed.query].box
    part: list[int] = []
    for row in (0, 3):
        a, b, c = (int(number) for number in placed.map[row : row + 3])
        part += [a * known_side * 16 // query_side, b * known_side * 16 // query_side]
        part.append((c + PIXEL // 2 - (a + b) // 2) * 16 // query_side)
    whole: list[int] = []
    for axis in range(2):
        a, b, c = part[3 * axis : 3 * axis + 3]
        left, top, right, bottom = known_box
        start, span = query_box[axis], query_box[axis + 2] - query_box[axis]
        c -= a * left // max(right - left, 1)
        c -= b * top // max(bottom - top, 1)
        whole += [a * span // max(right - left, 1), b * span // max(bottom - top, 1), (c * span + start * ONE) // EDGE]
    return tuple(whole)


def furthest_corner(shares: Map) -> int:
    return max(
        abs(shares[row] * x + shares[row + 1] * y + shares[row + 2] - IDENTITY[row] * x - IDENTITY[row + 1] * y)
        for row in (0, 3)
        for x in (0, 1)
        for y in (0, 1)
    )


def parts(chroma: bytes) -> list[list[tuple[int, int]]]:
    return [[(chroma[2 * (8 * y + x)], chroma[2 * (8 * y + x) + 1]) for x in range(8)] for y in range(8)]


def saturation(chroma: bytes) -> int:
    return sum(abs(value - 128) for value in chroma)


def colour_distance(known: bytes, query: bytes, shares: Map, may_fade: bool = False) -> int | None:
    one, other, pairs = parts(known), parts(query), []
    for row in range(8):
        for column in range(8):
            x, y = (2 * column + 1) * ONE // 16, (2 * row + 1) * ONE // 16
            u = (shares[0] * x + shares[1] * y) // ONE + shares[2]
            v = (shares[3] * x + shares[4] * y) // ONE + shares[5]
            if not (0 <= u < ONE and 0 <= v < ONE):
                continue
            across, down = (min(max(at * 128 // ONE - 8, 0), 111) for at in (u, v))
            i, j, g, f = down // 16, across // 16, down % 16, across % 16
            for band in range(2):
                above = other[i][j][band] * (16 - f) + other[i][j + 1][band] * f
                below = other[i + 1][j][band] * (16 - f) + other[i + 1][j + 1][band] * f
                pairs.append((one[row][column][band] - 128, (above * (16 - g) + below * g + 128) // 256 - 128))
    if len(pairs) < 16:
        return None
    factor = sum(a * b for a, b in pairs) * 256 // max(sum(a * a for a, _ in pairs), 1)
    found = []
    for strength in (256, factor) if may_fade and 96 <= factor <= 640 else (256,):
        bands = [abs(b - a * strength // 256) for a, b in pairs]
        found.append(sum(sorted(map(sum, zip(bands[::2], bands[1::2], strict=True)))[-4:]) // 4)
    return min(found)


def tone_distance(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    return worst_tiles(known.astype(int) - query.astype(int))


def tone_distance_on_ground(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    differences = known.astype(int) - query.astype(int)
    return worst_tiles(differences - sorted(differences.ravel().tolist())[2048])


def worst_tiles(differences: NDArray[np.int64]) -> int:
    squares = [int((differences[y : y + 4, x : x + 4] ** 2).sum()) for y in range(0, 64, 4) for x in range(0, 64, 4)]
    return sum(isqrt(square) for square in sorted(squares)[-4:]) // 16


def bands(known: Evidence, query: Evidence, found: Verification) -> int:
    """Windows that show something else, by exact fractions."""
    if found.placement is None:
        return 6
    least: dict[tuple[int, int], tuple[Fraction, Fraction]] = {}
    for shown_query, shown, laid in laid_on(known, query, found):
        side = len(shown_query)
        for top in range(0, side, 4):
            for left in range(0, side - 15, 4):
                window = (slice(top, top + 4), slice(left, left + 16))
                inside = shown[window]
                measured = residual(shown_query[window][inside], laid[window][inside])
                if measured and ((top, left) not in least or measured[0] < least[top, left][0]):
                    least[top, left] = measured
    return sum(left_over >= 400 and explained * 2 <= 1 for left_over, explained in least.values())


def changed(
    known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews], on_even_ground: bool
) -> bool:
    """Whether few places differ far more than the others, or all of them much on an even ground."""
    placed = found.placement
    if placed is None:
        return False
    one = pixels(known.prepared, placed.known, placed.known_size).astype(np.int64)
    other = pixels(query.prepared, placed.query, placed.query_size).astype(np.int64)
    if placed.sign < 0:
        other = 255 - other
    parts = known.thumbnails[placed.known], query.thumbnails[placed.query]
    edges = [0 if each.view == FULL else 3 for each in parts]
    if differ(one, other, inverse_of([int(number) for number in placed.map]), on_even_ground, *edges):
        return True
    if any(2 * (each.box[2] - each.box[0]) * (each.box[3] - each.box[1]) >= EDGE * EDGE for each in parts):
        return False
    a, b, c, d, e, f = shares_of(known, query, found, matched)
    m = [a // 16, b // 16, c * 4 + (a // 16 + b // 16) // 2 - 2048]
    m += [d // 16, e // 16, f * 4 + (d // 16 + e // 16) // 2 - 2048]
    whole, whole_query = (each.thumbnails[0].pixels.astype(np.int64) for each in (known, query))
    return differ(whole, whole_query, inverse_of(m), on_even_ground)


def differ(
    known: NDArray[np.int64],
    query: NDArray[np.int64],
    inverse: Map | None,
    on_even_ground: bool,
    known_edge: int = 0,
    query_edge: int = 0,
) -> bool:
    if inverse is None:
        return False
    worst, usual, equal_percent = changes.changes(known, query, inverse, known_edge, query_edge)
    if on_even_ground and usual > 60:
        return True
    edited = 6 if equal_percent >= 72 else 60 if equal_percent >= 50 else 150 if equal_percent >= 40 else 1 << 30
    return worst > edited or 2 * worst > min(56 + 28 * usual, 128 + 10 * usual, 248 + 5 * usual)


def aligned_tones(known: Evidence, query: Evidence, found: Verification) -> int | None:
    """The mean of the four worst tiles' deviations, every tile at its best shift."""
    least: dict[tuple[int, int], int] = {}
    for shown_query, shown, laid in laid_on(known, query, found):
        for top, left in ((4 * row, 4 * column) for row, column in np.ndindex(len(shown) // 4, len(shown) // 4)):
            tile = (slice(top, top + 4), slice(left, left + 4))
            differences = (shown_query[tile] - laid[tile])[shown[tile]]
            if 2 * len(differences) >= 16:
                square = int((differences**2).sum()) // len(differences)
                least[top, left] = min(square, least.get((top, left), square))
    worst = sorted(least.values())[-4:]
    return sum(isqrt(square) for square in worst) // 4 if len(worst) == 4 else None


def laid_on(known: Evidence, query: Evidence, found: Verification) -> Iterator[tuple[NDArray[Any], ...]]:
    """The query, where it shows the known picture, and that picture laid on it, at every shift."""
    placed = found.placement
    inverse = None if placed is None else inverse_of([int(number) for number in placed.map])
    assert placed is not None
    if inverse is None:
        return
    a, b, c, d, e, f = inverse
    shown_known = pixels(known.prepared, placed.known, placed.known_size).astype(np.int64)
    shown_query = pixels(query.prepared, placed.query, placed.query_size).astype(np.int64)
    if placed.sign < 0:
        shown_query = 255 - shown_query
    side = len(shown_query)
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    for right, down in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        across, along = a * x + b * y + c + right * PIXEL, d * x + e * y + f + down * PIXEL
        yield (shown_query, *sampled(shown_known, across, along))


def inverse_of(m: Sequence[int]) -> Map | None:
    """The map from query to known pixels."""
    determinant = m[0] * m[4] - m[1] * m[3]
    if determinant == 0:
        return None
    unit = PIXEL * PIXEL
    a, b = m[4] * unit // determinant, -m[1] * unit // determinant
    d, e = -m[3] * unit // determinant, m[0] * unit // determinant
    return a, b, -(a * m[2] + b * m[5]) // PIXEL, d, e, -(d * m[2] + e * m[5]) // PIXEL


def sampled(
    known: NDArray[np.int64], u: NDArray[np.int64], v: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    last = (len(known) - 1) * PIXEL
    shown = (u >= -2048) & (u <= last + 2048) & (v >= -2048) & (v <= last + 2048)
    u, v = u.clip(0, last - 1), v.clip(0, last - 1)
    i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
    above = known[j, i] * (16 - f) + known[j, i + 1] * f
    below = known[j + 1, i] * (16 - f) + known[j + 1, i + 1] * f
    return shown, (above * (16 - g) + below * g + 128) >> 8


def residual(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[Fraction, Fraction] | None:
    """Variance that is left, and the share that is explained; None where too little is shown."""
    n = len(one)
    if 2 * n < 64:
        return None
    own = n * int((one * one).sum()) - int(one.sum()) ** 2
    others = n * int((other * other).sum()) - int(other.sum()) ** 2
    both = n * int((one * other).sum()) - int(one.sum()) * int(other.sum())
    explained = Fraction(both * both, own * others) if own > 0 and others > 0 and both > 0 else Fraction(0)
    return Fraction(max(own, others), n * n) * (1 - explained), explained
