"""Any Pillow image to 8-bit luminance, or to colours on white, by one rule per mode. No decoding, no hashing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BACKGROUND = 255
"""Transparent pictures are shown on white, as by web pages and JPEG exports."""

STRIP_PIXELS = 1 << 20
FULL_SCALES = (1.0, 255.0, 65535.0)
SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


def luminance(image: Image.Image) -> Image.Image:
    """The loaded image in mode L (ITU-R 601 luma, as Pillow and imagehash have it).

    Transparent areas show the white background. 16-bit grey keeps its upper 8 bits. 32-bit integers and floats have no
    agreed range: white is the smallest of 1 (floats only), 255 and 65535 that no value exceeds. If values exceed them
    all, or are negative, the lowest value is black and the highest white. NaN is black.
    """
    if image.mode == "L" and not image.has_transparency_data:
        return image
    if image.mode in SIXTEEN_BIT_MODES:
        return _scaled(image, 0.0, 65535.0)
    if image.mode in ("I", "F"):
        return _scaled(image, *_value_range(image))
    if image.has_transparency_data:
        return _on_background(image)
    if image.mode in ("LAB", "HSV"):
        image = image.convert("RGB")
    return image.convert("L")


def coloured_strips(image: Image.Image, multiple: int = 1) -> Iterator[Image.Image]:
    """The loaded image on white from top to bottom, in mode RGB or L. One strip at a time is in memory.

    Modes of more than 8 bits have no colours, and are shown as `luminance` shows them.

    Args:
        multiple: all strips but the last have a multiple of so many rows.
    """
    if image.mode in (*SIXTEEN_BIT_MODES, "I", "F"):
        image = luminance(image)
    for box in _strip_boxes(image, multiple):
        strip = image.crop(box)
        if strip.mode in ("1", "L") and not strip.has_transparency_data:
            yield strip.convert("L")
        elif strip.has_transparency_data:
            grey = strip.mode in ("LA", "La")
            backed = Image.new("L" if grey else "RGB", strip.size, BACKGROUND if grey else (BACKGROUND,) * 3)
            strip = strip.convert("LA" if grey else "RGBA")
            backed.paste(strip.convert(backed.mode), mask=strip.getchannel("A"))
            yield backed
        else:
            yield strip.convert("RGB")


def _on_background(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    alpha = image.getchannel("A")
    opaque = image.convert("L")
    if alpha.getextrema() == (255, 255):
        return opaque
    backed = Image.new("L", image.size, BACKGROUND)
    backed.paste(opaque, mask=alpha)
    return backed


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
