"""The ink of a picture, if it is paper."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from streams.domain.evidence.paper.ink import SHAPES_PERCENT, WORDS_PERCENT, is_dark, measure_ink
from streams.domain.evidence.paper.page import LONG_SIDE, SHORT_SIDE, Page
from streams.domain.evidence.paper.paper_rule import is_paper
from streams.domain.evidence.paper.trim import find_page
from streams.domain.evidence.thumbnail import EDGE

REDUCING_GAP: Final = 2.0


def extract_page(image: Image.Image, must_be_paper: bool = True) -> Page | None:
    """The ink of a picture; None if the picture is not paper, or smaller than LONG_SIDE.

    Args:
        image: the upright grey picture, best at 320 pixels of the long side or more.
        must_be_paper: False extracts the ink of any picture.
    """
    width, height = image.size
    if max(width, height) < LONG_SIDE:
        return None
    left, top, right, bottom = (int(edge) for edge in find_page(np.asarray(image)))
    sides, longest = (right - left, bottom - top), max(right - left, bottom - top)
    target = [max(SHORT_SIDE, (2 * side * LONG_SIDE + longest) // (2 * longest)) for side in sides]
    small = image.resize(
        (target[0], target[1]), Image.Resampling.BOX, box=(left, top, right, bottom), reducing_gap=REDUCING_GAP
    )
    pixels = np.array(small)
    if is_dark(pixels):
        pixels = 255 - pixels
    ink = np.empty_like(pixels)
    if must_be_paper:
        contrast = measure_ink(pixels, ink, SHAPES_PERCENT)
        if not is_paper(pixels, ink, contrast):
            return None
    measure_ink(pixels, ink, WORDS_PERCENT)
    return Page((left * EDGE // width, top * EDGE // height, right * EDGE // width, bottom * EDGE // height), ink)
