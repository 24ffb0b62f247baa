"""The evidence of a picture, from the grey pictures that its hashes are made of.

A thumbnail is taken of every picture. Ink is added where it is paper, words where they lie on uneven ground, and
colours and a digest of the pixels where it is plain, paper or small: there the thumbnail says too little. Most photos
take no more than their thumbnail, and where they have finer detail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.details.detail import measure_detail
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.grounds.plain import has_even_ground, is_plain, may_have_words
from streams.domain.evidence.paper.extract import PICTURE_PIXELS, extract_page
from streams.domain.evidence.paper.page import pack_page
from streams.domain.evidence.thumbnail import EDGE, SIDE, encode_thumbnail
from streams.domain.evidence.words.find import find_words, may_show_words
from streams.domain.evidence.words.words import pack_words
from streams.domain.hashes.views import FULL, INNER_VIEWS, OTHER_GROUND
from streams.domain.pixels.resample import BOX, Rectangle, resized

Pixels = NDArray[np.uint8]

SMALL_SIDE: Final = 256
"""Pictures of no longer side are icons, emoji and sprites more often than photos: variants differ in colour alone."""


class ColourSource(Protocol):
    """The colours of the picture, computed when they are needed."""

    @property
    def exact(self) -> bool:
        """Whether the picture was decoded in full, so that its pixels can be compared."""

    def chroma(self) -> bytes:
        """CHROMA_BYTES as Evidence has them; empty if they cannot be had."""

    def digest(self) -> bytes:
        """PIXELS_BYTES as Evidence has them; empty if the picture is not `exact`."""


def extract_evidence(
    pixels: Pixels,
    size: tuple[int, int],
    whole: Rectangle,
    inner: Sequence[tuple[int, Rectangle, Pixels | None]],
    grey: Image.Image | None = None,
    colours: ColourSource | None = None,
    on_other_ground: Callable[[int], Image.Image] | None = None,
) -> Evidence:
    """Thumbnails of the whole picture and of the pictures inside its border or screenshot, and what plain ones need.

    Args:
        pixels: the upright grey picture, reduced to a few hundred pixels a side.
        size: width and height of the full picture.
        whole: where the picture lies in `pixels`.
        inner: view codes and boxes of the inner pictures; SIDE × SIDE pixels of those that are not upright in the box.
        grey: the upright grey picture as decoded; None takes neither detail nor ink.
        colours: of the picture; None takes none.
        on_other_ground: reduces a transparent picture on its other ground by a factor; None if it is not transparent.
    """
    parts = ((FULL, whole, None), *inner)
    thumbnails = tuple(_thumbnail(pixels, view, part, whole, upright) for view, part, upright in parts)
    innermost = next(each.packed for each in reversed(thumbnails) if each.view < INNER_VIEWS)
    page = other_page = detail = words = b""
    if grey is not None:
        detail = measure_detail(np.asarray(grey))
        page = _packed_page(grey, innermost)
        other = next((each.packed for each in thumbnails if each.view == OTHER_GROUND), None)
        if on_other_ground is not None and other is not None and may_have_words(other):
            other_page = _packed_page(on_other_ground(max(max(grey.size) // PICTURE_PIXELS, 1)), other)
        if not (page and has_even_ground(innermost)):
            words = _packed_words(grey, pixels, whole)
    chroma, digest, plain = b"", b"", is_plain(innermost) or is_plain(thumbnails[0].packed)
    small = max(size) <= SMALL_SIDE
    if colours is not None and (page or other_page or plain or small):
        digest = colours.digest()
        if colours.exact or plain or small:
            chroma = colours.chroma()
    return Evidence(*size, thumbnails, page, chroma, digest, other_page, detail, words)


def _thumbnail(pixels: Pixels, view: int, part: Rectangle, whole: Rectangle, upright: Pixels | None) -> Thumbnail:
    left, top, right, bottom = (
        min(max(round(edge / whole[2 + number % 2] * EDGE), 0), EDGE) for number, edge in enumerate(part)
    )
    shown = resized(pixels, SIDE, part, BOX) if upright is None else upright
    return Thumbnail(view, (left, top, right, bottom), encode_thumbnail(shown))


def _packed_words(grey: Image.Image, pixels: Pixels, whole: Rectangle) -> bytes:
    words = find_words(grey) if may_show_words(pixels, whole) else None
    return b"" if words is None else pack_words(words)


def _packed_page(grey: Image.Image, thumbnail: bytes) -> bytes:
    if not may_have_words(thumbnail):
        return b""
    page = extract_page(grey, needs_words=not has_even_ground(thumbnail))
    return b"" if page is None else pack_page(page)
