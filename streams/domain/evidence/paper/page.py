"""The ink of one page as bytes and as levels to compare: what is stored of a picture that is paper.

Layout: version, height, width, the page's box in the picture, then two pixels a byte compressed by zlib. A full page of
text takes about 3 kB, a form or a receipt 1 kB.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.paper.cells import own_score
from streams.domain.evidence.paper.ink import INK_LEVELS
from streams.domain.evidence.paper.levels import PageLevels, page_levels
from streams.domain.evidence.thumbnail import EDGE
from streams.errors import BadInput, Reason

VERSION: Final = 1
LONG_SIDE: Final = 160
SHORT_SIDE: Final = 24
"""Pixels of the long side, and at least of the short side."""

COPY_PERCENT: Final = 90
"""A copy scores at least so much of what the page scores against itself. At 85, one of 50 pairs of invoices on one form
was the same. At 90, some pages that were scanned, cropped or turned by 2 degrees are lost."""

MANY_WORDS: Final = 150
LOW_PERCENT: Final = 108
"""In a page of that many cells with structure, a table of numbers, the four worst say little. So its low cell must be
better by so much than the page's own: other tables reach 106, copies 111 and more."""

_HEADER: Final = struct.Struct(">3B4H")
_COMPRESSION: Final = 6
"""Level 9 takes 2 % fewer bytes and seven times as long."""


@dataclass(frozen=True)
class Page:
    """The ink of one page.

    Attributes:
        box: left, top, right, bottom of the page in the whole picture, 0 to EDGE.
        ink: uint8 of at most LONG_SIDE × LONG_SIDE pixels, 0 to INK_LEVELS.
    """

    box: tuple[int, int, int, int]
    ink: NDArray[np.uint8]

    @cached_property
    def levels(self) -> PageLevels:
        return page_levels(self.ink)

    @cached_property
    def threshold(self) -> int:
        """The score from which another page is this one: a share of what the page scores against itself.

        For that it is moved by half a pixel both ways. What a copy may lose depends on how large the letters are.
        """
        return self._own[0] * COPY_PERCENT // 100

    @property
    def low_threshold(self) -> int | None:
        """What the low cell of another page must reach; None where that does not matter."""
        return self._own[2] * LOW_PERCENT // 100 if self.words >= MANY_WORDS else None

    @property
    def words(self) -> int:
        """The number of cells with structure."""
        return self._own[1]

    @cached_property
    def _own(self) -> tuple[int, int, int]:
        score, words, low = own_score(self.levels.full)
        return int(score), int(words), int(low)


def pack_page(page: Page) -> bytes:
    """A page as bytes."""
    height, width = page.ink.shape
    pixels = np.append(page.ink.ravel(), np.zeros(page.ink.size & 1, np.uint8))
    packed = (pixels[::2] | pixels[1::2] << np.uint8(4)).tobytes()
    return _HEADER.pack(VERSION, height, width, *page.box) + zlib.compress(packed, _COMPRESSION)


def unpack_page(packed: bytes) -> Page | None:
    """A page from its bytes; None if there is none, or it is of another version.

    Raises:
        BadInput: bad_field, if the bytes are not a page.
    """
    if not packed or packed[0] != VERSION:
        return None
    try:
        _, height, width, left, top, right, bottom = _HEADER.unpack_from(packed)
        size = (height * width + 1) // 2
        body = zlib.decompressobj().decompress(packed[_HEADER.size :], size + 1)
    except (struct.error, zlib.error) as error:
        raise BadInput(Reason.BAD_FIELD, f"the ink of a page cannot be read: {error}") from error
    fits = SHORT_SIDE <= height <= LONG_SIDE and SHORT_SIDE <= width <= LONG_SIDE
    if not fits or len(body) != size or not left < right <= EDGE or not top < bottom <= EDGE:
        raise BadInput(Reason.BAD_FIELD, "the ink of a page does not have the size it states")
    pairs = np.frombuffer(body, np.uint8)
    ink = np.stack([pairs & 15, pairs >> 4], axis=1).ravel()[: height * width].reshape(height, width)
    if int(ink.max()) > INK_LEVELS:
        raise BadInput(Reason.BAD_FIELD, f"the ink of a page must be 0 to {INK_LEVELS}")
    return Page((left, top, right, bottom), np.ascontiguousarray(ink))
