"""The evidence of a picture, from the reduced grey picture that its hashes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail
from streams.domain.evidence.thumbnail import SIDE, encode_thumbnail
from streams.domain.hashes.views import FULL

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the reduced picture."""

REDUCING_GAP: Final = 2.5


def extract_evidence(
    image: Image.Image, size: tuple[int, int], whole: Rectangle, inner: Sequence[tuple[int, Rectangle]]
) -> Evidence:
    """Thumbnails of the whole picture and of the pictures inside its border or screenshot.

    Args:
        image: the upright grey picture, reduced to a few hundred pixels a side.
        size: width and height of the full picture.
        whole: where the picture lies in `image`.
        inner: view codes and places of the inner pictures.
    """
    thumbnails = [_thumbnail(image, view, part, whole) for view, part in ((FULL, whole), *inner)]
    return Evidence(*size, tuple(thumbnails))


def _thumbnail(image: Image.Image, view: int, part: Rectangle, whole: Rectangle) -> Thumbnail:
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX, box=part, reducing_gap=REDUCING_GAP)
    left, top, right, bottom = (
        min(max(round(edge / whole[2 + number % 2] * EDGE), 0), EDGE) for number, edge in enumerate(part)
    )
    return Thumbnail(view, (left, top, right, bottom), encode_thumbnail(np.asarray(small)))
