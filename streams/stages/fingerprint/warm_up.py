"""Compiles the kernels that fingerprinting uses, by fingerprinting made-up pictures; needed once in every process."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.words.find import find_words
from streams.domain.evidence.words.words import pack_words
from streams.domain.fingerprint.image.canonical import HASH256_SIDE, has_contrast
from streams.domain.fingerprint.image.fingerprint import fingerprint_image

SIDE, BORDER = 200, 40
GREY, WHITE = 120, 255


def warm_up() -> None:
    """Compile the kernels, or load them if an earlier process has compiled them.

    Takes a quarter of a minute on a machine that has never run this version: most of the time that one decode may take.
    """
    pixels = np.full((SIDE + 2 * BORDER, SIDE + 2 * BORDER), WHITE, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    pixels[BORDER : BORDER + SIDE, BORDER : BORDER + SIDE] = noise
    fingerprint_image(_png(pixels), level="deep")
    fingerprint_image(_png(noise))  # without a border or frame
    pixels[pixels == WHITE] = GREY
    pixels[BORDER + SIDE // 4 : BORDER + SIDE // 2, BORDER : BORDER + SIDE // 2] = GREY
    fingerprint_image(_png(pixels))  # an object on a ground that is not white
    page = np.full((SIDE, SIDE), WHITE, np.uint8)
    page[BORDER:-BORDER:12, BORDER:-BORDER] = 0
    fingerprint_image(_png(page))
    strokes = page.copy()
    strokes[BORDER:-BORDER, BORDER:-BORDER:5] = 0
    has_contrast(np.zeros((HASH256_SIDE, HASH256_SIDE)))  # of a video's frame
    words = find_words(Image.fromarray(strokes))
    assert words is not None
    pack_words(words)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    warm_up()
