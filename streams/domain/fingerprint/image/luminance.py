"""Any Pillow image to 8-bit luminance, or to colours on a ground, by one rule per mode. No decoding, no hashing.

A transparent picture is shown on white, as by web pages and JPEG exports, unless that hides it: white art is shown on
black.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from streams.domain.fingerprint.image import phash

WHITE: Final = 255
BLACK: Final = 0

HIDDEN_QUALITY: Final = 0.1
"""Below this quality (see `phash.quality`) little of a picture can be seen on white, and policies do not compare it."""

MIN_GAIN: Final = 2
"""How many times the quality of a picture must be greater on black than on white if it is to be shown on black."""

STRIP_PIXELS = 1 << 20
FULL_SCALES = (1.0, 255.0, 65535.0)
SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


class OnGround(NamedTuple):
    """A picture in mode L, with the ground that shows through it.

    Attributes:
        grey: the picture on its ground.
        alpha: mode L, 255 where the picture is opaque; None if it is opaque everywhere.
        ground: WHITE or BLACK.
    """

    grey: Image.Image
    alpha: Image.Image | None = None
    ground: int = WHITE

    def on_other_ground(self, factor: int) -> Image.Image:
        """A transparent picture on black if it is on white, or the other way round, and reduced by a factor."""
        assert self.alpha is not None
        grey, alpha = (each.reduce(factor) if factor > 1 else each for each in (self.grey, self.alpha))
        through = ImageChops.invert(alpha)
        return ImageChops.subtract(grey, through) if self.ground == WHITE else ImageChops.add(grey, through)


def luminance(image: Image.Image) -> Image.Image:
    """The grey picture of `on_ground`."""
    return on_ground(image).grey


def on_ground(image: Image.Image) -> OnGround:
    """The loaded image in mode L (ITU-R 601 luma, as Pillow and imagehash have it).

    Transparent areas show white, or black if the picture would hardly be seen on white. 16-bit grey keeps its upper 8
    bits. 32-bit integers and floats have no agreed range: white is the smallest of 1 (floats only), 255 and 65535 that
    no value exceeds. If values exceed them all, or are negative, the lowest value is black and the highest white. NaN
    is black.
    """
    if image.mode == "L" and not image.has_transparency_data:
        return OnGround(image)
    if image.mode in SIXTEEN_BIT_MODES:
        return OnGround(_scaled(image, 0.0, 65535.0))
    if image.mode in ("I", "F"):
        return OnGround(_scaled(image, *_value_range(image)))
    if image.has_transparency_data:
        return _transparent_on_ground(image)
    if image.mode in ("LAB", "HSV"):
        image = image.convert("RGB")
    return OnGround(image.convert("L"))


def is_better_on_black(on_white: NDArray[np.uint8], on_black: NDArray[np.uint8]) -> bool:
    """Whether a picture can hardly be seen on white, and better on black. Both are of 64 × 64 pixels."""
    quality = phash.quality(on_white)
    return quality < HIDDEN_QUALITY and phash.quality(on_black) > MIN_GAIN * quality


def has_transparency(image: Image.Image) -> bool:
    """Whether a pixel of the loaded image is not opaque."""
    if not image.has_transparency_data:
        return False
    alphas = (_with_alpha(image.crop(box)).getchannel("A") for box in _strip_boxes(image))
    return any(alpha.histogram()[255] < alpha.width * alpha.height for alpha in alphas)


def coloured_strips(
    image: Image.Image, multiple: int = 1, ground: int = WHITE
) -> Iterator[tuple[Image.Image, Image.Image | None]]:
    """The loaded image on a ground, from top to bottom, in mode RGB or L, with its alpha. One strip is made at a time.

    Modes of more than 8 bits have no colours, and are shown as `luminance` shows them.

    Args:
        multiple: the rows of all strips but the last are a multiple of this.
        ground: what shows through where it is transparent.
    """
    if image.mode in (*SIXTEEN_BIT_MODES, "I", "F"):
        image = luminance(image)
    for box in _strip_boxes(image, multiple):
        strip = image.crop(box)
        if strip.mode in ("1", "L") and not strip.has_transparency_data:
            yield strip.convert("L"), None
        elif strip.has_transparency_data:
            strip = _with_alpha(strip)
            grey, alpha = strip.mode == "LA", strip.getchannel("A")
            backed = Image.new("L" if grey else "RGB", strip.size, ground if grey else (ground,) * 3)
            backed.paste(strip.convert(backed.mode), mask=alpha)
            yield backed, alpha
        else:
            yield strip.convert("RGB"), None


def _with_alpha(image: Image.Image) -> Image.Image:
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("LA" if image.mode == "La" else "RGBA")


def _transparent_on_ground(image: Image.Image) -> OnGround:
    image = _with_alpha(image)
    alpha = image.getchannel("A")
    opaque = image.convert("L")
    del image
    if alpha.getextrema() == (255, 255):
        return OnGround(opaque)
    on_white = Image.new("L", alpha.size, WHITE)
    on_white.paste(opaque, mask=alpha)
    on_black = ImageChops.multiply(opaque, alpha)
    del opaque
    small = (np.asarray(each.resize((64, 64), Image.Resampling.BOX)) for each in (on_white, on_black))
    if is_better_on_black(*small):
        return OnGround(on_black, alpha, BLACK)
    return OnGround(on_white, alpha)


def _strip_boxes(image: Image.Image, multiple: int = 1) -> list[tuple[int, int, int, int]]:
    """Boxes of whole rows that keep temporary arrays small, whatever the size of the picture."""
    rows = max(1, STRIP_PIXELS // image.width // multiple) * multiple
    return [(0, top, image.width, min(top + rows, image.height)) for top in range(0, image.height, rows)]


def _values(image: Image.Image, box: tuple[int, int, int, int]) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(image.crop(box), dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _value_range(image: Image.Image) -> tuple[float, float]:
    parts = [_values(image, box) for box in _strip_boxes(image)]
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    if low >= 0:
        for full in FULL_SCALES[image.mode == "I" :]:
            if high <= full:
                return 0.0, full
    return low, high


def _scaled(image: Image.Image, low: float, high: float) -> Image.Image:
    """Mode L, with `low` as black and `high` as white."""
    grey = Image.new("L", image.size)
    scale = 255.0 / (high - low) if high > low else 0.0
    for box in _strip_boxes(image):
        levels = ((_values(image, box) - low) * scale).astype(np.uint8)
        grey.paste(Image.fromarray(levels), box)
    return grey
