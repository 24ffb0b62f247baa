"""What people ask of a picture beyond its fingerprint: where its views lie, and its whole views in every turn.

Records have neither. Each question decodes the picture anew.
"""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.fingerprint import DEFAULT_LIMITS, ImageLimits
from streams.domain.fingerprint.image.structure import examine
from streams.domain.fingerprint.image.views import look, places
from streams.domain.hashes.orientation import LEFT_RIGHT, ORIENTATION_COUNT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import VIEWS, Box


class OrientedView(NamedTuple):
    """A whole view (`streams.domain.hashes.views`), a turn of it, and its hashes of 64 and of 256 bits."""

    view: int
    orientation: int
    hash64: int
    hash256: int


def view_boxes(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> dict[int, Box]:
    """Where each view lies in the upright picture, by its code: left, top, right, bottom as shares.

    Views that the picture does not have, such as that inside of its border, are left out.

    Raises:
        BadInput: as `fingerprint_image`.
    """
    return places(_grey(data, limits))


def oriented_views(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> list[OrientedView]:
    """Eight forms of each whole view that a picture has, of all the picture first, the upright one first.

    For asking a database that has nothing but the hash of each upright picture; matching needs fewer forms (see
    canonical.py). None of a picture that says too little to be compared.

    Raises:
        BadInput: as `fingerprint_image`.
    """
    grey = _grey(data, limits)
    if not look(grey, "plain").views:
        return []
    found = []
    for code, part in places(grey).items():
        if VIEWS[code].whole:
            inside = grey.crop(_pixels(part, grey.size))
            for orientation in range(ORIENTATION_COUNT):
                hashes = look(_turned(inside, orientation), "plain")
                found.append(OrientedView(code, orientation, int(hashes.phash64, 16), int(hashes.phash256, 16)))
    return sorted(found, key=lambda each: each[:2])


def _pixels(part: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = part
    return round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1])


def _grey(data: bytes, limits: ImageLimits) -> Image.Image:
    form = image_format_of(data)
    most = {"max_pixels": limits.max_pixels, "max_decode_bytes": limits.max_decode_bytes}
    return decode_luminance(data, form, examine(data, form), **most)[0]


def _turned(grey: Image.Image, orientation: int) -> Image.Image:
    if orientation & TRANSPOSED:
        grey = grey.transpose(Image.Transpose.TRANSPOSE)
    if orientation & LEFT_RIGHT:
        grey = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if orientation & TOP_BOTTOM else grey
