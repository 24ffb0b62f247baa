"""What frames of animations and pages have in common: small grey pictures with times, and limits. No file is opened."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from streams.domain.fingerprint.image.borders import Pixels
from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.image.luminance import luminance
from streams.domain.fingerprint.video.decoder import SAMPLE_SIDE
from streams.errors import BadInput, Reason

MAX_TOTAL_PIXELS: Final = 2_400_000_000
"""Pixels of all pictures that are decoded. Decoders need 10 to 25 ns for each of them."""


class SequenceFrame(NamedTuple):
    """A frame of an animation, or a page.

    Attributes:
        at_ms: when it is shown, from the first frame on.
        shown_ms: for how long.
        size: width and height of the upright picture; 0 if it was not decoded.
        grey: its small, upright grey picture; None if it is not sampled.
    """

    at_ms: float
    shown_ms: float
    size: tuple[int, int]
    grey: Pixels | None


def small_grey(image: Image.Image) -> Image.Image:
    """The grey picture of a decoded frame, averaged down as the frames of videos are."""
    grey = luminance(image)
    return grey.resize((min(SAMPLE_SIDE, grey.width), min(SAMPLE_SIDE, grey.height)), Image.Resampling.BOX)


def as_pixels(grey: Image.Image) -> Pixels:
    return np.asarray(grey)


def check_size(size: tuple[int, int], bytes_per_pixel: int, limits: ImageLimits) -> None:
    """Refuse a picture that is too large, before it is decoded.

    Raises:
        BadInput: too_many_pixels.
    """
    (width, height), pixels = size, size[0] * size[1]
    if pixels > limits.max_pixels:
        raise BadInput(Reason.TOO_MANY_PIXELS, f"{width}×{height} exceeds the limit of {limits.max_pixels:,} pixels")
    if pixels * bytes_per_pixel > limits.max_decode_bytes:
        needed_mib, limit_mib = pixels * bytes_per_pixel >> 20, limits.max_decode_bytes >> 20
        raise BadInput(
            Reason.TOO_MANY_PIXELS,
            f"frames of {width}×{height} take {needed_mib:,} MiB to decode; the limit is {limit_mib:,} MiB",
        )
