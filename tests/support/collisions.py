"""Pictures that are made to be taken for another: they keep what a person sees, and get the other one's hashes.

An attacker who knows how pictures are hashed needs no chance. These are the attacks that need no model and no
gradients: hashes hold the signs of low frequencies or of steps between small averages, which can be set.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from PIL import Image

Levels = NDArray[np.float64]

SIDE: Final = 384
"""Pictures are made in this size: a multiple of the sides of all hashes and thumbnails."""

FREQUENCIES: Final = 17
"""pHash of 64 and 256 bits and PDQ hold signs of so many frequencies a side, at most."""

ROUNDS: Final = 60
MARGIN: Final = 0.35
"""A frequency whose sign is set gets so much of the target's own strength: as little as keeps it through clipping."""


def levels(image: Image.Image) -> Levels:
    """The grey picture in SIDE × SIDE."""
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float64)


def picture(values: Levels) -> Image.Image:
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def with_frequencies_of(seen: Levels, target: Levels) -> Levels:
    """The seen picture, changed as little as it takes for its lowest frequencies to have the target's signs.

    A loop of two projections: set the signs, and clip to what a file can hold, until both hold.
    """
    low = (slice(0, FREQUENCIES), slice(0, FREQUENCIES))
    wanted = scipy.fft.dctn(target, norm="ortho")[low]
    # A hash compares with the median, so a frequency is to lie on the target's side of the target's median.
    middle = float(np.median(wanted.ravel()[1:]))
    side = np.where(wanted >= middle, 1.0, -1.0)
    least = np.maximum(MARGIN * np.abs(wanted - middle), 40.0)
    values = seen.copy()
    for _ in range(ROUNDS):
        frequencies = scipy.fft.dctn(values, norm="ortho")
        part = frequencies[low]
        set_to = middle + side * np.maximum(side * (part - middle), least)
        set_to[0, 0] = part[0, 0]
        frequencies[low] = set_to
        values = scipy.fft.idctn(frequencies, norm="ortho").clip(0, 255)
    return values


def with_thumbnail_of(seen: Levels, target: Levels, side: int, *, contrast: float = 1.0) -> Levels:
    """The detail of the seen picture over the target's averages of side × side, which have so much of their contrast.

    Whoever averages it to that size sees the target; whoever looks at the file sees the detail.
    """
    wanted = 128 + contrast * (_averages(target, side) - 128)
    values = seen - _spread(_averages(seen, side)) + _spread(wanted)
    for _ in range(ROUNDS):
        values = values.clip(0, 255)
        values += _spread(wanted - _averages(values, side))
    return values.clip(0, 255)


def _averages(values: Levels, side: int) -> Levels:
    step = SIDE // side
    averages: Levels = values.reshape(side, step, side, step).mean(axis=(1, 3))
    return averages


def _spread(averages: Levels) -> Levels:
    step = SIDE // len(averages)
    return np.repeat(np.repeat(averages, step, axis=0), step, axis=1)
