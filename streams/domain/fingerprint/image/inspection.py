"""Questions about a picture beyond its fingerprint: the boxes of its views, and its whole views in all orientations.

Fingerprint records hold neither, so every call decodes the picture again.
"""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.fingerprint import DEFAULT_IMAGE_LIMITS, ImageLimits
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from streams.domain.fingerprint.image.views import boxes_by_view, picture_hashes
from streams.domain.hashes.orientation import LEFT_RIGHT, ORIENTATION_COUNT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import INNER_VIEWS, Box


class OrientedView(NamedTuple):
    """A whole view (`streams.domain.hashes.views`) in one orientation, with its hashes of 64 and of 256 bits."""

    view: int
    orientation: int
    hash64: int
    hash256: int


def view_boxes(data: bytes, limits: ImageLimits = DEFAULT_IMAGE_LIMITS) -> dict[int, Box]:
    """The box of each view in the upright picture, by the view's code: left, top, right, bottom as shares.

    Views that the picture lacks, such as the inside of a border, are left out.

    Raises:
        BadInput: as `fingerprint_image`.
    """
    return boxes_by_view(_decoded(data, limits))


def oriented_views(data: bytes, limits: ImageLimits = DEFAULT_IMAGE_LIMITS) -> list[OrientedView]:
    """A picture, and the one inside its border or frame, in all eight orientations, by view; the upright one first.

    For queries of a database that holds the hash of each upright picture alone; matching needs fewer orientations (see
    canonical.py). The list is empty if the picture has too little structure to be compared.

    Raises:
        BadInput: as `fingerprint_image`.
    """
    shown = _decoded(data, limits)
    grey = shown.grey
    if not picture_hashes(ReducedPicture(shown), "plain").views:
        return []
    views = []
    for code, box in boxes_by_view(shown).items():
        if code < INNER_VIEWS:
            picture = grey.crop(_pixel_box(box, grey.size))
            for orientation in range(ORIENTATION_COUNT):
                hashes = picture_hashes(ReducedPicture(OnGround(_reoriented(picture, orientation))), "plain")
                views.append(OrientedView(code, orientation, int(hashes.phash64, 16), int(hashes.phash256, 16)))
    return sorted(views, key=lambda view: view[:2])


def _pixel_box(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1])


def _decoded(data: bytes, limits: ImageLimits) -> OnGround:
    image_format = image_format_of(data)
    return decode_luminance(
        data,
        image_format,
        file_structure(data, image_format),
        max_pixels=limits.max_pixels,
        max_decode_bytes=limits.max_decode_bytes,
    ).shown


def _reoriented(grey: Image.Image, orientation: int) -> Image.Image:
    if orientation & TRANSPOSED:
        grey = grey.transpose(Image.Transpose.TRANSPOSE)
    if orientation & LEFT_RIGHT:
        grey = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if orientation & TOP_BOTTOM else grey
