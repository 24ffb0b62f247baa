"""A decoded picture, reduced once: all views, and the pictures inside it, are cut from that."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from PIL import Image

from streams.domain.fingerprint.image.inner.blurred_fill import inside_of_blurred_fill
from streams.domain.fingerprint.image.inner.borders import (
    MIN_BORDER_SHARE,
    Pixels,
    has_straight_edges,
    inside_of_borders,
    inside_of_passe_partout,
)
from streams.domain.fingerprint.image.inner.deskew import Parallelogram, find_rotated
from streams.domain.fingerprint.image.inner.grounds import find_cut_out, on_other_ground
from streams.domain.fingerprint.image.inner.panels import find_panels
from streams.domain.fingerprint.image.inner.screenshot import inside_of_screenshot
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.hashes.views import CUT_OUT, FRAMED, OBJECT, OTHER_GROUND, PANELS, TRIMMED
from streams.domain.pixels.affine import mapped
from streams.domain.pixels.resample import BOX, LANCZOS, Rectangle, resized

SIDE = 64
REDUCING_GAP = 2.5
"""With this gap, 0.96 of 256 bits differ from imagehash on average. A gap of 3 gives 0.93, but the resize takes half as
long again."""


class ReducedPicture:
    """A picture, averaged down to a few hundred pixels a side. All views are cut from it.

    Attributes:
        image: the reduced picture.
        pixels: its pixels.
        whole: its rectangle in `image`, whose last row and column may reach beyond it.
        aspect: width by height.
    """

    def __init__(self, shown: OnGround) -> None:
        grey = shown.grey
        factors = [int(length / SIDE / REDUCING_GAP) or 1 for length in grey.size]
        self._factors = factors[0], factors[1]
        self._shown = shown
        self.image = self._reduced(grey)
        self.pixels: Pixels = np.array(self.image)
        self.whole: Rectangle = (0.0, 0.0, grey.width / factors[0], grey.height / factors[1])
        self.aspect = grey.width / grey.height

    def _reduced(self, image: Image.Image) -> Image.Image:
        return image.reduce(self._factors) if max(self._factors) > 1 else image

    @cached_property
    def grounds(self) -> list[tuple[int, Rectangle, Pixels]]:
        """The picture on other grounds, by view code: which part is shown, and the pixels of the whole."""
        alpha = self._shown.alpha
        if alpha is None:
            cut_out = find_cut_out(self.pixels)
            return [(CUT_OUT, *cut_out)] if cut_out else []
        other = on_other_ground(self.pixels, np.array(self._reduced(alpha)), self._shown.ground)
        return [] if other is None else [(OTHER_GROUND, self.whole, other)]

    @cached_property
    def _parts(self) -> list[tuple[int, Rectangle]]:
        """What lies inside a border, and inside a blurred fill or a screenshot, by view code, if they differ."""
        inner: list[tuple[int, Rectangle]] = []
        known = [self.whole]
        trimmed = inside_of_borders(self.pixels)
        framed = inside_of_passe_partout(self.pixels, trimmed) if trimmed else None  # a frame may look like a window's
        framed = framed or inside_of_blurred_fill(self.pixels) or inside_of_screenshot(self.pixels)
        for code, part in ((TRIMMED, trimmed), (FRAMED, framed)):
            if part and all(is_other_rectangle(part, other, self.whole) for other in known):
                inner.append((code, part))
                known.append(part)
        return inner

    @cached_property
    def inner(self) -> list[tuple[int, Rectangle]]:
        """The pictures inside a border, and inside a blurred fill or a screenshot, by view code."""
        return [(code, part) for code, part in self._parts if has_straight_edges(self.pixels, part)]

    @cached_property
    def objects(self) -> list[tuple[int, Rectangle]]:
        """What stands on a plain ground, one at most, as `inner`."""
        return [(OBJECT, part) for code, part in self._parts if (code, part) not in self.inner][:1]

    @cached_property
    def panels(self) -> list[tuple[int, Rectangle]]:
        """The pictures of a collage, by view code."""
        return list(zip(PANELS, find_panels(self.pixels), strict=False))

    @cached_property
    def rotated(self) -> Parallelogram | None:
        """Where a picture lies that was rotated on a plain canvas."""
        return find_rotated(self.pixels, self.aspect * self.whole[3] / self.whole[2])

    def upright(self, rotated: Parallelogram) -> Pixels:
        """A rotated picture, turned upright and resized to SIDE × SIDE."""
        (left, top), *corners = rotated
        (a, d), (b, e) = (((x - left) / SIDE / 2, (y - top) / SIDE / 2) for x, y in corners)
        # Twice as large first, since the map does not average.
        return resized(
            mapped(self.pixels, 2 * SIDE, (a, b, left, d, e, top)), SIDE, (0.0, 0.0, 2 * SIDE, 2 * SIDE), BOX
        )

    def aspect_of(self, part: Rectangle) -> float:
        """Width by height of a part of the picture."""
        left, top, right, bottom = part
        return self.aspect * (right - left) / (bottom - top) * self.whole[3] / self.whole[2]

    def square(self, part: Rectangle) -> Pixels:
        """A part of the picture, resized to SIDE × SIDE."""
        return resized(self.pixels, SIDE, part, LANCZOS)


def is_other_rectangle(one: Rectangle, other: Rectangle, whole: Rectangle) -> bool:
    """Whether an edge of two rectangles differs by as much as a border that is worth cutting off."""
    return any(
        abs(edge - other_edge) >= MIN_BORDER_SHARE * whole[2 + number % 2]
        for number, (edge, other_edge) in enumerate(zip(one, other, strict=True))
    )
