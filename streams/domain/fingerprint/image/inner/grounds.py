"""Shows a cut-out on another ground, so that a copy on another ground is found. Small grey arrays only.

A transparent picture is shown on white and on black. An opaque one whose plain ground is not white is shown on white,
with the ground found by flooding from the edges; or on black, if it can hardly be seen on white.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from streams.domain.fingerprint.image.inner.borders import (
    MIN_INSIDE_SHARE,
    Pixels,
    Rectangle,
    median_level,
)
from streams.domain.fingerprint.image.luminance import BLACK, WHITE, is_better_on_black
from streams.domain.hamming.jit import compiled
from streams.domain.pixels.resample import BOX, resized

MIN_THROUGH_SHARE = 0.05
"""Share of the ground that must be seen through a transparent picture. With less, such as rounded corners, the ground
changes few bits of a hash."""

TOLERANCE = 4
"""Levels by which a ground may differ from its colour: enough for JPEG, not for the walls and floors of photos."""

MIN_WHITE, MAX_BLACK = 231, 24
"""Levels from which a ground is as good as white, and up to which it is as good as black."""

MIN_EDGE_PERCENT = 70
"""Of the pixels at the edges, which must have the level of the ground."""

MIN_GROUND_PERCENT = 5

MIN_OBJECT_PERCENT, MAX_OBJECT_PERCENT = 10, 97
"""Of its bounding box. What fills more is a picture in a border, what fills less is scattered."""

_SIDE = 64


class CutOut(NamedTuple):
    """An object on a ground of its own.

    Attributes:
        box: of the object.
        pixels: the whole picture, with the ground replaced.
    """

    box: Rectangle
    pixels: Pixels


def on_other_ground(pixels: Pixels, alpha: Pixels, ground: int) -> Pixels | None:
    """A transparent picture on black if it is on white, and on white if it is on black.

    Args:
        pixels: luminance on the ground.
        alpha: 255 where the picture is opaque.
        ground: WHITE or BLACK.

    Returns:
        None if hardly any ground can be seen.
    """
    through = 255 - alpha.astype(np.int16)
    if through.mean() < MIN_THROUGH_SHARE * 255:
        return None
    on_other = pixels - through if ground == WHITE else pixels + through
    return on_other.clip(0, 255).astype(np.uint8)


def find_cut_out(pixels: Pixels) -> CutOut | None:
    """The object on a plain ground that is not white, on another ground; None if there is none.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    level = int(_ground_level(pixels))
    if level < 0 or level >= MIN_WHITE:
        return None
    height, width = pixels.shape
    is_ground = np.zeros((height, width), np.bool_)
    left, top, right, bottom = (int(edge) for edge in _flood(pixels, level, is_ground))
    if right - left < MIN_INSIDE_SHARE * width or bottom - top < MIN_INSIDE_SHARE * height:
        return None
    ground_count = int(is_ground.sum())
    box = (left, top, right, bottom)
    object_share = (is_ground.size - ground_count) / ((right - left) * (bottom - top))
    if 100 * ground_count < MIN_GROUND_PERCENT * is_ground.size:
        return None
    if not MIN_OBJECT_PERCENT <= 100 * object_share <= MAX_OBJECT_PERCENT:
        return None
    _widen(is_ground)
    on_white, on_black = (np.where(is_ground, np.uint8(ground), pixels) for ground in (WHITE, BLACK))
    if not is_better_on_black(_small(on_white, box), _small(on_black, box)):
        return CutOut(box, on_white)
    return CutOut(box, on_black) if level > MAX_BLACK else None


def _small(pixels: Pixels, box: Rectangle) -> Pixels:
    return resized(pixels, _SIDE, box, BOX)


@compiled()
def _ground_level(pixels: Any) -> Any:
    """The level that most of the edge has; -1 if there is none."""
    height, width = pixels.shape
    edge = np.empty(2 * (height + width), np.uint8)
    edge[:width], edge[width : 2 * width] = pixels[0], pixels[height - 1]
    edge[2 * width : 2 * width + height], edge[2 * width + height :] = pixels[:, 0], pixels[:, width - 1]
    level: Any = np.int64(median_level(edge))
    alike: Any = 0
    for value in edge:
        alike += abs(np.int64(value) - level) <= TOLERANCE
    return level if 100 * alike >= MIN_EDGE_PERCENT * len(edge) else -1


@compiled()
def _flood(pixels: Any, level: int, is_ground: Any) -> Any:
    """Mark the ground that hangs together with the edges; left, top, right and bottom of the rest, or four zeros."""
    height, width = pixels.shape
    waiting, count = np.empty(height * width, np.int32), 0
    for y in range(height):
        inner = 0 < y < height - 1
        for x in range(0, width, width - 1 if inner and width > 1 else 1):
            if abs(np.int64(pixels[y, x]) - level) <= TOLERANCE:
                is_ground[y, x] = True
                waiting[count] = y * width + x
                count += 1
    while count:
        count -= 1
        y, x = waiting[count] // width, waiting[count] % width
        for side in range(4):
            v, u = y + (side == 0) - (side == 1), x + (side == 2) - (side == 3)
            inside = 0 <= v < height and 0 <= u < width
            if inside and not is_ground[v, u] and abs(np.int64(pixels[v, u]) - level) <= TOLERANCE:
                is_ground[v, u] = True
                waiting[count] = v * width + u
                count += 1
    left, top, right, bottom = width, height, 0, 0
    for y in range(height):
        for x in range(width):
            if not is_ground[y, x]:
                left, right = min(left, x), max(right, x + 1)
                top, bottom = min(top, y), y + 1
    return (left, top, right, bottom) if right > left else (0, 0, 0, 0)


@compiled()
def _widen(is_ground: Any) -> None:
    """Let the ground grow by a pixel to all sides: the edge of an object is mixed with its ground."""
    height, width = is_ground.shape
    before = is_ground.copy()
    for y in range(height):
        for x in range(width):
            if before[y, x]:
                is_ground[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = True
