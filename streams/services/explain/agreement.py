"""Lays a known picture on a submitted one, as their evidence shows them, and says block by block how well they agree.

For people to look at, so in floats and without the gates of `streams.domain.evidence`: it aligns look-alikes too, which
the judge gives up early. The score that decides is the judge's alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.evidence import EDGE, Evidence
from streams.domain.evidence.thumbnail import SIDE
from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import VIEWS

Floats = NDArray[np.float64]

BLOCKS: Final = 8
"""Blocks a side."""

REACH: Final = 2
NOISE: Final = (6.0, 4.0, 2.0)
"""Pixels to each side that a pixel is compared with, and grey levels under which contrast is noise, as
`streams.domain.evidence.alignment.normalise` has them; the smallest size first."""

PLAIN: Final = 0.0244
"""Mean square of a block's detail below which there is nothing to see in it."""

STEPS: Final = (0.03, 0.015, 0.008, 0.004)
"""Shares of a side by which hill climbing moves an edge."""

MIN_COVERED: Final = 0.15
MIN_SIDE: Final = 24

_SWAP, _FLIP_Y, _FLIP_X = (
    np.array(rows, float) for rows in ((
        ((0, 1, 0), (1, 0, 0), (0, 0, 1)),
        ((1, 0, 0), (0, -1, 1), (0, 0, 1)),
        ((-1, 0, 1), (0, 1, 0), (0, 0, 1)),
    ))
)  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """How well two pictures agree where one is laid on the other.

    Attributes:
        to_known: takes points of the submitted picture to points of the known one: 3 × 3, in shares of width and
            height.
        blocks: BLOCKS × BLOCKS of the submitted picture: correlation of the detail, -1 to 1; NaN where there is
            nothing to see on either side, or the block lies beyond the known picture.
    """

    to_known: Floats
    blocks: Floats

    def as_json(self) -> list[list[float | None]]:
        """The blocks, row by row, with None for NaN."""
        return [[None if np.isnan(value) else round(value, 2) for value in row] for row in self.blocks.tolist()]


def find_agreement(known: Evidence, submitted: Evidence, views: MatchedViews) -> Agreement | None:
    """Align by the views, refine, and compare block by block; None if these views share no area."""
    of_known = _placement(views.known_view, views.known_orientation, known)
    of_submitted = _placement(views.query_view, views.query_orientation, submitted)
    if abs(np.linalg.det(of_submitted)) < 1e-6 or abs(np.linalg.det(of_known)) < 1e-6:
        return None
    to_known = of_known @ np.linalg.inv(of_submitted)
    known_side, submitted_side = _sides(abs(float(np.linalg.det(to_known))))
    known_sizes, submitted_sizes = _sizes(known, known_side), _sizes(submitted, submitted_side)
    if VIEWS[views.known_view].negated != VIEWS[views.query_view].negated:
        known_sizes = [-detail for detail in known_sizes]
    for one, other in zip(known_sizes, submitted_sizes, strict=True):
        to_known = _refined(one, other, to_known)
    return Agreement(to_known, _compare_blocks(known_sizes[-1], submitted_sizes[-1], to_known))


def _placement(view_code: int, orientation: int, evidence: Evidence) -> Floats:
    """Takes points of a view, turned as it was hashed, to points of its picture."""
    view = VIEWS[view_code]
    left, top, right, bottom = view.box
    inner = [thumbnail for thumbnail in evidence.thumbnails if view.own_thumbnail and thumbnail.view == view_code]
    if inner:
        left, top, right, bottom = (edge / EDGE for edge in inner[0].box)
    elif view.aspect:
        across, down = view.aspect * evidence.height / evidence.width, evidence.width / evidence.height / view.aspect
        left, top = max(0.0, (1 - across) / 2), max(0.0, (1 - down) / 2)
        right, bottom = 1 - left, 1 - top
    matrix = np.array(((right - left, 0, left), (0, bottom - top, top), (0, 0, 1)), float)
    if view.tilt_degrees:
        cosine, sine = np.cos(np.radians(view.tilt_degrees)), np.sin(np.radians(view.tilt_degrees))
        aspect = evidence.height / evidence.width
        matrix = _about_middle(np.array(((cosine, sine * aspect), (-sine / aspect, cosine))))
    for flag, turned in ((TRANSPOSED, _SWAP), (TOP_BOTTOM, _FLIP_Y), (LEFT_RIGHT, _FLIP_X)):
        if orientation & flag:
            matrix = matrix @ turned
    return matrix


def _about_middle(linear: Floats) -> Floats:
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = 0.5 - linear @ np.array((0.5, 0.5))
    return matrix


def _sides(area: float) -> tuple[int, int]:
    """Pixels a side of both, so that pixels show equally much of the scene. `area`: of the submission in the known."""
    scale = max(area, 1e-6) ** 0.5
    known, submitted = min(1.0, 1 / scale), min(1.0, scale)
    return max(MIN_SIDE, round(SIDE * known)), max(MIN_SIDE, round(SIDE * submitted))


def _sizes(evidence: Evidence, side: int) -> list[Floats]:
    """The detail of the whole picture at three sizes, the smallest first."""
    image = Image.fromarray(evidence.thumbnails[0].pixels)
    smaller = (max(8, side >> step) for step in (2, 1, 0))
    return [
        _detail(np.asarray(image.resize((size, size), Image.Resampling.BOX), float), noise)
        for size, noise in zip(smaller, NOISE, strict=True)
    ]


def _detail(pixels: Floats, noise: float) -> Floats:
    """Every pixel's difference from the mean of its surroundings, by their deviation."""
    mean = _means(pixels)
    deviation = np.sqrt(np.maximum(_means(pixels * pixels) - mean * mean, 0))
    detail: Floats = (pixels - mean) / (noise + deviation)
    return detail


def _means(values: Floats) -> Floats:
    places = np.arange(len(values))
    low, high = np.maximum(places - REACH, 0), np.minimum(places + REACH + 1, len(values))
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = sums[high][:, high] - sums[low][:, high] - sums[high][:, low] + sums[low][:, low]
    means: Floats = total / np.outer(high - low, high - low)
    return means


def _refined(known: Floats, submitted: Floats, to_known: Floats) -> Floats:
    """The map after hill climbing: every one of its six numbers up or down while that helps."""
    best, best_map = _correlation(known, submitted, to_known), to_known
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for number in range(6):
                for change in (step, -step):
                    trial = _nudged(best_map, number, change)
                    score = _correlation(known, submitted, trial)
                    if score > best + 1e-4:
                        best, best_map, moved = score, trial, True
                        break
    return best_map


def _nudged(to_known: Floats, number: int, change: float) -> Floats:
    linear, shift = np.eye(2), np.zeros((3, 3))
    if number < 2:
        shift[number, 2] = change
    else:
        linear[divmod(number - 2, 2)] += 2 * change
    nudged: Floats = to_known @ _about_middle(linear) + shift
    return nudged


def _correlation(known: Floats, submitted: Floats, to_known: Floats) -> float:
    laid, covered = _lay_on(known, len(submitted), to_known)
    if covered.mean() < MIN_COVERED:
        return -1.0
    return _correlate(laid[covered], submitted[covered])


def _correlate(one: Floats, other: Floats) -> float:
    norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / norm if norm else 0.0


def _lay_on(known: Floats, side: int, to_known: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The known picture as it lies on the submitted one, of `side` pixels a side, and where it covers that."""
    centres = (np.arange(side) + 0.5) / side
    u = (to_known[0, 0] * centres[None] + to_known[0, 1] * centres[:, None] + to_known[0, 2]) * len(known) - 0.5
    v = (to_known[1, 0] * centres[None] + to_known[1, 1] * centres[:, None] + to_known[1, 2]) * len(known) - 0.5
    last = len(known) - 1
    covered = (u >= -0.5) & (v >= -0.5) & (u <= last + 0.5) & (v <= last + 0.5)
    u, v = u.clip(0, last - 1e-6), v.clip(0, last - 1e-6)
    i, j = u.astype(np.int64), v.astype(np.int64)
    across, down = u - i, v - j
    above = known[j, i] * (1 - across) + known[j, i + 1] * across
    below = known[j + 1, i] * (1 - across) + known[j + 1, i + 1] * across
    return above * (1 - down) + below * down, covered


def _compare_blocks(known: Floats, submitted: Floats, to_known: Floats) -> Floats:
    laid, covered = _lay_on(known, len(submitted), to_known)
    edges = [round(number * len(submitted) / BLOCKS) for number in range(BLOCKS + 1)]
    blocks = np.full((BLOCKS, BLOCKS), np.nan)
    for row in range(BLOCKS):
        for column in range(BLOCKS):
            place = slice(edges[row], edges[row + 1]), slice(edges[column], edges[column + 1])
            seen, one, other = covered[place], laid[place], submitted[place]
            if seen.mean() >= 0.5 and max((one[seen] ** 2).mean(), (other[seen] ** 2).mean()) >= PLAIN:
                blocks[row, column] = _correlate(one[seen], other[seen])
    return blocks
