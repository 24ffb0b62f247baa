"""From one grey picture to all of its hashes: the whole, its inside without borders, its crops, slightly tilted ovals.

All views come from one reduction of the decoded picture. Where a border is cut off is in borders.py, where the picture
of a screenshot is found in screenshot.py, how frequencies become hashes in canonical.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.borders import MIN_BORDER_SHARE, inside_of_borders
from streams.domain.fingerprint.image.canonical import HASH64_SIDE, ViewFrequencies, view_entries
from streams.domain.fingerprint.image.dct import box_frequencies
from streams.domain.fingerprint.image.screenshot import inside_of_screenshot
from streams.domain.hashes.levels import Level
from streams.domain.hashes.packing import pack_entries
from streams.domain.hashes.views import (
    FRAMED,
    FULL,
    TRIMMED,
    VIEWS,
    Box,
    View,
    query_groups,
    stored_groups,
    views_of_level,
)

SIDE = 64
REDUCING_GAP = 2.5
"""With this gap, 0.96 of 256 bits differ from imagehash on average. A gap of 3 gives 0.93, but the resize takes half as
long again."""

MIN_QUALITY = 0.005
"""A picture of lower quality gets no views at all. Policies ask for more."""

MIN_CONTRAST = 2.0
"""Root mean square of a view's pixels about their mean, in grey levels, by its lowest frequencies. A view with less is
nearly uniform."""

MIN_MIDDLE_SHARE, MAX_MIDDLE_SHARE = 0.4, 0.94
"""Bounds of the share of a picture that its middle of another aspect shows. A smaller middle is another picture, a
larger one is nearly the same picture."""

MARGIN_STEPS = 256
"""Margins are rounded to multiples of 1 / MARGIN_STEPS, so that dct.py has few different cosines to cache."""

LANCZOS, BILINEAR = Image.Resampling.LANCZOS, Image.Resampling.BILINEAR
Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the reduced picture."""

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


class ReducedPicture:
    """A picture, averaged down to a few hundred pixels a side. All views are cut from it.

    Attributes:
        image: the reduced picture.
        whole: its rectangle in `image`, whose last row and column may reach beyond it.
        aspect: width by height.
    """

    def __init__(self, grey: Image.Image) -> None:
        factors = [int(length / SIDE / REDUCING_GAP) or 1 for length in grey.size]
        self.image = grey.reduce((factors[0], factors[1])) if max(factors) > 1 else grey
        self.whole: Rectangle = (0.0, 0.0, grey.width / factors[0], grey.height / factors[1])
        self.aspect = grey.width / grey.height

    @cached_property
    def inner(self) -> list[tuple[int, Rectangle]]:
        """The pictures inside a border and a screenshot, by view code, if they differ from the whole and each other."""
        pixels = np.asarray(self.image)
        inner: list[tuple[int, Rectangle]] = []
        known = [self.whole]
        for code, part in ((TRIMMED, inside_of_borders(pixels)), (FRAMED, inside_of_screenshot(pixels))):
            if part and all(is_other_rectangle(part, other, self.whole) for other in known):
                inner.append((code, part))
                known.append(part)
        return inner

    def square(self, side: int, part: Rectangle) -> Image.Image:
        """A part of the picture, resized to a square of `side` pixels."""
        return self.image.resize((side, side), LANCZOS, box=part)


def picture_hashes(reduced: ReducedPicture, level: Level) -> PictureHashes:
    """All hashes of an upright picture."""
    large = reduced.square(SIDE, reduced.whole)
    full = whole_view(FULL, large)
    quality = phash.quality(np.asarray(large))
    return PictureHashes(
        phash64=phash.hash_bytes(full.for_hash64[None]).tobytes().hex(),
        phash256=phash.hash_bytes(full.for_hash256[None]).tobytes().hex(),
        quality=quality,
        views=_packed_views(_views(reduced, large, full, level), level) if quality >= MIN_QUALITY else "",
    )


def boxes_by_view(grey: Image.Image) -> dict[int, Box]:
    """The box of each view in an upright picture in mode L, by the view's code. Views that it lacks are left out."""
    reduced = ReducedPicture(grey)
    _, _, width, height = reduced.whole
    boxes: dict[int, Box | None] = {
        view.code: _middle_box(reduced.aspect, view.aspect) if view.aspect else view.box for view in VIEWS
    }
    boxes |= {TRIMMED: None, FRAMED: None}
    for code, (left, top, right, bottom) in reduced.inner:
        boxes[code] = (left / width, top / height, min(right / width, 1.0), min(bottom / height, 1.0))
    return {code: box for code, box in boxes.items() if box}


def _packed_views(views: list[ViewFrequencies], level: Level) -> str:
    entries = view_entries(views)
    return pack_entries(entries[stored_groups(entries, level) | query_groups(entries, level) > 0])


def whole_view(code: int, large: Image.Image) -> ViewFrequencies:
    """The frequencies of a picture of SIDE × SIDE that is hashed as a whole."""
    # The small picture is made from the large one, not from all pixels: four times as fast and as close to imagehash
    # (0.3 bits off on average).
    small = large.resize((SIDE // 2, SIDE // 2), LANCZOS)
    return ViewFrequencies(
        code, True, phash.lowest_frequencies(np.asarray(small)), phash.lowest_frequencies(np.asarray(large))
    )


def _views(reduced: ReducedPicture, large: Image.Image, full: ViewFrequencies, level: Level) -> list[ViewFrequencies]:
    """The views of a level that show enough to be compared."""
    required = views_of_level(level)
    views = [full]
    if any(view.code == TRIMMED for view in required):
        for code, part in reduced.inner:
            views.append(whole_view(code, reduced.square(SIDE, part)))
    derived = tuple(view for view in required if not view.whole)
    if derived:
        views += _derived_views(large, reduced.aspect, derived)
    return [view for view in views if has_contrast(view.for_hash256)]


def is_other_rectangle(one: Rectangle, other: Rectangle, whole: Rectangle) -> bool:
    """Whether an edge of two rectangles differs by as much as a border that is worth cutting off."""
    return any(
        abs(edge - other_edge) >= MIN_BORDER_SHARE * whole[2 + number % 2]
        for number, (edge, other_edge) in enumerate(zip(one, other, strict=True))
    )


def _derived_views(large: Image.Image, aspect: float, views: tuple[View, ...]) -> Iterator[ViewFrequencies]:
    pixels = np.asarray(large)
    boxed = tuple(view for view in views if not view.oval and not view.aspect)
    if boxed:
        blocks = box_frequencies(pixels, tuple(view.box for view in boxed))
        yield from (_derived_view(view, block) for view, block in zip(boxed, blocks, strict=True))
    for view in views:
        if view.oval:
            yield _derived_view(view, _oval_frequencies(large, aspect, view))
        elif view.aspect and (box := _middle_box(aspect, view.aspect)):
            yield _derived_view(view, *box_frequencies(pixels, (box,)))


def _derived_view(view: View, block: NDArray[np.float64]) -> ViewFrequencies:
    return ViewFrequencies(view.code, False, block[:HASH64_SIDE, :HASH64_SIDE], block)


def _middle_box(aspect: float, view_aspect: float) -> Box | None:
    """The largest box of another aspect in the middle of a picture, or None if it shows nearly all or too little."""
    share = min(aspect, view_aspect) / max(aspect, view_aspect)
    if not MIN_MIDDLE_SHARE <= share <= MAX_MIDDLE_SHARE:
        return None
    margin = round((1 - share) / 2 * MARGIN_STEPS) / MARGIN_STEPS
    return (margin, 0.0, 1 - margin, 1.0) if aspect > view_aspect else (0.0, margin, 1.0, 1 - margin)


def _oval_frequencies(large: Image.Image, aspect: float, view: View) -> NDArray[np.float64]:
    """The frequencies of an oval of the picture, tilted clockwise about its middle; the corners are mean grey."""
    if view.tilt_degrees:
        c, s = cos(radians(view.tilt_degrees)), sin(radians(view.tilt_degrees))
        across, down, middle = s / aspect, -s * aspect, SIDE / 2
        matrix = (c, across, middle - middle * (c + across), down, c, middle - middle * (c + down))
        large = large.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, BILINEAR)
    pixels = np.array(large)
    pixels[OUTSIDE_OVAL] = round(float(pixels[~OUTSIDE_OVAL].mean()))
    block: NDArray[np.float64] = box_frequencies(pixels, (view.box,))[0]
    return block


def has_contrast(block: NDArray[np.float64]) -> bool:
    """Whether a view shows enough to be compared, by its lowest 16 × 16 frequencies."""
    squares = float(np.square(block).sum() - block[0, 0] ** 2)
    return squares >= (2 * MIN_CONTRAST * SIDE * SIDE) ** 2
