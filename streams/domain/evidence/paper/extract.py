"""The ink of a picture, if it is paper."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image

from streams.domain.evidence.paper.blocks import block_percentiles
from streams.domain.evidence.paper.ink import (
    SHAPES_PERCENT,
    WORDS_PERCENT,
    is_dark,
    measure_ink,
    measure_paper,
    strongest_around,
)
from streams.domain.evidence.paper.page import LONG_SIDE, SHORT_SIDE, Page
from streams.domain.evidence.paper.paper_rule import RULE_PERCENTS, is_paper
from streams.domain.evidence.paper.trim import find_page
from streams.domain.evidence.thumbnail import EDGE
from streams.domain.hamming.jit import compiled
from streams.domain.pixels.resample import LANCZOS, resized_to

PICTURE_PIXELS: Final = 260
"""Ink is measured on a picture of at least so many pixels a long side, where there are as many: 1.6 of them to one of
ink. Means of whole blocks of pixels would leave ink that depends on where the blocks begin."""

_PERCENTS: Final = np.array(RULE_PERCENTS, np.int64)


def extract_page(image: Image.Image, must_be_paper: bool = True, needs_words: bool = False) -> Page | None:
    """The ink of a picture; None if it is not paper, smaller than LONG_SIDE, or too narrow for a line of words.

    Args:
        image: the upright grey picture.
        must_be_paper: False extracts the ink of any picture.
        needs_words: whether a page without words is none.
    """
    if max(image.size) < LONG_SIDE or min(image.size) < SHORT_SIDE:
        return None
    factor = max(image.size) // PICTURE_PIXELS
    picture = np.asarray(image.reduce(factor) if factor > 1 else image)
    height, width = picture.shape
    left, top, right, bottom = (int(edge) for edge in find_page(picture))
    sides, longest = (right - left, bottom - top), max(right - left, bottom - top)
    target = [max(SHORT_SIDE, (2 * side * LONG_SIDE + longest) // (2 * longest)) for side in sides]
    pixels = resized_to(picture, (target[0], target[1]), (left, top, right, bottom), LANCZOS)
    ink = np.empty_like(pixels)
    if not _measure(pixels, _PERCENTS, must_be_paper, needs_words, ink):
        return None
    return Page((left * EDGE // width, top * EDGE // height, right * EDGE // width, bottom * EDGE // height), ink)


@compiled()
def _measure(pixels: Any, percents: Any, must_be_paper: bool, needs_words: bool, ink: Any) -> bool:
    """Write the ink of a page, whose pixels are inverted if it is dark; False if it is not paper."""
    if is_dark(pixels):
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                pixels[y, x] = 255 - pixels[y, x]
    percentiles = block_percentiles(pixels, percents)
    darker = np.empty(pixels.shape, np.int32)
    contrast = measure_paper(pixels, percentiles[1], darker)
    strongest = strongest_around(darker)
    if must_be_paper:
        measure_ink(darker, strongest, contrast, SHAPES_PERCENT, ink)
        if not is_paper(pixels, percentiles, ink, contrast, needs_words):
            return False
    measure_ink(darker, strongest, contrast, WORDS_PERCENT, ink)
    return True
