"""From one grey picture to all of its hashes: the whole, its inside without borders, its crops, slightly tilted ovals.

All views come from one reduction of the decoded picture. How pictures inside it are found is in inner/, how
frequencies become hashes in canonical.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import cos, radians, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.canonical import HASH64_SIDE, ViewFrequencies, view_entries
from streams.domain.fingerprint.image.dct import box_frequencies
from streams.domain.fingerprint.image.inner.borders import (
    Pixels,
)
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import SIDE, ReducedPicture
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.levels import LEVEL_NUMBERS, Level
from streams.domain.hashes.packing import pack_entries
from streams.domain.hashes.views import (
    DESKEWED,
    FULL,
    INVERTED,
    QUERY_GROUPS,
    STORED_GROUPS,
    TRIMMED,
    VIEWS,
    Box,
    View,
    views_of_level,
)
from streams.domain.pixels.affine import mapped
from streams.domain.pixels.resample import BOX, LANCZOS, Rectangle, resized

MIN_QUALITY = 0.005
"""A picture of lower quality gets no views at all. Policies ask for more."""

MIN_MIDDLE_SHARE, MAX_MIDDLE_SHARE = 0.4, 0.94
"""Bounds of the share of a picture that its middle of another aspect shows. A smaller middle is another picture, a
larger one is nearly the same picture."""

MARGIN_STEPS = 256
"""Margins are rounded to multiples of 1 / MARGIN_STEPS, so that dct.py has few different cosines to cache."""

_WHOLE_BOX: Box = (0.0, 0.0, 1.0, 1.0)
_MEAN_OF_WHITE = 255.0 * 4 * 4 * 4
"""The lowest frequency of a white picture, in the scale of phash.py, by the square of the frequencies a side."""

_LARGE: Rectangle = (0.0, 0.0, SIDE, SIDE)

OVAL_SHARE = 1.1
"""The oval is a little larger than the square, so that only the corners are blanked out."""


def _outside_oval() -> NDArray[np.bool_]:
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) ** 2
    outside: NDArray[np.bool_] = offsets[:, None] + offsets[None] > OVAL_SHARE * (SIDE / 2) ** 2
    return outside


OUTSIDE_OVAL = _outside_oval()


@dataclass(frozen=True, slots=True)
class PictureHashes:
    """The hashes of a picture: imagehash's two in hex, the quality (0 to 1), and the packed entries of its views."""

    phash64: str
    phash256: str
    quality: float
    views: str


def inner_pictures(reduced: ReducedPicture, level: Level) -> list[tuple[int, Rectangle, Pixels | None]]:
    """The views of a level that evidence has thumbnails of, with their boxes, the innermost picture last.

    A view that is not the picture in its box comes with its own pixels.
    """
    if not _level_views(level).inner:
        return []
    inner: list[tuple[int, Rectangle, Pixels | None]] = [(code, part, None) for code, part in reduced.panels]
    if reduced.rotated:
        inner.append((DESKEWED, reduced.rotated.bounding_box, reduced.upright(reduced.rotated)))
    inner += [(code, part, resized(pixels, SIDE, part, BOX)) for code, part, pixels in reduced.grounds]
    inner += [(code, part, None) for code, part in reduced.objects]
    return inner + [(code, part, None) for code, part in reduced.inner]


def picture_hashes(reduced: ReducedPicture, level: Level) -> PictureHashes:
    """All hashes of an upright picture."""
    large = reduced.square(reduced.whole)
    full = whole_view(FULL, large)
    quality = phash.quality(large)
    has_views = quality >= MIN_QUALITY
    return PictureHashes(
        phash64=phash.hash_bytes(full.for_hash64).tobytes().hex(),
        phash256=phash.hash_bytes(full.for_hash256).tobytes().hex(),
        quality=quality,
        views=pack_entries(view_entries(list(_views(reduced, large, full, level)), _required(level)))
        if has_views
        else "",
    )


def boxes_by_view(shown: OnGround) -> dict[int, Box]:
    """The box of each view in an upright picture, by the view's code. Views that it lacks are left out."""
    reduced = ReducedPicture(shown)
    _, _, width, height = reduced.whole
    parts: dict[int, Rectangle] = dict([(FULL, reduced.whole), *reduced.panels, *reduced.objects, *reduced.inner])
    parts |= {code: part for code, part, _ in reduced.grounds}
    innermost = reduced.inner[-1][1] if reduced.inner else reduced.whole
    if reduced.rotated:
        parts[DESKEWED] = reduced.rotated.bounding_box
    for view in VIEWS:
        aspect = reduced.aspect_of(innermost)
        box = _middle_box(aspect, view.aspect) if view.aspect else view.box
        if box and not view.own_thumbnail and view.code != FULL:
            parts[view.code] = _part_of(reduced.whole if view.negated else innermost, box)
    return {
        code: (left / width, top / height, min(right / width, 1.0), min(bottom / height, 1.0))
        for code, (left, top, right, bottom) in parts.items()
    }


def _part_of(part: Rectangle, box: Box) -> Rectangle:
    left, top, width, height = part[0], part[1], part[2] - part[0], part[3] - part[1]
    return left + box[0] * width, top + box[1] * height, left + box[2] * width, top + box[3] * height


@cache
def _required(level: Level) -> NDArray[np.bool_]:
    """View × orientation with flags: the entries that are stored or looked up."""
    required: NDArray[np.bool_] = STORED_GROUPS[LEVEL_NUMBERS[level]] | QUERY_GROUPS[LEVEL_NUMBERS[level]] > 0
    return required


def whole_view(code: int, large: Pixels) -> ViewFrequencies:
    """The frequencies of a picture of SIDE × SIDE that is hashed as a whole."""
    # The small picture is made from the large one, not from all pixels: four times as fast and as close to imagehash
    # (0.3 bits off on average).
    small = resized(large, SIDE // 2, _LARGE, LANCZOS)
    return ViewFrequencies((code,), True, phash.lowest_frequencies(small)[None], phash.lowest_frequencies(large)[None])


def derived_views(codes: tuple[int, ...], blocks: NDArray[np.float64]) -> ViewFrequencies:
    """Views that do not show the whole picture, from their lowest 16 × 16 frequencies."""
    return ViewFrequencies(codes, False, blocks[:, :HASH64_SIDE, :HASH64_SIDE].copy(), blocks)


def negated(view: ViewFrequencies, code: int) -> ViewFrequencies:
    """The view of a whole picture whose levels are negated: all frequencies but the mean change their sign."""
    blocks = -view.for_hash64, -view.for_hash256
    for block in blocks:
        block[:, 0, 0] += _MEAN_OF_WHITE * block.shape[1] ** 2
    return ViewFrequencies((code,), False, *blocks)


class _LevelViews(NamedTuple):
    """The views of a level.

    Attributes:
        inner: whether it has the pictures inside borders and screenshots.
        boxed_codes: the views that are fixed boxes.
        boxes: of these.
        others: ovals and views of another aspect.
    """

    inner: bool
    boxed_codes: tuple[int, ...]
    boxes: tuple[Box, ...]
    others: tuple[View, ...]


@cache
def _level_views(level: Level) -> _LevelViews:
    required = views_of_level(level)
    boxed = tuple(view for view in required if not (view.whole or view.oval or view.aspect or view.negated))
    return _LevelViews(
        any(view.code == TRIMMED for view in required),
        tuple(view.code for view in boxed),
        tuple(view.box for view in boxed),
        tuple(view for view in required if view.oval or view.aspect),
    )


def _views(reduced: ReducedPicture, large: Pixels, full: ViewFrequencies, level: Level) -> Iterator[ViewFrequencies]:
    """The views of a level."""
    required = _level_views(level)
    yield full
    innermost, aspect = large, reduced.aspect
    if required.inner:
        yield negated(full, INVERTED)
        for code, part in reduced.inner:
            innermost, aspect = reduced.square(part), reduced.aspect_of(part)
            yield whole_view(code, innermost)
        yield from (whole_view(code, reduced.square(part)) for code, part in (*reduced.panels, *reduced.objects))
        if reduced.rotated:
            yield whole_view(DESKEWED, reduced.upright(reduced.rotated))
        yield from (whole_view(code, resized(pixels, SIDE, part, LANCZOS)) for code, part, pixels in reduced.grounds)
    if required.boxes:
        yield derived_views(required.boxed_codes, box_frequencies(innermost, required.boxes))
    for view in required.others:
        if view.oval:
            oval = _oval(innermost, aspect, view)
            yield derived_views((view.code,), box_frequencies(oval, (_WHOLE_BOX,)))
        elif box := _middle_box(aspect, view.aspect):
            yield derived_views((view.code,), box_frequencies(innermost, (box,)))


def _middle_box(aspect: float, view_aspect: float) -> Box | None:
    """The largest box of another aspect in the middle of a picture, or None if it shows nearly all or too little."""
    share = min(aspect, view_aspect) / max(aspect, view_aspect)
    if not MIN_MIDDLE_SHARE <= share <= MAX_MIDDLE_SHARE:
        return None
    margin = round((1 - share) / 2 * MARGIN_STEPS) / MARGIN_STEPS
    return (margin, 0.0, 1 - margin, 1.0) if aspect > view_aspect else (0.0, margin, 1.0, 1 - margin)


def _oval(large: Pixels, aspect: float, view: View) -> Pixels:
    """An oval of the picture, tilted clockwise about its middle; the corners are mean grey."""
    if view.tilt_degrees:
        c, s = cos(radians(view.tilt_degrees)), sin(radians(view.tilt_degrees))
        across, down, middle = s / aspect, -s * aspect, SIDE / 2
        pixels = mapped(large, SIDE, (c, across, middle - middle * (c + across), down, c, middle - middle * (c + down)))
    else:
        pixels = large.copy()
    _blank_outside(pixels, OUTSIDE_OVAL)
    return pixels


@compiled()
def _blank_outside(pixels: Any, outside: Any) -> None:
    """Fill the outside with the mean grey of the inside."""
    total, count = 0, 0
    for y in range(SIDE):
        for x in range(SIDE):
            if not outside[y, x]:
                total += pixels[y, x]
                count += 1
    mean = np.uint8(np.rint(total / count))
    for y in range(SIDE):
        for x in range(SIDE):
            if outside[y, x]:
                pixels[y, x] = mean
