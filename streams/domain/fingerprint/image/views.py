"""One grey picture to all of its hashes: the whole, what borders leave of it, its parts, a little tilted.

All of it from one reduction of the decoded picture; how each hash is made of pixels is in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.borders import LEAST_TRIMMED, trim
from streams.domain.fingerprint.image.canonical import NEAR, ViewFrequencies, view_entries
from streams.domain.fingerprint.image.dct import box_frequencies
from streams.domain.fingerprint.image.screenshot import find_picture
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
"""Against imagehash 0.96 of 256 bits differ on average; 3 gives 0.93 but makes the resize half as slow again."""

LEAST_QUALITY = 0.005
"""Of a picture that has views at all; what a policy asks for is more."""

LEAST_CONTRAST = 2.0
"""Root mean square of a view's pixels about their mean as far as its lowest frequencies tell, in grey levels: below,
the view is nearly uniform."""

LEAST_MIDDLE, MOST_MIDDLE = 0.4, 0.94
"""Share of a picture that its middle of another aspect may have: less is another picture, more the same one."""

MARGINS = 256
"""Margins are whole multiples of one part in so many, so that there are few different cosines to remember."""

LANCZOS, BILINEAR = Image.Resampling.LANCZOS, Image.Resampling.BILINEAR
Rectangle = tuple[float, float, float, float]


def _outside() -> NDArray[np.bool_]:
    """Where the corners are; the ellipse is a little larger than the square, which has nothing but corners to lose."""
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) ** 2
    outside: NDArray[np.bool_] = offsets[:, None] + offsets[None] > ROUND_SHARE * (SIDE / 2) ** 2
    return outside


ROUND_SHARE = 1.1
OUTSIDE = _outside()


@dataclass(frozen=True, slots=True)
class Hashes:
    """Of a picture: imagehash's two in hex, how much there is to hash (0 to 1), and the packed entries of its views."""

    phash64: str
    phash256: str
    quality: float
    views: str


class Reduced:
    """The picture, averaged down to a few hundred pixels a side, from which everything else is cut."""

    def __init__(self, grey: Image.Image) -> None:
        factors = [int(length / SIDE / REDUCING_GAP) or 1 for length in grey.size]
        self.image = grey.reduce((factors[0], factors[1])) if max(factors) > 1 else grey
        self.whole: Rectangle = (0.0, 0.0, grey.width / factors[0], grey.height / factors[1])
        self.aspect = grey.width / grey.height

    def square(self, side: int, part: Rectangle) -> Image.Image:
        return self.image.resize((side, side), LANCZOS, box=part)


def look(grey: Image.Image, level: Level) -> Hashes:
    """All hashes of an upright picture in mode L."""
    reduced = Reduced(grey)
    large = reduced.square(SIDE, reduced.whole)
    full = whole_view(FULL, large)
    measured = phash.quality(np.asarray(large))
    return Hashes(
        phash64=phash.hash_bits(full.near[None]).tobytes().hex(),
        phash256=phash.hash_bits(full.confirm[None]).tobytes().hex(),
        quality=measured,
        views=_packed(_views(reduced, large, full, level), level) if measured >= LEAST_QUALITY else "",
    )


def places(grey: Image.Image) -> dict[int, Box]:
    """Where each view lies in an upright picture in mode L, by its code, as shares; what it lacks is left out."""
    reduced = Reduced(grey)
    _, _, width, height = reduced.whole
    found: dict[int, Box | None] = {
        view.code: _middle(reduced.aspect, view.aspect) if view.aspect else view.box for view in VIEWS
    }
    found |= {TRIMMED: None, FRAMED: None}
    for code, (left, top, right, bottom) in _insides(reduced):
        found[code] = (left / width, top / height, min(right / width, 1.0), min(bottom / height, 1.0))
    return {code: box for code, box in found.items() if box}


def _packed(seen: list[ViewFrequencies], level: Level) -> str:
    made = view_entries(seen)
    return pack_entries(made[stored_groups(made, level) | query_groups(made, level) > 0])


def whole_view(code: int, large: Image.Image) -> ViewFrequencies:
    # The small from the large picture, not from all pixels: four times as fast and as near to imagehash (0.3 bits
    # off on average).
    small = large.resize((SIDE // 2, SIDE // 2), LANCZOS)
    return ViewFrequencies(
        code, True, phash.lowest_frequencies(np.asarray(small)), phash.lowest_frequencies(np.asarray(large))
    )


def _views(reduced: Reduced, large: Image.Image, full: ViewFrequencies, level: Level) -> list[ViewFrequencies]:
    made = views_of_level(level)
    seen = [full]
    if any(view.code == TRIMMED for view in made):
        for code, part in _insides(reduced):
            seen.append(whole_view(code, reduced.square(SIDE, part)))
    derived = tuple(view for view in made if not view.whole)
    if derived:
        seen += _derived(large, reduced.aspect, derived)
    return [each for each in seen if says_enough(each.confirm)]


def _insides(reduced: Reduced) -> list[tuple[int, Rectangle]]:
    """What borders and frames leave of the picture, where there are any and where they are not the same."""
    pixels = np.asarray(reduced.image)
    found: list[tuple[int, Rectangle]] = []
    known = [reduced.whole]
    for code, part in ((TRIMMED, trim(pixels)), (FRAMED, find_picture(pixels))):
        if part and all(apart(part, other, reduced.whole) for other in known):
            found.append((code, part))
            known.append(part)
    return found


def apart(one: Rectangle, other: Rectangle, whole: Rectangle) -> bool:
    return any(
        abs(edge - beside) >= LEAST_TRIMMED * whole[2 + number % 2]
        for number, (edge, beside) in enumerate(zip(one, other, strict=True))
    )


def _derived(large: Image.Image, aspect: float, views: tuple[View, ...]) -> Iterator[ViewFrequencies]:
    pixels = np.asarray(large)
    boxed = tuple(view for view in views if not view.oval and not view.aspect)
    if boxed:
        blocks = box_frequencies(pixels, tuple(view.box for view in boxed))
        yield from (_part(view, block) for view, block in zip(boxed, blocks, strict=True))
    for view in views:
        if view.oval:
            yield _part(view, _round(large, aspect, view))
        elif view.aspect and (box := _middle(aspect, view.aspect)):
            yield _part(view, *box_frequencies(pixels, (box,)))


def _part(view: View, block: NDArray[np.float64]) -> ViewFrequencies:
    return ViewFrequencies(view.code, False, block[:NEAR, :NEAR], block)


def _middle(has: float, wanted: float) -> Box | None:
    """The largest part of an aspect in the middle of a picture, or None where that is nearly all, or little, of it."""
    share = min(has, wanted) / max(has, wanted)
    if not LEAST_MIDDLE <= share <= MOST_MIDDLE:
        return None
    margin = round((1 - share) / 2 * MARGINS) / MARGINS
    return (margin, 0.0, 1 - margin, 1.0) if has > wanted else (0.0, margin, 1.0, 1 - margin)


def _round(large: Image.Image, aspect: float, view: View) -> NDArray[np.float64]:
    """What an ellipse shows of the picture turned clockwise about its middle; mean grey elsewhere."""
    if view.tilt_degrees:
        c, s = cos(radians(view.tilt_degrees)), sin(radians(view.tilt_degrees))
        across, down, middle = s / aspect, -s * aspect, SIDE / 2
        matrix = (c, across, middle - middle * (c + across), down, c, middle - middle * (c + down))
        large = large.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, BILINEAR)
    pixels = np.array(large)
    pixels[OUTSIDE] = round(float(pixels[~OUTSIDE].mean()))
    block: NDArray[np.float64] = box_frequencies(pixels, (view.box,))[0]
    return block


def says_enough(block: NDArray[np.float64]) -> bool:
    squares = float(np.square(block).sum() - block[0, 0] ** 2)
    return squares >= (2 * LEAST_CONTRAST * SIDE * SIDE) ** 2
