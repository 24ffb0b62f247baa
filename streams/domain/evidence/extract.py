"""The evidence of a picture, from the reduced grey picture that its hashes are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail
from streams.domain.evidence.thumbnail import SIDE, encode_thumbnail
from streams.domain.hashes.views import FULL
from streams.domain.pixels.resample import BOX, Rectangle, resized

Pixels = NDArray[np.uint8]


def extract_evidence(
    pixels: Pixels, size: tuple[int, int], whole: Rectangle, inner: Sequence[tuple[int, Rectangle]]
) -> Evidence:
    """Thumbnails of the whole picture and of the pictures inside its border or screenshot.

    Args:
        pixels: the upright grey picture, reduced to a few hundred pixels a side.
        size: width and height of the full picture.
        whole: where the picture lies in `pixels`.
        inner: view codes and places of the inner pictures.
    """
    thumbnails = [_thumbnail(pixels, view, part, whole) for view, part in ((FULL, whole), *inner)]
    return Evidence(*size, tuple(thumbnails))


def _thumbnail(pixels: Pixels, view: int, part: Rectangle, whole: Rectangle) -> Thumbnail:
    left, top, right, bottom = (
        min(max(round(edge / whole[2 + number % 2] * EDGE), 0), EDGE) for number, edge in enumerate(part)
    )
    return Thumbnail(view, (left, top, right, bottom), encode_thumbnail(resized(pixels, SIDE, part, BOX)))
