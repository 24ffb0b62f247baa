"""What frames of animations and pages have in common: small grey pictures with times, and a limit. No decoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.image.luminance import WHITE, luminance
from streams.domain.fingerprint.thumbnails.scaling import fitted, reduced, resized
from streams.domain.fingerprint.video.decoder import SAMPLE_SIDE

MAX_TOTAL_PIXELS: Final = 2_400_000_000
"""Pixels of all pictures that are decoded. Decoding takes 5 to 25 ns for each of them."""


class SequenceFrame(NamedTuple):
    """A frame of an animation, or a page.

    Attributes:
        at_ms: when it is shown, from the first frame on.
        shown_ms: for how long.
        size: width and height of the upright picture; 0 if it was not decoded.
        grey: its small, upright grey picture; None if it is not sampled.
        colours: makes the upright picture in mode RGB, with at most this number of pixels on the longer side. May be
            called until the next frame is taken.
    """

    at_ms: float
    shown_ms: float
    size: tuple[int, int]
    grey: Pixels | None
    colours: Callable[[int], Image.Image] | None = None


class DecodedFrame(NamedTuple):
    """A frame as a decoder gives it.

    Attributes:
        size: width and height of the upright frame.
        duration_ms: for how long the file says it is shown; None if it does not say.
        small_grey: makes its small, upright grey picture. May be called until the next frame is decoded.
        colours: as in `SequenceFrame`.
    """

    size: tuple[int, int]
    duration_ms: float | None
    small_grey: Callable[[], Pixels]
    colours: Callable[[int], Image.Image]


def small_grey(image: Image.Image) -> Pixels:
    """The grey picture of a decoded frame, averaged down as the frames of videos are."""
    grey = luminance(image)
    small = grey.resize((min(SAMPLE_SIDE, grey.width), min(SAMPLE_SIDE, grey.height)), Image.Resampling.BOX)
    return np.asarray(small)


def small_colours(image: Image.Image, transposition: Image.Transpose | None, side: int) -> Image.Image:
    """A decoded frame on white, upright in mode RGB, with at most `side` pixels on its longer side."""
    small = reduced(image, side, WHITE)
    small = resized(small, fitted(small.size, side)).convert("RGB")
    return small if transposition is None else small.transpose(transposition)
