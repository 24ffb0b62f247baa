"""One grey picture to all of its hashes: the whole, what borders leave of it, its parts, a little tilted.

All of it from one reduction of the decoded picture; how each hash is made of pixels is in the files beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint import phash
from streams.domain.fingerprint.frequencies import box_frequencies
from streams.domain.fingerprint.trimming import trim
from streams.domain.fingerprint.view_hashes import Seen, entries
from streams.domain.views import FULL, TRIMMED, Level, made_at, pack

SIDE = 64
REDUCING_GAP = 2.5
"""Against imagehash 0.96 of 256 bits differ on average; 3 gives 0.93 but makes the resize half as slow again."""

LEAST_QUALITY = 0.005
"""Of a picture that has views at all; what a policy asks for is more."""

LEAST_CONTRAST = 2.0
"""Root mean square of a view's pixels about their mean as far as its lowest frequencies tell, in grey levels: below,
the view is nearly uniform."""

TILT_DEGREES = 4.5

LANCZOS, BILINEAR = Image.Resampling.LANCZOS, Image.Resampling.BILINEAR
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Hashes:
    """Of a picture: imagehash's two in hex, how much there is to hash (0 to 1), and the packed entries of its views."""

    phash64: str
    phash256: str
    quality: float
    views: str


class _Reduced:
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
    reduced = _Reduced(grey)
    large = reduced.square(SIDE, reduced.whole)
    full = _whole(FULL, large)
    measured = phash.quality(np.asarray(large))
    return Hashes(
        phash64=phash.hash_bits(full.near[None]).tobytes().hex(),
        phash256=phash.hash_bits(full.confirm[None]).tobytes().hex(),
        quality=measured,
        views=pack(entries(_views(reduced, large, full, level))) if measured >= LEAST_QUALITY else "",
    )


def _whole(code: int, large: Image.Image) -> Seen:
    # The small from the large picture, not from all pixels: four times as fast and as near to imagehash (0.3 bits
    # off on average).
    small = large.resize((SIDE // 2, SIDE // 2), LANCZOS)
    return Seen(code, phash.frequencies(np.asarray(small)), phash.frequencies(np.asarray(large)), upright=True)


def _views(reduced: _Reduced, large: Image.Image, full: Seen, level: Level) -> list[Seen]:
    """The whole, what borders leave of it, and parts of the latter."""
    wanted = made_at(level)
    seen, aspect = [full], reduced.aspect
    if any(view.code == TRIMMED for view in wanted) and (part := trim(np.asarray(reduced.image))):
        inside = reduced.square(SIDE, part)
        trimmed = _whole(TRIMMED, inside)
        if _says_enough(trimmed.confirm):
            seen.append(trimmed)
            aspect *= (part[2] - part[0]) / reduced.whole[2] / (part[3] - part[1]) * reduced.whole[3]
            large = inside
    derived: list[Seen] = []
    if boxes := {view.code: view.box for view in wanted if not view.whole and not view.tilted}:
        blocks = box_frequencies(np.asarray(large), tuple(boxes.values()))
        derived += [Seen(code, block[:8, :8], block) for code, block in zip(boxes, blocks, strict=True)]
    for view in wanted:
        if view.tilted:
            block = phash.frequencies(np.asarray(_tilted(large, aspect, view.tilted * TILT_DEGREES)))
            derived.append(Seen(view.code, block[:8, :8], block))
    return seen + [each for each in derived if _says_enough(each.confirm)]


def _says_enough(block: NDArray[np.float64]) -> bool:
    squares = float(np.square(block).sum() - block[0, 0] ** 2)
    return squares >= (2 * LEAST_CONTRAST * SIDE * SIDE) ** 2


def _tilted(square: Image.Image, aspect: float, degrees: float) -> Image.Image:
    """The picture turned clockwise about its middle, as seen through its own outline; mean grey where it ends."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    across, down, middle = s / aspect, -s * aspect, SIDE / 2
    matrix = (c, across, middle - middle * (c + across), down, c, middle - middle * (c + down))
    mean = round(float(np.asarray(square).mean()))
    return square.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, BILINEAR, fillcolor=mean)
